<?php
// The peer's front controller: what the native handlers of src/served answer, in PHP as such services have it.

$path = strtok($_SERVER['REQUEST_URI'], '?');

if ($path === '/healthz') {
    header('Content-Type: text/plain');
    echo "ok\n";
    return;
}

if ($path === '/events' && $_SERVER['REQUEST_METHOD'] === 'POST') {
    require __DIR__ . '/rules.php';
    header('Content-Type: application/json');
    $event = json_decode(file_get_contents('php://input'), true);
    if (!is_array($event)) {
        http_response_code(400);
        echo json_encode(['status' => 'malformed']);
        return;
    }
    // Made by the bench; opcache keeps it in shared memory.
    $campaigns = require __DIR__ . '/campaigns.php';
    $errors = check_event($event, $campaigns);
    if ($errors) {
        http_response_code(422);
        echo json_encode(['status' => 'rejected', 'errors' => $errors]);
        return;
    }
    http_response_code(202);
    echo json_encode([
        'status' => 'accepted',
        'id' => $event['id'],
        'advertiser' => $campaigns[$event['campaign']]['advertiser'],
    ]);
    return;
}

http_response_code(404);
