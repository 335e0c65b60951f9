<?php
/**
 * POST /upload: a CSV of flights in the field "file"; looks at it, stores nothing.
 */

$file = val($_FILES, 'file');
if ($file === null || is_array($file['error']) || $file['error'] != UPLOAD_ERR_OK) {
    $code = $file === null || is_array($file['error']) ? -1 : $file['error'];
    send_json(400, to_json(array('error' => 'no file', 'code' => $code)));
} else {
    $in = fopen($file['tmp_name'], 'r');
    $names = fgetcsv($in, 0, ',', '"', '\\');
    $rows = 0;
    $short = 0;
    $carriers = array();
    while (($row = fgetcsv($in, 0, ',', '"', '\\')) !== false) {
        $rows++;
        if (count($row) != count($names)) {
            $short++;
            continue;
        }
        $row = array_combine($names, $row);
        if (isset($row['carrier'])) {
            $carriers[$row['carrier']] = val($carriers, $row['carrier'], 0) + 1;
        }
    }
    fclose($in);
    arsort($carriers);
    send_json(200, to_json(array(
        'name' => to_utf8(basename($file['name'])),
        'type' => to_utf8($file['type']),
        'bytes' => $file['size'],
        'md5' => md5_file($file['tmp_name']),
        'columns' => array_map('to_utf8', $names ? $names : array()),
        'rows' => $rows,
        'short' => $short,
        'carriers' => $carriers,
        'note' => to_utf8(is_string(val($_POST, 'note')) ? $_POST['note'] : ''),
    )));
}
