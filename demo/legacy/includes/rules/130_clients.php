<?php
/**
 * Who sends: sources, contacts, filing times, and what the versions of our own client do wrong.
 */

function rules_clients($f)
{
    global $client;
    if (fires('F187', $f['source'] === null)) {
        $f['source'] = $client['source'];
        fix('F187');
    }
    if (fires('F188', !in_array(strtolower($f['source']), array('acars', 'ops', 'manual', 'edi', 'web', 7)))) {
        err('F188', 'source', 'is unknown', $f['source']);
    } elseif (fires('F189', strtolower($f['source']) == 'manual' && empty($f['contact']))) {
        err('F189', 'contact', 'is required for what is typed by hand');
    }
    $f['source'] = strtolower($f['source']);
    if (fires('F190', $f['contact'] !== null && !preg_match('/^[\w.+-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/i', $f['contact']))) {
        err('F190', 'contact', 'is no mail address', h($f['contact']));
    }
    return rules_versions(rules_filed($f));
}

/** filed_at: ISO, RFC 2822, "15 Jan 2013 17:05", seconds since 1970 */
function rules_filed($f)
{
    if ($f['filed_at'] === null) {
        return $f;
    }
    $at = $f['filed_at'];
    if (fires('F191', preg_match('/^\d{9,10}$/', $at))) {
        $at = '@' . $at;
        fix('F191');
    }
    $known = '/^@\d{1,10}$|^' . RE_YEAR . '-' . RE_MONTH . '-' . RE_DAY . '(?:[T ]' . RE_TIME . RE_ZONE . '?)?$'
        . '|^(?:(?:mon|tue|wed|thu|fri|sat|sun), )?' . RE_DAY . ' ' . RE_MONTH_NAME . ' ' . RE_YEAR . ' '
        . RE_TIME . '(?: GMT| ' . RE_ZONE . ')?$/i';
    $ts = preg_match($known, $at) ? strtotime($at) : false;
    if (fires('F192', $ts === false)) {
        err('F192', 'filed_at', 'is no time that we know', $f['filed_at']);
        return $f;
    }
    if (fires('F193', $ts > now() + 300)) {
        err('F193', 'filed_at', 'is in the future', gmdate('D, d M Y H:i:s \G\M\T', $ts));
    }
    $midnight = local_timestamp('America/New_York', $f['year'], $f['month'], $f['day'], 0);
    if (fires('F194', $ts < $midnight - 330 * 86400)) {
        warn('F194', 'filed_at', 'was filed ' . round(($midnight - $ts) / 86400) . ' days ahead');
    }
    $f['filed_at'] = date('c', $ts);
    return $f;
}

function rules_versions($f)
{
    global $client;
    if (fires('F195', !preg_match('/^\d+(\.\d+)*([a-z]+\d*)?$/', $client['version']))) {
        err('F195', '', 'client version ' . h($client['version']) . ' is unknown');
        return $f;
    }
    if (fires('F196', version_compare($client['version'], '1.2', '<'))) {
        err('F196', '', 'client ' . $client['version'] . ' is no longer supported');
    }
    if (fires('F197', version_compare($client['version'], '3.0', '>=') && $f['sched_arr_time'] === null)) {
        err('F197', 'sched_arr_time', 'is required from version 3 on');
    }
    if (fires('F198', version_compare($client['version'], '2.5rc1', '>=') && $f['arr_delay'] >= 60 && empty($f['delay_reasons']))) {
        warn('F198', 'delay_reasons', 'are wanted for an hour and more');
    }
    // FlightWire writes the delay of the arrival in hours when it is a round one
    if (fires('F199', stripos($client['agent'], 'flightwire/0.9') === 0 && $f['arr_delay'] !== null && $f['arr_delay'] > 0)) {
        warn('F199', 'arr_delay', 'of FlightWire 0.9 is not to be trusted');
    }
    if (fires('F200', $client['strict'] && count($GLOBALS['warnings']) > 0)) {
        foreach ($GLOBALS['warnings'] as $w) {
            err($w['code'], $w['field'], $w['message'] . ' (strict)');
        }
    }
    return $f;
}
