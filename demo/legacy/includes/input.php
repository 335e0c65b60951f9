<?php
/**
 * What came over the wire: JSON or a form, in some encoding.
 */

/** array('record' => ..., 'format' => ...) or array('status' => ..., 'error' => ...) */
function read_input($server, $post, $raw)
{
    $type = val($server, 'CONTENT_TYPE', '');
    $main = strtolower(trim(substr($type, 0, strcspn($type, ';'))));
    $start = substr(ltrim($raw, "\xEF\xBB\xBF \t\r\n"), 0, 1);
    $form = $main == 'application/x-www-form-urlencoded';
    if (strlen($raw) > MAX_BODY) {
        return array('status' => 413, 'error' => array('error' => 'too large', 'limit' => MAX_BODY));
    }
    // curl -d says "form" for anything, so does the terminal client
    if (strpos($main, 'json') || ($main == '' || $form) && ($start == '{' || $start == '[')) {
        return read_json($type, $raw);
    }
    if ($form || $main == 'multipart/form-data') {
        if (!$post) {
            return array('status' => 400, 'error' => array('error' => 'empty form'));
        }
        return array('record' => $post, 'format' => 'form');
    }
    return array('status' => 415, 'error' => array('error' => 'unsupported media type', 'type' => to_utf8($main)));
}

function read_json($type, $raw)
{
    if (substr($raw, 0, 3) == "\xEF\xBB\xBF") {
        $raw = substr($raw, 3);
    }
    if (preg_match('/charset=["\']?(iso-8859-1|latin1|windows-1252)/i', $type)) {
        $raw = iconv('ISO-8859-1', 'UTF-8', $raw);
    }
    $data = json_decode($raw, true, 16);
    if (json_last_error() == JSON_ERROR_UTF8) {
        $data = json_decode(to_utf8($raw), true, 16);
    }
    if (json_last_error() != JSON_ERROR_NONE) {
        $error = array('error' => 'invalid json', 'code' => json_last_error(), 'message' => json_last_error_msg());
        return array('status' => 400, 'error' => $error);
    }
    if (!is_array($data)) {
        return array('status' => 400, 'error' => array('error' => 'a record is an object', 'given' => gettype($data)));
    }
    return array('record' => $data, 'format' => 'json');
}

/** Who sends, by headers and query. */
function read_client($server, $get, $format)
{
    $version = val($server, 'HTTP_X_CLIENT_VERSION', '2.0');
    return array(
        'version' => is_string($version) ? $version : '',
        'agent' => to_utf8(val($server, 'HTTP_USER_AGENT', '')),
        'source' => is_string(val($get, 'source')) ? $get['source'] : ($format == 'form' ? 'web' : 'edi'),
        // strict=false is strict: it is a text, and not empty
        'strict' => !empty($get['strict']),
    );
}
