<?php
/**
 * Numbers: as texts, with thousands separators, as floats; and the fields that must be there.
 */

function rules_types($f)
{
    global $fields;
    foreach ($fields as $name => $kind) {
        if ($f[$name] !== null && ($kind == 'int' || $kind == 'time')) {
            $f[$name] = to_integer($name, $f[$name]);
        } elseif ($f[$name] !== null && $kind == 'text' && fires('F034', !is_string($f[$name]))) {
            // codes that look like numbers come as numbers
            $f[$name] = (string) $f[$name];
            fix('F034');
        }
    }
    return rules_required($f);
}

/** An integer, or null after an error. */
function to_integer($name, $v)
{
    $given = $v;
    if (fires('F035', is_string($v) && preg_match('/^-?\d{1,3}(,\d{3})+(\.\d*)?$/', $v))) {
        $v = str_replace(',', '', $v);
        fix('F035');
    }
    if (fires('F036', is_string($v) && is_numeric($v))) {
        $v = $v + 0;
        fix('F036');
    }
    if (fires('F037', !is_int($v) && !is_float($v))) {
        err('F037', $name, 'must be a number', $given);
        return null;
    }
    if (fires('F038', abs($v) > 99999999)) {
        err('F038', $name, 'is out of all range: ' . $v, $given);
        return null;
    }
    if (fires('F039', is_float($v) && $v == intval($v))) {
        $v = intval($v);
        fix('F039');
    }
    if (fires('F040', is_float($v) && in_array($name, array('air_time', 'distance', 'dep_delay', 'arr_delay')))) {
        $v = intval(round($v));
        fix('F040');
    }
    if (fires('F041', is_float($v))) {
        err('F041', $name, sprintf('must be a whole number, not %s', $v), $given);
        return null;
    }
    if (fires('F042', $v < 0 && !in_array($name, array('dep_delay', 'arr_delay')))) {
        err('F042', $name, 'must not be negative', $given);
        return null;
    }
    return $v;
}

function rules_required($f)
{
    // empty(): flight 0 and carrier "0" are missing, too
    if (fires('F043', empty($f['carrier']))) {
        err('F043', 'carrier', 'is required');
    }
    if (fires('F044', empty($f['flight']))) {
        err('F044', 'flight', 'is required');
    }
    if (fires('F045', empty($f['origin']))) {
        err('F045', 'origin', 'is required');
    }
    if (fires('F046', empty($f['dest']))) {
        err('F046', 'dest', 'is required');
    }
    if (fires('F047', empty($f['year']) || empty($f['month']) || empty($f['day']))) {
        err('F047', 'date', 'year, month and day are required', array($f['year'], $f['month'], $f['day']));
    }
    if (fires('F048', $f['sched_dep_time'] === null && $f['hour'] !== null && $f['minute'] !== null)) {
        $f['sched_dep_time'] = $f['hour'] * 100 + $f['minute'];
        fix('F048');
    }
    if (fires('F049', $f['sched_dep_time'] === null)) {
        err('F049', 'sched_dep_time', 'is required');
    }
    return $f;
}
