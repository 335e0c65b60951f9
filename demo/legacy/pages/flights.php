<?php
/**
 * POST /v1/flights: one record in, one record out.
 */

require APP_ROOT . '/includes/intake.php';
require APP_ROOT . '/includes/kafka.php';

$result = intake($_SERVER, $_GET, $_POST, file_get_contents('php://input'));
write_coverage();
$record = $result['record'];
if ($record !== null) {
    if (!publish(FLIGHTS_TOPIC, $record['key'], $record['value'], array('event-id' => $record['id']), $failure)) {
        error_log('flight-intake: ' . $record['key'] . ' not delivered: ' . $failure);
        header('Retry-After: 5');
        $result = answer(503, array('error' => 'the queue is not available', 'retry' => true));
    }
}
send_json($result['status'], $result['body']);
