<?php
/**
 * Texts: encodings, blanks, quotes, and the many ways to say "nothing".
 */

$nothing = array('NA', 'N/A', 'NULL', 'NIL', 'NONE', '-', '--', '\\N', '');

function rules_text($f)
{
    global $fields;
    foreach ($fields as $name => $kind) {
        if (is_string($f[$name])) {
            $f[$name] = clean_text($name, $f[$name]);
        }
    }
    foreach (array('codeshares', 'crew', 'delay_reasons') as $name) {
        if (is_array($f[$name])) {
            $f[$name] = clean_list($f[$name]);
        }
    }
    return $f;
}

function clean_text($name, $v)
{
    global $nothing;
    $utf8 = to_utf8($v);
    if (fires('F013', $utf8 !== $v)) {
        $v = $utf8;
        fix('F013');
    }
    // the spreadsheet macro leaves its quotes
    $trimmed = trim($v, " \t\n\r\0\x0B\"'");
    if (fires('F014', strlen($trimmed) != strlen($v))) {
        $v = $trimmed;
        fix('F014');
    }
    if (fires('F015', in_array(strtoupper($v), $nothing))) {
        return null;
    }
    if (fires('F016', preg_match('/[\x00-\x08\x0e-\x1f\x7f]/', $v))) {
        err('F016', $name, 'has control characters', bin2hex($v));
        return null;
    }
    $limit = $name == 'remarks' ? 2000 : 120;
    if (fires('F017', strlen($v) > $limit)) {
        err('F017', $name, sprintf('is %d bytes long, %d are allowed', strlen($v), $limit));
        return null;
    }
    return $v;
}

/** Encodings inside lists; deeper ones are cut off. */
function clean_list($list)
{
    $clean = array();
    foreach ($list as $k => $v) {
        if (fires('F018', is_array($v))) {
            fix('F018');
            continue;
        }
        $clean[to_utf8($k)] = is_string($v) ? trim(to_utf8($v)) : $v;
    }
    return $clean;
}
