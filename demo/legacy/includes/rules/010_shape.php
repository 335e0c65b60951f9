<?php
/**
 * The shape of what came: wrappers, names of fields, arrays where a text is meant.
 */

// name => kind. Everything the intake knows.
$fields = array(
    'year' => 'int', 'month' => 'int', 'day' => 'int', 'dep_time' => 'time', 'sched_dep_time' => 'time',
    'dep_delay' => 'int', 'arr_time' => 'time', 'sched_arr_time' => 'time', 'arr_delay' => 'int',
    'carrier' => 'text', 'flight' => 'int', 'tailnum' => 'text', 'origin' => 'text', 'dest' => 'text',
    'air_time' => 'int', 'distance' => 'int', 'hour' => 'int', 'minute' => 'int', 'time_hour' => 'text',
    'date' => 'text', 'status' => 'text', 'cancelled' => 'flag', 'cancel_code' => 'text', 'diverted' => 'flag',
    'divert_to' => 'text', 'codeshares' => 'list', 'crew' => 'list', 'remarks' => 'text', 'source' => 'text',
    'pax' => 'int', 'fuel_kg' => 'text', 'fare' => 'text', 'currency' => 'text', 'gate' => 'text',
    'terminal' => 'text', 'delay_reasons' => 'map', 'contact' => 'text', 'filed_at' => 'text',
    'ref' => 'text', 'aircraft' => 'text',
);

// what the feeds before 2012 called them
$aliases = array(
    'flight_no' => 'flight', 'flightnumber' => 'flight', 'flight_number' => 'flight', 'tail' => 'tailnum',
    'tail_number' => 'tailnum', 'from' => 'origin', 'to' => 'dest', 'destination' => 'dest', 'airline' => 'carrier',
    'dep' => 'dep_time', 'arr' => 'arr_time', 'sched_dep' => 'sched_dep_time', 'sched_arr' => 'sched_arr_time',
    'passengers' => 'pax', 'canceled' => 'cancelled', 'email' => 'contact', 'comment' => 'remarks',
    'miles' => 'distance', 'flight_date' => 'date',
);

function rules_shape($in)
{
    if (fires('F001', isset($in['flight']) && is_array($in['flight']) && !isset($in['carrier']))) {
        $in = $in['flight'];
        fix('F001');
    }
    if (fires('F002', count($in) == 1 && isset($in[0]) && is_array($in[0]))) {
        $in = $in[0];
        fix('F002');
    }
    if (fires('F003', empty($in))) {
        err('F003', '', 'the record is empty');
        return null;
    }
    if (fires('F004', count($in) > 60)) {
        err('F004', '', sprintf('%d fields are too many', count($in)), count($in));
        return null;
    }
    return rules_values(rules_names($in));
}

/** Names of fields: case, dashes, aliases, twice the same. */
function rules_names($in)
{
    global $fields, $aliases;
    $f = array();
    $unknown = array();
    foreach ($in as $key => $value) {
        if (fires('F005', is_int($key))) {
            err('F005', '#' . $key, 'values need a name', $value);
            continue;
        }
        $name = strtolower(trim(str_replace(array('-', ' '), '_', to_utf8($key))));
        if (fires('F006', $name !== $key)) {
            fix('F006');
        }
        if (fires('F007', isset($aliases[$name]))) {
            $name = $aliases[$name];
            fix('F007');
        }
        if (fires('F008', !isset($fields[$name]))) {
            $unknown[] = $name;
            continue;
        }
        // loosely: 515 and "515" are the same, and so are "1e3" and "1000"
        if (fires('F009', isset($f[$name]) && $f[$name] != $value)) {
            err('F009', $name, 'given twice, and not alike', array($f[$name], $value));
            continue;
        }
        $f[$name] = $value;
    }
    if ($unknown) {
        warn('F008', '', 'unknown: ' . implode(', ', array_unique($unknown)));
    }
    return $f;
}

/** Arrays and booleans where a plain value is meant. All known fields exist afterwards. */
function rules_values($f)
{
    global $fields;
    $all = array();
    foreach ($fields as $name => $kind) {
        $v = isset($f[$name]) ? $f[$name] : null;
        if ($kind != 'list' && $kind != 'map') {
            if (fires('F010', is_array($v) && count($v) == 1 && isset($v[0]))) {
                $v = $v[0];
                fix('F010');
            }
            if (fires('F011', is_array($v))) {
                err('F011', $name, 'must be a single value', $v);
                $v = null;
            }
            if (fires('F012', is_bool($v) && $kind != 'flag')) {
                $v = (string) $v;
                fix('F012');
            }
        }
        $all[$name] = $v;
    }
    return $all;
}
