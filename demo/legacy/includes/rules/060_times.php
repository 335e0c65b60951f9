<?php
/**
 * Clock times, delays, and whether they agree.
 */

function rules_times($f)
{
    $f = rules_clocks($f);
    $f = rules_delays($f);
    return rules_reasons($f);
}

function rules_clocks($f)
{
    // each its own code: the dispatchers' list of 2010 goes by them
    $codes = array('dep_time' => 'F066', 'sched_dep_time' => 'F067', 'arr_time' => 'F068', 'sched_arr_time' => 'F069');
    foreach ($codes as $name => $code) {
        if (fires($code, $f[$name] !== null && ($f[$name] > 2400 || $f[$name] % 100 > 59))) {
            err($code, $name, sprintf('%04d is no clock time', $f[$name]), $f[$name]);
            $f[$name] = null;
        }
        if (fires('F070', $f[$name] === 2400)) {
            $f[$name] = 0;
            fix('F070');
        }
    }
    if (fires('F071', $f['sched_arr_time'] !== null && $f['sched_arr_time'] === $f['sched_dep_time'])) {
        err('F071', 'sched_arr_time', 'is the departure', $f['sched_arr_time']);
    }
    if (fires('F072', $f['arr_time'] !== null && $f['dep_time'] === null)) {
        err('F072', 'arr_time', 'arrived without departure', $f['arr_time']);
    }
    return $f;
}

function rules_delays($f)
{
    // a flight that leaves at midnight sharp (0) has no departure for empty(): known since 2011
    if (fires('F073', empty($f['dep_time']) && $f['dep_delay'] !== null)) {
        err('F073', 'dep_delay', 'without a departure', $f['dep_delay']);
        return $f;
    }
    if (fires('F074', $f['dep_time'] !== null && $f['dep_delay'] === null)) {
        $f['dep_delay'] = signed_delay($f['sched_dep_time'], $f['dep_time']);
        fix('F074');
    } elseif (fires('F075', $f['dep_time'] !== null && $f['sched_dep_time'] !== null && off_clock($f['sched_dep_time'], $f['dep_time'], $f['dep_delay']))) {
        err('F075', 'dep_delay', sprintf('%+d minutes do not lead from %04d to %04d', $f['dep_delay'], $f['sched_dep_time'], $f['dep_time']), $f['dep_delay']);
    }
    if (fires('F076', $f['arr_delay'] !== null && $f['arr_time'] !== null && $f['sched_arr_time'] !== null
        && off_clock($f['sched_arr_time'], $f['arr_time'], $f['arr_delay']))) {
        err('F076', 'arr_delay', sprintf('%+d minutes do not lead from %04d to %04d', $f['arr_delay'], $f['sched_arr_time'], $f['arr_time']), $f['arr_delay']);
    }
    if (fires('F077', $f['dep_delay'] !== null && $f['dep_delay'] < -60)) {
        err('F077', 'dep_delay', 'left too early to be true', $f['dep_delay']);
    }
    if (fires('F078', max($f['dep_delay'], $f['arr_delay']) > 1440)) {
        err('F078', '', 'more than a day late: file it as a flight of its own', max($f['dep_delay'], $f['arr_delay']));
    }
    if ($f['dep_delay'] !== null && $f['arr_delay'] !== null) {
        if (fires('F079', $f['arr_delay'] - $f['dep_delay'] < -90)) {
            err('F079', 'arr_delay', 'gained ' . ($f['dep_delay'] - $f['arr_delay']) . ' minutes in the air', $f['arr_delay']);
        }
        if (fires('F080', $f['arr_delay'] - $f['dep_delay'] > 240)) {
            warn('F080', 'arr_delay', 'lost ' . number_format(($f['arr_delay'] - $f['dep_delay']) / 60, 1) . ' hours on the way');
        }
    }
    return $f;
}

/** Late or early, whichever is nearer; a schedule that is not there counts as midnight. */
function signed_delay($sched, $actual)
{
    $late = minutes_between($sched, $actual);
    return $late > 1200 ? $late - 1440 : $late;
}

function off_clock($sched, $actual, $delay)
{
    return (minutes_between($sched, $actual) - $delay) % 1440 != 0;
}

/** delay_reasons[weather]=12.5&delay_reasons[carrier]=3 */
function rules_reasons($f)
{
    $reasons = $f['delay_reasons'];
    if ($reasons === null) {
        return $f;
    }
    if (fires('F081', !is_array($reasons))) {
        err('F081', 'delay_reasons', 'must be a list by reason', $reasons);
        return $f;
    }
    foreach ($reasons as $reason => $minutes) {
        if (fires('F082', !in_array($reason, array('carrier', 'weather', 'nas', 'security', 'late_aircraft')))) {
            err('F082', 'delay_reasons', 'unknown reason: ' . h($reason), $minutes);
        } elseif (fires('F083', !is_numeric($minutes) || $minutes < 0)) {
            err('F083', 'delay_reasons.' . $reason, 'must be minutes', $minutes);
        } elseif (fires('F084', $minutes == 0)) {
            unset($reasons[$reason]);
            fix('F084');
        } else {
            $reasons[$reason] = round($minutes, 1);
        }
    }
    $f['delay_reasons'] = $reasons;
    if (fires('F085', $f['arr_delay'] >= 15 && abs(array_sum($reasons) - $f['arr_delay']) > 0.5)) {
        err('F085', 'delay_reasons', 'sum to ' . array_sum($reasons) . ', not ' . $f['arr_delay'], array_sum($reasons));
    }
    if (fires('F086', $f['arr_delay'] < 15 && count($reasons) > 0)) {
        warn('F086', 'delay_reasons', 'given although on time');
    }
    return $f;
}
