<?php
/**
 * GET /report: the first departures of January as a page, by carrier.
 */

$limit = max(1, min(2000, intval(val($_GET, 'rows', 250))));
$rows = array_slice(sample_flights(), 0, $limit);
$airlines = table('airlines');
$sums = array();
foreach ($rows as $row) {
    $c = $row['carrier'];
    if (!isset($sums[$c])) {
        $sums[$c] = array('flights' => 0, 'miles' => 0, 'late' => 0, 'delay' => 0);
    }
    $sums[$c]['flights']++;
    $sums[$c]['miles'] += $row['distance'];
    if ($row['dep_delay'] != 'NA') {
        $sums[$c]['late'] += $row['dep_delay'] > 15 ? 1 : 0;
        $sums[$c]['delay'] += $row['dep_delay'];
    }
}
ksort($sums);
ob_start();
include APP_ROOT . '/templates/report.php';
send_html(200, 'Departures', ob_get_clean());
