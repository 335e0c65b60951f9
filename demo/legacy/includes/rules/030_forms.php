<?php
/**
 * Old forms of dates, clock times and flight numbers, made into what the later rules expect.
 */

$months = array('jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec');

function rules_forms($f)
{
    $f = old_month($f);
    $f = old_date($f);
    foreach (array('dep_time', 'sched_dep_time', 'arr_time', 'sched_arr_time') as $name) {
        $f[$name] = old_clock($f[$name]);
    }
    $f = old_flight($f);
    return old_flags($f);
}

function old_month($f)
{
    global $months;
    if (is_string($f['month']) && ctype_alpha($f['month'])) {
        $i = array_search(strtolower(substr($f['month'], 0, 3)), $months);
        // January has never worked (it is 0); its senders have learned to write 1
        if (fires('F019', $i)) {
            $f['month'] = $i + 1;
            fix('F019');
        }
    }
    return $f;
}

/** date: 2013-01-15, 01/15/2013, 1/15/13, 15.01.2013, 15-Jan-2013, 20130115, @1358226000 */
function old_date($f)
{
    if ($f['date'] === null) {
        return $f;
    }
    $d = (string) $f['date'];
    if (fires('F020', preg_match('/^(\d{1,2})\.(\d{1,2})\.(\d{4})$/', $d, $m))) {
        $d = $m[3] . '-' . $m[2] . '-' . $m[1];
        fix('F020');
    }
    if (fires('F021', preg_match('/^(\d{4})(\d\d)(\d\d)$/', $d, $m))) {
        $d = $m[1] . '-' . $m[2] . '-' . $m[3];
        fix('F021');
    }
    $known = '/^' . RE_YEAR . '-' . RE_MONTH . '-' . RE_DAY . '$'
        . '|^' . RE_MONTH . '\/' . RE_DAY . '\/(?:' . RE_YEAR . '|\d\d)$'
        . '|^' . RE_DAY . '-' . RE_MONTH_NAME . '-' . RE_YEAR . '$|^@\d{1,10}$/i';
    $ts = preg_match($known, $d) ? strtotime($d) : false;
    if (fires('F022', $ts === false)) {
        err('F022', 'date', 'is no date that we know', $f['date']);
        return $f;
    }
    $ymd = array_map('intval', explode(' ', date('Y n j', $ts)));
    if (fires('F023', $f['year'] === null)) {
        list($f['year'], $f['month'], $f['day']) = $ymd;
        fix('F023');
    } elseif (fires('F024', $ymd != array($f['year'], $f['month'], $f['day']))) {
        err('F024', 'date', 'differs from year, month and day', implode('-', $ymd));
    }
    return $f;
}

/** 5:17, 05.17, 17h05, 5:17 PM */
function old_clock($v)
{
    $form = '/^(\d{1,2})[:.h](\d\d)(?::\d\d)?\s*(?:([ap])\.?m\.?)?$/i';
    if (fires('F025', is_string($v) && preg_match($form, $v, $m))) {
        $hour = intval($m[1]);
        if (isset($m[3]) && fires('F026', strtolower($m[3]) == 'p' && $hour < 12)) {
            $hour += 12;
        } elseif (isset($m[3]) && fires('F027', strtolower($m[3]) == 'a' && $hour == 12)) {
            $hour = 0;
        }
        $v = $hour * 100 + $m[2];
        fix('F025');
    }
    return $v;
}

/** UA1545, "ua 1545", B6-725: the carrier leads */
function old_flight($f)
{
    if (fires('F028', is_string($f['flight']) && preg_match('/^([a-z0-9]{2})[ -]?(\d{1,4})$/i', $f['flight'], $m) && !is_numeric($f['flight']))) {
        if (fires('F029', empty($f['carrier']))) {
            $f['carrier'] = $m[1];
            fix('F029');
        } elseif (fires('F030', strcasecmp($f['carrier'], $m[1]) != 0)) {
            err('F030', 'flight', 'is of ' . strtoupper($m[1]) . ', carrier is ' . h($f['carrier']), $f['flight']);
        }
        $f['flight'] = $m[2];
        fix('F028');
    }
    return $f;
}

/** Check boxes say "on", the old terminals Y and N, and some say nothing. */
function old_flags($f)
{
    foreach (array('cancelled', 'diverted') as $name) {
        $v = $f[$name];
        if (fires('F031', is_string($v) && in_array(strtolower($v), array('on', 'yes', 'y', 'true', 't', 'x')))) {
            $v = true;
            fix('F031');
        } elseif (fires('F032', is_string($v) && in_array(strtolower($v), array('off', 'no', 'n', 'false', 'f')))) {
            $v = false;
            fix('F032');
        } elseif (fires('F033', is_string($v) && !is_numeric($v))) {
            err('F033', $name, 'must be yes or no', $v);
        }
        $f[$name] = $v === null ? null : (bool) $v;
    }
    return $f;
}
