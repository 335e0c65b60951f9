<?php
/**
 * Tail numbers and what the register says of the plane.
 */

// carriers whose fleet numbers stand in for registrations (AA: N3EGAA, MQ: N0EGMQ)
$fleet_numbers = array('AA' => 'AA', 'MQ' => 'MQ', 'WN' => 'SW');

function rules_planes($f)
{
    if (fires('F124', $f['tailnum'] === null)) {
        if (fires('F125', !empty($f['dep_time']))) {
            err('F125', 'tailnum', 'departed without a plane');
        }
        return $f;
    }
    $tail = str_replace(array('-', ' '), '', strtoupper($f['tailnum']));
    if (fires('F126', $tail !== $f['tailnum'])) {
        fix('F126');
    }
    if (fires('F127', ctype_digit($tail[0]) && lookup('planes', 'N' . $tail) !== null)) {
        $tail = 'N' . $tail;
        fix('F127');
    }
    $f['tailnum'] = $tail;
    if (fires('F128', !registration_like($tail, $f['carrier']))) {
        err('F128', 'tailnum', 'is no registration', $tail);
        return $f;
    }
    $plane = lookup('planes', $tail);
    if (fires('F129', $plane === null)) {
        if (fires('F130', !isset($GLOBALS['fleet_numbers'][$f['carrier']]))) {
            warn('F130', 'tailnum', $tail . ' is not in the register');
        }
        return $f;
    }
    return rules_register($f, $plane);
}

function registration_like($tail, $carrier)
{
    global $fleet_numbers;
    if (preg_match('/^N[1-9]\d{0,4}$|^N[1-9]\d{0,3}[A-Z]$|^N[1-9]\d{0,2}[A-HJ-NP-Z]{2}$/', $tail)) {
        return true;
    }
    return isset($fleet_numbers[$carrier]) && strlen($tail) == 6 && substr($tail, -2) == $fleet_numbers[$carrier];
}

function rules_register($f, $plane)
{
    if (fires('F131', intval($plane['year']) > $f['year'])) {
        err('F131', 'tailnum', 'was built in ' . $plane['year'], $f['tailnum']);
    }
    if (fires('F132', $plane['year'] != 'NA' && $f['year'] - $plane['year'] > 50)) {
        warn('F132', 'tailnum', sprintf('is %d years old', $f['year'] - $plane['year']));
    }
    if (fires('F133', $f['pax'] > $plane['seats'])) {
        err('F133', 'pax', $f['pax'] . ' passengers on ' . $plane['seats'] . ' seats', $f['pax']);
    }
    // the register has helicopters under some airliners' numbers: believed only on short hops
    if (fires('F134', $plane['type'] == 'Rotorcraft' && $f['distance'] > 3000)) {
        err('F134', 'tailnum', 'is a ' . $plane['model'] . ': not over the sea', $f['tailnum']);
    }
    if (fires('F135', $plane['engines'] == 1 && $f['distance'] > 2700)) {
        warn('F135', 'tailnum', 'has a single engine (' . $plane['engine'] . ')');
    }
    if (fires('F136', $f['aircraft'] !== null && stripos($plane['manufacturer'] . ' ' . $plane['model'], $f['aircraft']) === false)) {
        warn('F136', 'aircraft', 'the register says ' . ucwords(strtolower($plane['manufacturer'])) . ' ' . $plane['model']);
    }
    if (fires('F137', $plane['manufacturer'] == 'CESSNA' && $f['pax'] !== null && $f['pax'] > 5)) {
        err('F137', 'pax', 'do not fit into a ' . $plane['model'], $f['pax']);
    }
    return $f;
}
