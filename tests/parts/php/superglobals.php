<?php
// Answers with all that PHP made of the request, serialized; an uploaded file's place is given as its contents.

function contents($place)
{
    if (is_array($place)) {
        return array_map('contents', $place);
    }
    return is_string($place) && is_uploaded_file($place) ? 'file:' . file_get_contents($place) : $place;
}

$files = $_FILES;
foreach ($files as $name => $file) {
    if (is_array($file) && isset($file['tmp_name'])) {
        $files[$name]['tmp_name'] = contents($file['tmp_name']);
    }
}
$server = $_SERVER;
if (isset($server['REQUEST_TIME'])) {
    $server['REQUEST_TIME'] = 0;
    $server['REQUEST_TIME_FLOAT'] = 0.0;
}
header('Content-Type: application/octet-stream');
echo serialize([$_GET, $_POST, $_COOKIE, $files, $_REQUEST, $server, file_get_contents('php://input')]);
