<?php
/**
 * Carriers: codes, mergers, and what each may fly.
 */

$icao_carriers = array(
    'AAL' => 'AA', 'ASA' => 'AS', 'JBU' => 'B6', 'DAL' => 'DL', 'ASQ' => 'EV', 'FFT' => 'F9', 'TRS' => 'FL',
    'HAL' => 'HA', 'ENY' => 'MQ', 'EGF' => 'MQ', 'SKW' => 'OO', 'UAL' => 'UA', 'AWE' => 'US', 'VRD' => 'VX',
    'SWA' => 'WN', 'ASH' => 'YV', 'EDV' => '9E', 'FLG' => '9E',
);

// merged or gone: carrier => (last day, who took over)
$ceased = array(
    'CO' => array('20120302', 'UA'), 'NW' => array('20100130', 'DL'), 'FL' => array('20141228', 'WN'),
    'US' => array('20151016', 'AA'), 'VX' => array('20180424', 'AS'),
);

// numbers that no carrier uses again, as the union sent them (its spreadsheet pads some)
$retired_flights = array('AA11', 'AA77', 'AA191', 'AA587', 'UA93', 'UA175', 'B6666', '9E3407', 'DL191', 'US1493', '9E044');

// the highest number of each, by the tariff office; a regional flies under its partners' blocks
$flight_blocks = array(
    'UA' => array(1, 1999), 'AA' => array(1, 2499), 'B6' => array(1, 2799), 'DL' => array(1, 2999),
    'EV' => array(2500, 6199), 'MQ' => array(2500, 4999), 'US' => array(1, 2499), 'WN' => array(1, 4999),
    'VX' => array(1, 999), 'FL' => array(1, 1999), 'AS' => array(1, 999), '9E' => array(2900, 5299),
    'F9' => array(1, 999), 'HA' => array(1, 999), 'YV' => array(2500, 6999), 'OO' => array(2500, 8999),
);

function rules_carriers($f)
{
    global $icao_carriers, $ceased;
    $carrier = strtoupper($f['carrier']);
    if (fires('F087', $carrier !== $f['carrier'])) {
        fix('F087');
    }
    if (fires('F088', isset($icao_carriers[$carrier]))) {
        $carrier = $icao_carriers[$carrier];
        fix('F088');
    }
    if (fires('F089', !preg_match('/^([A-Z][A-Z0-9]|[0-9][A-Z])$/', $carrier))) {
        err('F089', 'carrier', 'must be a code of two characters', $f['carrier']);
        return $f;
    }
    $day = sprintf('%04d%02d%02d', $f['year'], $f['month'], $f['day']);
    if (fires('F090', isset($ceased[$carrier]) && $day > $ceased[$carrier][0])) {
        if (fires('F091', $day > $ceased[$carrier][0] + 10000)) {
            err('F091', 'carrier', $carrier . ' has become ' . $ceased[$carrier][1], $f['carrier']);
        } else {
            $carrier = $ceased[$carrier][1];
            fix('F090');
        }
    }
    $f['carrier'] = $carrier;
    if (fires('F092', lookup('airlines', $carrier) === null)) {
        err('F092', 'carrier', 'is not one of ours', $carrier);
        return $f;
    }
    return rules_numbers($f);
}

function rules_numbers($f)
{
    global $retired_flights, $flight_blocks;
    list($low, $high) = $flight_blocks[$f['carrier']];
    if (fires('F093', $f['flight'] > 9999)) {
        err('F093', 'flight', 'has at most four digits', $f['flight']);
    } elseif (fires('F094', $f['flight'] >= 9000)) {
        warn('F094', 'flight', 'is a ferry flight');
    } elseif (fires('F095', $f['flight'] < $low || $f['flight'] > $high)) {
        err('F095', 'flight', sprintf('%s flies %d to %d', $f['carrier'], $low, $high), $f['flight']);
    }
    // loosely, on purpose or not: Pinnacle's 9E numbers are numeric strings
    if (fires('F096', in_array($f['carrier'] . $f['flight'], $retired_flights))) {
        err('F096', 'flight', 'is retired', $f['carrier'] . $f['flight']);
    }
    return rules_networks($f);
}

/** Where the small ones fly. */
function rules_networks($f)
{
    $route = $f['origin'] . '-' . $f['dest'];
    if (fires('F097', $f['carrier'] == 'HA' && $route != 'JFK-HNL')) {
        err('F097', 'dest', 'Hawaiian flies JFK-HNL only', $route);
    }
    if (fires('F098', $f['carrier'] == 'AS' && $f['dest'] != 'SEA' && $f['dest'] != 'PDX')) {
        err('F098', 'dest', 'Alaska flies to Seattle and Portland', $route);
    }
    if (fires('F099', $f['carrier'] == 'VX' && !in_array($f['dest'], array('LAX', 'SFO', 'LAS', 'PSP')))) {
        err('F099', 'dest', 'Virgin America flies west', $route);
    }
    if (fires('F100', $f['carrier'] == 'F9' && $f['origin'] != 'LGA')) {
        err('F100', 'origin', 'Frontier leaves from LGA', $route);
    }
    if (fires('F101', $f['carrier'] == 'WN' && $f['origin'] == 'JFK')) {
        err('F101', 'origin', 'Southwest does not fly from JFK', $route);
    }
    if (fires('F102', $f['carrier'] == 'YV' && $f['month'] >= 11)) {
        warn('F102', 'carrier', 'Mesa has no winter schedule after October');
    }
    if (fires('F103', $f['carrier'] == 'WN' && $f['month'] . '-' . $f['day'] == '12-25')) {
        warn('F103', 'day', 'Southwest flies a holiday schedule');
    }
    return $f;
}
