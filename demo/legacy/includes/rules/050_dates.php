<?php
/**
 * The day of the flight, the hour of its schedule, and the clock changes between.
 */

function rules_dates($f)
{
    // centuries, as in 1999
    if (fires('F050', $f['year'] < 100)) {
        $f['year'] += $f['year'] < 70 ? 2000 : 1900;
        fix('F050');
    }
    if (fires('F051', $f['year'] < 1990)) {
        err('F051', 'year', 'is before our time', $f['year']);
    }
    if (fires('F052', $f['year'] > date('Y', now()) + 1)) {
        err('F052', 'year', 'is after the last published schedule', $f['year']);
    }
    if (fires('F053', $f['month'] > 12)) {
        err('F053', 'month', 'must be 1 to 12', $f['month']);
    } elseif (fires('F054', !checkdate($f['month'], $f['day'], $f['year']))) {
        err('F054', 'day', sprintf('%d/%d/%04d is no day', $f['month'], $f['day'], $f['year']), $f['day']);
    }
    return $f;
}

/** hour, minute and time_hour say again what the schedule says. Needs a valid day and schedule. */
function rules_hours($f)
{
    $sched = $f['sched_dep_time'];
    if ($sched === null) {
        return $f;
    }
    if (fires('F055', $f['hour'] === null)) {
        $f['hour'] = intval($sched / 100);
        fix('F055');
    } elseif (fires('F056', $f['hour'] != intval($sched / 100))) {
        err('F056', 'hour', sprintf('%d is not the hour of %04d', $f['hour'], $sched), $f['hour']);
        $f['hour'] = intval($sched / 100);
    }
    if (fires('F057', $f['minute'] === null)) {
        $f['minute'] = $sched % 100;
        fix('F057');
    } elseif (fires('F058', $f['minute'] != $sched % 100)) {
        err('F058', 'minute', sprintf('%d is not the minute of %04d', $f['minute'], $sched), $f['minute']);
    }
    return rules_time_hour(rules_clock_change($f));
}

/** The night of the clock change: an hour that is missing, an hour that comes twice. */
function rules_clock_change($f)
{
    $zone = airport_zone($f['origin']);
    $ts = local_timestamp($zone, $f['year'], $f['month'], $f['day'], $f['sched_dep_time']);
    if (fires('F059', date_in($zone, 'G', $ts) != intval($f['sched_dep_time'] / 100) % 24)) {
        err('F059', 'sched_dep_time', 'is in the hour that the clocks skip', $f['sched_dep_time']);
    }
    if (fires('F060', date_in($zone, 'G', $ts) == date_in($zone, 'G', $ts + 3600))) {
        warn('F060', 'sched_dep_time', 'is in the hour that comes twice, the first is taken');
    }
    return $f;
}

function rules_time_hour($f)
{
    $zone = airport_zone($f['origin']);
    $hour_ts = local_timestamp($zone, $f['year'], $f['month'], $f['day'], $f['hour'] * 100);
    if (fires('F061', $f['time_hour'] === null)) {
        $f['time_hour'] = gmdate('Y-m-d\TH:i:s\Z', $hour_ts);
        fix('F061');
        return $f;
    }
    $iso = '/^' . RE_YEAR . '-' . RE_MONTH . '-' . RE_DAY . '[T ]' . RE_TIME . RE_ZONE . '?$/';
    $us = '/^' . RE_MONTH . '\/' . RE_DAY . '\/' . RE_YEAR . ' (?:' . RE_TIME . '|(?:0?[1-9]|1[0-2]):[0-5]\d ?[AP]M)$/i';
    $ts = preg_match($iso, $f['time_hour']) || preg_match($us, $f['time_hour']) ? strtotime($f['time_hour']) : false;
    if (fires('F062', $ts === false)) {
        err('F062', 'time_hour', 'is no time', $f['time_hour']);
        return $f;
    }
    if (fires('F063', !preg_match('/:\d\d' . RE_ZONE . '$/', $f['time_hour']))) {
        warn('F063', 'time_hour', 'has no zone, New York is assumed');
    }
    if (fires('F064', abs($ts - $hour_ts) > 3600)) {
        err('F064', 'time_hour', 'is ' . round(abs($ts - $hour_ts) / 3600, 2) . ' hours off the schedule', $f['time_hour']);
    } elseif (fires('F065', $ts != $hour_ts)) {
        $ts = $hour_ts;
        fix('F065');
    }
    $f['time_hour'] = gmdate('Y-m-d\TH:i:s\Z', $ts);
    return $f;
}
