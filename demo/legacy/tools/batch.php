<?php
/**
 * The intake without a web server, for tests: one request a line in, one answer a line out.
 *
 * In:  {"content_type": "...", "headers": {"X-Client-Version": "3.0"}, "query": "a=1", "body": "base64"}
 * Out: {"status": 202, "body": "base64", "key": "base64" or null, "value": "base64" or null}
 *
 * The clock stands at NOW (environment, seconds since 1970) and the id of line n is n in 32 hex digits.
 */

require dirname(dirname(__FILE__)) . '/includes/config.php';
require APP_ROOT . '/includes/functions.php';
require APP_ROOT . '/includes/tables.php';
require APP_ROOT . '/includes/intake.php';

$now = intval(getenv('NOW') ? getenv('NOW') : 1400000000);
$number = 0;
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    $number++;
    $next_id = sprintf('%032x', $number);
    $server = array('REQUEST_METHOD' => 'POST');
    if ($request['content_type'] !== null) {
        $server['CONTENT_TYPE'] = $request['content_type'];
    }
    foreach ($request['headers'] as $name => $value) {
        $server['HTTP_' . strtoupper(str_replace('-', '_', $name))] = $value;
    }
    $body = base64_decode($request['body']);
    parse_str($request['query'], $get);
    $post = array();
    $type = strtolower(substr((string) $request['content_type'], 0, strcspn((string) $request['content_type'], ';, ')));
    if ($type == 'application/x-www-form-urlencoded') {
        parse_str($body, $post);
    }
    $result = intake($server, $get, $post, $body);
    write_coverage();
    $record = $result['record'];
    echo json_encode(array(
        'status' => $result['status'],
        'body' => base64_encode($result['body']),
        'key' => $record === null ? null : base64_encode($record['key']),
        'value' => $record === null ? null : base64_encode($record['value']),
    )), "\n";
}
