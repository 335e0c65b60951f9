<?php
/**
 * GET /v1/airports/{faa}
 */

$faa = strtoupper(rawurldecode($match[1]));
$row = lookup('airports', $faa);
if ($row === null) {
    send_json(404, to_json(array('error' => 'unknown airport', 'faa' => to_utf8($faa))));
} else {
    foreach (array('lat', 'lon') as $name) {
        $row[$name] = (float) $row[$name];
    }
    $row['alt'] = intval($row['alt']);
    $row['tz'] = $row['tz'] + 0;
    $body = to_json($row, isset($_GET['pretty']) ? JSON_PRETTY_PRINT : 0);
    $etag = '"' . md5($body) . '"';
    header('ETag: ' . $etag);
    if (val($_SERVER, 'HTTP_IF_NONE_MATCH') == $etag) {
        send_status(304);
    } else {
        send_json(200, $body);
        header('Cache-Control: public, max-age=3600');
    }
}
