<?php
/**
 * Airports: codes, the ones that no table has, and what an airport asks of a flight.
 */

// not in the FAA's list that we bought: Puerto Rico and the Virgin Islands
$islands = array(
    'SJU' => 'San Juan Luis Munoz Marin', 'BQN' => 'Aguadilla Rafael Hernandez', 'STT' => 'St Thomas Cyril E King',
    'PSE' => 'Ponce Mercedita',
);

$cities = array('NYC' => 'EWR, JFK or LGA', 'CHI' => 'ORD or MDW', 'WAS' => 'DCA, IAD or BWI', 'HOU' => 0);

function airport_zone($faa)
{
    global $islands;
    $row = lookup('airports', $faa);
    if ($row === null || $row['tzone'] == 'NA') {
        return isset($islands[$faa]) ? 'America/Puerto_Rico' : 'America/New_York';
    }
    return $row['tzone'];
}

function rules_airports($f)
{
    $f['origin'] = airport_code($f['origin']);
    $f['dest'] = airport_code($f['dest']);
    if (fires('F104', !in_array($f['origin'], array('EWR', 'JFK', 'LGA', 'ISP', 'SWF', 'HPN')))) {
        err('F104', 'origin', 'is not a New York airport', $f['origin']);
    } elseif (fires('F105', in_array($f['origin'], array('ISP', 'SWF', 'HPN')))) {
        warn('F105', 'origin', 'outer airports are taken on trial');
    }
    $f = rules_destination($f);
    $f = rules_perimeter($f);
    return rules_stands($f);
}

/** "jfk", "KJFK", "JFK - John F Kennedy" */
function airport_code($given)
{
    $code = strtoupper($given);
    if (fires('F106', $code !== $given)) {
        fix('F106');
    }
    if (fires('F107', strpos($code, ' - '))) {
        $code = substr($code, 0, strpos($code, ' - '));
        fix('F107');
    }
    if (fires('F108', strlen($code) == 4 && $code[0] == 'K' && lookup('airports', substr($code, 1)) !== null)) {
        $code = substr($code, 1);
        fix('F108');
    }
    return $code;
}

function rules_destination($f)
{
    global $cities, $islands;
    $dest = $f['dest'];
    // isset() takes Houston, whose 0 says that HOU is Hobby, too
    if (fires('F109', !empty($cities[$dest]))) {
        err('F109', 'dest', 'is a city: say ' . $cities[$dest], $dest);
        return $f;
    }
    if (fires('F110', !preg_match('/^[A-Z0-9]{3}$/', $dest))) {
        err('F110', 'dest', 'must be three letters or digits', $dest);
        return $f;
    }
    $row = lookup('airports', $dest);
    if (fires('F111', $row === null && !isset($islands[$dest]))) {
        err('F111', 'dest', 'is in no list of airports', $dest);
        return $f;
    }
    if (fires('F112', $dest == $f['origin'])) {
        err('F112', 'dest', 'is the origin', $dest);
    } elseif (fires('F113', in_array($dest, array('EWR', 'JFK', 'LGA')))) {
        warn('F113', 'dest', 'a hop between New York airports');
    }
    if ($row !== null) {
        // strpos() finds "America/" at 0, so this is about the others
        if (fires('F114', strpos($row['tzone'], 'America/') === false && $row['tzone'] != 'Pacific/Honolulu')) {
            err('F114', 'dest', $row['name'] . ' (' . $row['tzone'] . ') is abroad or has no time', $dest);
        }
        if (fires('F115', $row['alt'] > 6000 && ($f['month'] <= 3 || $f['month'] == 12))) {
            warn('F115', 'dest', number_format($row['alt']) . ' ft: winter operations');
        }
        if (fires('F116', strpos($row['name'], 'Heliport') || stripos($row['name'], 'afb'))) {
            err('F116', 'dest', h($row['name']) . ' takes no airliners', $dest);
        }
    }
    return $f;
}

/** LaGuardia: nothing beyond 1500 miles but Denver, except on Saturdays; a curfew; DCA its own. */
function rules_perimeter($f)
{
    $weekday = date('w', mktime(12, 0, 0, $f['month'], $f['day'], $f['year']));
    if (fires('F117', $f['origin'] == 'LGA' && $f['distance'] > 1500 && $f['dest'] != 'DEN' && $weekday != 6)) {
        err('F117', 'distance', 'is beyond the perimeter of LaGuardia', $f['distance']);
    }
    if (fires('F118', $f['origin'] == 'LGA' && ($f['sched_dep_time'] < 500 || $f['sched_dep_time'] > 2300))) {
        err('F118', 'sched_dep_time', 'is in the curfew of LaGuardia', $f['sched_dep_time']);
    }
    if (fires('F119', $f['dest'] == 'DCA' && $f['sched_arr_time'] > 2200 && $f['sched_arr_time'] < 2400)) {
        warn('F119', 'sched_arr_time', 'late arrival at Washington National');
    }
    if (fires('F120', $f['dest'] == 'SNA' && $f['sched_arr_time'] !== null && $f['sched_arr_time'] < 700)) {
        err('F120', 'sched_arr_time', 'is before John Wayne opens', $f['sched_arr_time']);
    }
    return $f;
}

/** Gates and terminals. */
function rules_stands($f)
{
    if ($f['gate'] !== null) {
        $gate = strtoupper(preg_replace('/[^a-z0-9]/i', '', $f['gate']));
        if (fires('F121', preg_match('/^(\d+)([A-Z])$/', $gate, $m))) {
            $gate = $m[2] . $m[1];
            fix('F121');
        }
        if (fires('F122', !preg_match('/^[A-Z]?\d{1,3}$/', $gate))) {
            err('F122', 'gate', 'must be a letter and a number', $f['gate']);
        }
        $f['gate'] = $gate;
    }
    $terminals = array('EWR' => array('A', 'B', 'C'), 'JFK' => array(1, 2, 4, 5, 7, 8), 'LGA' => array('A', 'B', 'C', 'D'));
    if (fires('F123', $f['terminal'] !== null && isset($terminals[$f['origin']])
        && !in_array(strtoupper($f['terminal']), $terminals[$f['origin']]))) {
        err('F123', 'terminal', 'is not at ' . $f['origin'], $f['terminal']);
    }
    return $f;
}
