<?php
/**
 * From a clean flight to the record that the consumers of flights.v1 know.
 */

function flight_key($f)
{
    return sprintf('%s%d-%04d%02d%02d', $f['carrier'], $f['flight'], $f['year'], $f['month'], $f['day']);
}

function enrich($f, $id, $received_at)
{
    global $repairs, $warnings, $client;
    $airline = lookup('airlines', $f['carrier']);
    return array(
        'schema' => 1,
        'id' => $id,
        'received_at' => $received_at,
        'key' => flight_key($f),
        'status' => $f['status'],
        'carrier' => array('code' => $f['carrier'], 'name' => $airline['name']),
        'flight' => $f['flight'],
        'codeshares' => $f['codeshares'],
        'date' => sprintf('%04d-%02d-%02d', $f['year'], $f['month'], $f['day']),
        'weekday' => date('l', mktime(12, 0, 0, $f['month'], $f['day'], $f['year'])),
        'origin' => enrich_airport($f['origin']),
        'dest' => enrich_airport($f['dest']),
        'divert_to' => $f['divert_to'] === null ? null : enrich_airport($f['divert_to']),
        'gate' => $f['gate'],
        'terminal' => $f['terminal'],
        'plane' => enrich_plane($f),
        'scheduled' => array(
            'departure' => enrich_time($f, 'origin', 'sched_dep_time', null),
            'arrival' => enrich_time($f, 'dest', 'sched_arr_time', 'sched_dep_time'),
        ),
        'actual' => array(
            'departure' => enrich_time($f, 'origin', 'dep_time', null),
            'arrival' => enrich_time($f, 'dest', 'arr_time', 'dep_time'),
        ),
        'hour_utc' => $f['time_hour'],
        'delays' => array('departure' => $f['dep_delay'], 'arrival' => $f['arr_delay'], 'reasons' => $f['delay_reasons']),
        'cancelled' => (bool) $f['cancelled'],
        'cancel_code' => $f['cancel_code'],
        'air_time' => $f['air_time'],
        'distance' => $f['distance'],
        'distance_km' => $f['distance'] === null ? null : round($f['distance'] * 1.609344, 1),
        'mph' => $f['air_time'] ? round($f['distance'] / ($f['air_time'] / 60), 1) : null,
        'pax' => $f['pax'],
        'load' => enrich_load($f),
        'fuel_kg' => $f['fuel_kg'],
        'fare' => $f['fare'] === null ? null : $f['fare'] . ' ' . $f['currency'],
        'crew' => $f['crew'],
        'remarks' => $f['remarks'],
        'contact' => $f['contact'],
        'filed_at' => $f['filed_at'],
        'ref' => $f['ref'],
        'source' => $f['source'],
        'client' => array('version' => $client['version'], 'agent' => substr($client['agent'], 0, 40)),
        // holes stay here, too: consumers have coped with the object since 2014
        'repairs' => array_unique($repairs),
        'warnings' => count($warnings),
    );
}

function enrich_airport($faa)
{
    global $islands;
    $row = lookup('airports', $faa);
    if ($row === null) {
        return array('faa' => $faa, 'name' => val($islands, $faa), 'zone' => airport_zone($faa));
    }
    return array(
        'faa' => $faa,
        'name' => $row['name'],
        'lat' => (float) $row['lat'],
        'lon' => round($row['lon'], 4),
        'zone' => airport_zone($faa),
    );
}

function enrich_plane($f)
{
    $plane = $f['tailnum'] === null ? null : lookup('planes', $f['tailnum']);
    if ($plane === null) {
        return array('tailnum' => $f['tailnum']);
    }
    return array(
        'tailnum' => $f['tailnum'],
        'maker' => ucwords(strtolower($plane['manufacturer'])),
        'model' => $plane['model'],
        'built' => is_numeric($plane['year']) ? (int) $plane['year'] : null,
        'seats' => (int) $plane['seats'],
        'engine' => $plane['engine'],
    );
}

/** Local and UTC; an arrival before its departure is of the next day. */
function enrich_time($f, $airport, $time, $after)
{
    if ($f[$time] === null) {
        return null;
    }
    $zone = airport_zone($f[$airport]);
    $ts = local_timestamp($zone, $f['year'], $f['month'], $f['day'], $f[$time]);
    // a flight that left after midnight belongs to the day before by its schedule
    if ($time == 'dep_time' && $f['dep_delay'] > 0 && $f['dep_time'] < $f['sched_dep_time']) {
        $ts = local_timestamp($zone, $f['year'], $f['month'], $f['day'] + 1, $f[$time]);
    }
    if ($after !== null && $f[$after] !== null) {
        $left = enrich_time($f, 'origin', $after, null);
        if ($ts < $left['unix']) {
            $ts = local_timestamp($zone, $f['year'], $f['month'], $f['day'] + 1, $f[$time]);
        }
    }
    return array('local' => date_in($zone, 'Y-m-d\TH:i:sP', $ts), 'utc' => gmdate('Y-m-d H:i', $ts), 'unix' => $ts);
}

function enrich_load($f)
{
    $plane = $f['tailnum'] === null ? null : lookup('planes', $f['tailnum']);
    if ($plane === null || empty($f['pax'])) {
        return null;
    }
    return number_format($f['pax'] / $plane['seats'] * 100, 1) . '%';
}
