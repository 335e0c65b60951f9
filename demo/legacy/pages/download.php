<?php
/**
 * GET /download/NAME: the monthly files, in parts if the client likes (one range).
 */

$known = array('flights-2013-01.csv.gz', 'flights-2013-02.csv.gz', 'airports.csv', 'planes.csv', 'airlines.csv');
if (!in_array($match[1], $known)) {
    not_found($path);
    return;
}
$file = DATA_DIR . '/' . $match[1];
$size = filesize($file);
$etag = '"' . md5_file($file) . '"';
header('Accept-Ranges: bytes');
header('ETag: ' . $etag);
header('Last-Modified: ' . gmdate('D, d M Y H:i:s \G\M\T', filemtime($file)));
header('Cache-Control: public, max-age=86400');
if (val($_SERVER, 'HTTP_IF_NONE_MATCH') == $etag) {
    send_status(304);
    return;
}
$first = 0;
$last = $size - 1;
$range = val($_SERVER, 'HTTP_RANGE', '');
if (preg_match('/^bytes=(\d*)-(\d*)$/', $range, $m) && $m[1] . $m[2] !== '' && val($_SERVER, 'HTTP_IF_RANGE', $etag) == $etag) {
    if ($m[1] === '') {
        $first = max(0, $size - $m[2]);
    } else {
        $first = intval($m[1]);
        $last = $m[2] === '' ? $last : min($last, intval($m[2]));
    }
    if ($first > $last) {
        header('Content-Range: bytes */' . $size);
        send_json(416, to_json(array('error' => 'no such range', 'size' => $size)));
        return;
    }
    send_status(206);
    header('Content-Range: bytes ' . $first . '-' . $last . '/' . $size);
} else {
    send_status(200);
}
header('Content-Type: ' . (substr($file, -3) == '.gz' ? 'application/gzip' : 'text/csv; charset=utf-8'));
header('Content-Disposition: attachment; filename="' . $match[1] . '"');
header('Content-Length: ' . ($last - $first + 1));
ob_end_clean();
$in = fopen($file, 'rb');
fseek($in, $first);
$left = $last - $first + 1;
while ($left > 0 && !feof($in)) {
    $chunk = fread($in, min(65536, $left));
    $left -= strlen($chunk);
    echo $chunk;
}
fclose($in);
ob_start();
