<?php
/**
 * Helpers that every page needs. Grew.
 */

// parts of patterns for what strtotime() may be given; it would take "tomorrow", too (2010)
define('RE_YEAR', '(?:19|20)\d\d');
define('RE_MONTH', '(?:0?\d|1[0-2])');
define('RE_DAY', '(?:[012]?\d|3[01])');
define('RE_MONTH_NAME', '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)');
define('RE_TIME', '(?:[01]\d|2[0-4]):[0-5]\d(?::[0-5]\d)?');
define('RE_ZONE', '(?:Z|[+-][01]\d:?[0-5]\d)');

/** The clock. Tests set $GLOBALS['now'] (2015). */
function now()
{
    return isset($GLOBALS['now']) ? $GLOBALS['now'] : time();
}

/** A new random id, 32 hex digits. */
function new_id()
{
    return isset($GLOBALS['next_id']) ? $GLOBALS['next_id'] : md5(uniqid(mt_rand(), true));
}

function val($array, $key, $default = null)
{
    return isset($array[$key]) ? $array[$key] : $default;
}

/** What is not UTF-8 comes from the Windows clients: take it as latin-1. */
function to_utf8($s)
{
    if (!is_string($s) || preg_match('//u', $s)) {
        return $s;
    }
    return iconv('ISO-8859-1', 'UTF-8', $s);
}

/** 517 is 5:17, 317 minutes after midnight. */
function hhmm_to_minutes($t)
{
    return intval($t / 100) * 60 + $t % 100;
}

/** Minutes from one clock time to another, across midnight. */
function minutes_between($from, $to)
{
    return (hhmm_to_minutes($to) - hhmm_to_minutes($from) + 1440) % 1440;
}

/**
 * Unix time of a local clock time at an airport. Not by mktime(): in the hour that comes twice its
 * answer depends on whether it is summer now (2013, the Monday after).
 */
function local_timestamp($zone, $year, $month, $day, $hhmm)
{
    $before = date_default_timezone_get();
    date_default_timezone_set($zone);
    $ts = strtotime(gmdate('Y-m-d H:i:s', gmmktime(intval($hhmm / 100), $hhmm % 100, 0, $month, $day, $year)));
    date_default_timezone_set($before);
    return $ts;
}

/** date() in another zone than ours. */
function date_in($zone, $format, $ts)
{
    $before = date_default_timezone_get();
    date_default_timezone_set($zone);
    $text = date($format, $ts);
    date_default_timezone_set($before);
    return $text;
}

/** Great circle in statute miles; the earth of the 2009 release has 3959 of them. */
function great_circle($a, $b)
{
    $lat1 = deg2rad($a['lat']);
    $lat2 = deg2rad($b['lat']);
    $dlat = $lat2 - $lat1;
    $dlon = deg2rad($b['lon']) - deg2rad($a['lon']);
    $h = pow(sin($dlat / 2), 2) + cos($lat1) * cos($lat2) * pow(sin($dlon / 2), 2);
    return 2 * 3959 * asin(min(1, sqrt($h)));
}

function h($s)
{
    return htmlspecialchars($s, ENT_QUOTES, 'UTF-8');
}

/** JSON as this API has always written it. INF and broken bytes must not empty the answer (2012). */
function to_json($data, $flags = 0)
{
    return json_encode($data, $flags | JSON_PARTIAL_OUTPUT_ON_ERROR);
}
