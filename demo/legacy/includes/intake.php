<?php
/**
 * The intake of one flight: input, rules, record. Sends nothing, so that it can be tested (2015).
 */

require_once APP_ROOT . '/includes/rules.php';
require_once APP_ROOT . '/includes/input.php';
foreach (glob(APP_ROOT . '/includes/rules/*.php') as $file) {
    require_once $file;
}
require_once APP_ROOT . '/includes/enrich.php';

$client = array();

/** array('status' =>, 'body' =>, 'record' => null or array('id' =>, 'key' =>, 'value' =>)) */
function intake($server, $get, $post, $raw)
{
    global $client, $errors, $warnings;
    rules_reset();
    $input = read_input($server, $post, $raw);
    if (isset($input['status'])) {
        return answer($input['status'], $input['error']);
    }
    $client = read_client($server, $get, $input['format']);
    $f = run_rules($input['record']);
    if (count($errors) > 0) {
        $shown = array_slice($errors, 0, MAX_ERRORS);
        return answer(422, array('status' => 'rejected', 'count' => count($errors), 'errors' => $shown, 'warnings' => $warnings));
    }
    $id = new_id();
    $received_at = gmdate('Y-m-d\TH:i:s\Z', now());
    $key = flight_key($f);
    $value = to_json(enrich($f, $id, $received_at));
    $accepted = array(
        'status' => 'accepted',
        'id' => $id,
        'received_at' => $received_at,
        'key' => $key,
        'warnings' => $warnings,
        'links' => array('airport' => '/v1/airports/' . $f['dest'], 'recent' => '/v1/flights/recent?carrier[]=' . $f['carrier']),
    );
    return answer(202, $accepted, array('id' => $id, 'key' => $key, 'value' => $value));
}

function answer($status, $data, $record = null)
{
    return array('status' => $status, 'body' => to_json($data), 'record' => $record);
}

/** Later rules need what the earlier ones have made sure of, so each stage ends the way at its errors. */
function run_rules($in)
{
    global $errors;
    $stages = array(
        array('rules_shape', 'rules_text', 'rules_forms', 'rules_types'),
        array('rules_dates'),
        array('rules_carriers', 'rules_airports', 'rules_times', 'rules_hours', 'rules_planes', 'rules_routes',
            'rules_status', 'rules_extras', 'rules_clients'),
    );
    $f = $in;
    foreach ($stages as $rules) {
        foreach ($rules as $rule) {
            $f = call_user_func($rule, $f);
            if ($f === null) {
                return null;
            }
        }
        if (count($errors) > 0) {
            return null;
        }
    }
    return $f;
}
