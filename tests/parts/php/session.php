<?php
// What a test asks of a session: ?do=read, ?do=write with the values serialized in the body, ?do=add (one more, slowly), ?do=destroy.

header('Content-Type: application/octet-stream');
session_start();
switch ($_GET['do']) {
    case 'write':
        $_SESSION = unserialize(file_get_contents('php://input'));
        break;
    case 'add':
        $count = $_SESSION['count'] ?? 0;
        usleep(2000);
        $_SESSION['count'] = $count + 1;
        break;
    case 'hold':
        usleep(400000);
        break;
    case 'destroy':
        session_destroy();
        $_SESSION = [];
        break;
}
echo serialize($_SESSION);
