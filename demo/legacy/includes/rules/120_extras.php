<?php
/**
 * What only some feeds send: passengers, fuel, fares, remarks, partners, crews.
 */

function rules_extras($f)
{
    if (fires('F163', $f['pax'] > 853)) {
        err('F163', 'pax', 'are more than any plane holds', $f['pax']);
    } elseif (fires('F164', $f['pax'] === 0 && !$f['cancelled'])) {
        warn('F164', 'pax', 'a flight without passengers');
    }
    $f = rules_fuel($f);
    $f = rules_fare($f);
    $f = rules_remarks($f);
    $f = rules_codeshares($f);
    $f = rules_crew($f);
    return rules_reference($f);
}

/** 5400, "5400.5", "5.400,5" (the European offices), "5 400 kg", "1e3" */
function rules_fuel($f)
{
    if ($f['fuel_kg'] === null) {
        return $f;
    }
    $fuel = preg_replace('/\s*kg$/i', '', $f['fuel_kg']);
    if (fires('F165', preg_match('/^\d{1,3}(\.\d{3})*,\d+$/', $fuel))) {
        $fuel = str_replace(array('.', ','), array('', '.'), $fuel);
        fix('F165');
    }
    $fuel = str_replace(' ', '', $fuel);
    if (fires('F166', !is_numeric($fuel))) {
        err('F166', 'fuel_kg', 'must be a number', $f['fuel_kg']);
        $f['fuel_kg'] = null;
        return $f;
    }
    $fuel = floatval($fuel);
    if (fires('F167', $fuel < 0 || $fuel > 250000)) {
        err('F167', 'fuel_kg', 'must be 0 to ' . number_format(250000) . ', not ' . $fuel, $fuel);
    }
    if (fires('F168', $f['distance'] && $fuel / $f['distance'] < 0.5)) {
        warn('F168', 'fuel_kg', round($fuel / $f['distance'], 3) . ' kg a mile is a glider');
    }
    $f['fuel_kg'] = round($fuel, 2);
    return $f;
}

function rules_fare($f)
{
    if ($f['fare'] === null) {
        return $f;
    }
    if (fires('F169', preg_match('/^([$]|USD|EUR|CAD|GBP)\s*([\d.,]+)$/', $f['fare'], $m))) {
        $f['fare'] = $m[2];
        $f['currency'] = $m[1] == '$' ? 'USD' : $m[1];
        fix('F169');
    }
    $fare = str_replace(',', '', $f['fare']);
    if (fires('F170', !is_numeric($fare))) {
        err('F170', 'fare', 'must be an amount', $f['fare']);
        return $f;
    }
    if (fires('F171', $fare < 0 || $fare >= 100000)) {
        err('F171', 'fare', 'must be 0 to 99,999.99', $f['fare']);
    }
    if (fires('F172', $f['currency'] === null)) {
        $f['currency'] = 'USD';
        fix('F172');
    } elseif (fires('F173', !in_array(strtoupper($f['currency']), array('USD', 'EUR', 'CAD', 'GBP')))) {
        err('F173', 'currency', 'is not traded here', $f['currency']);
    }
    $f['currency'] = strtoupper($f['currency']);
    $f['fare'] = number_format($fare, 2, '.', '');
    return $f;
}

/** Texts for people end up in web pages, so they are made harmless here (and again there, see ticket 881). */
function rules_remarks($f)
{
    if ($f['remarks'] === null) {
        return $f;
    }
    $text = preg_replace('/\s+/', ' ', strip_tags($f['remarks']));
    if (fires('F174', $text !== $f['remarks'])) {
        fix('F174');
    }
    foreach (array('test', 'asdf', 'lorem ipsum') as $word) {
        if (fires('F175', stripos($text, $word) !== false && strlen($text) < 40)) {
            err('F175', 'remarks', 'looks like a test: ' . h($text), $text);
            break;
        }
    }
    // 255 is the column's width, in bytes: a cut letter makes the field null in JSON
    if (fires('F176', strlen($text) > 255)) {
        $text = substr($text, 0, 255);
        fix('F176');
    }
    $f['remarks'] = h($text) === '' ? $text : h($text);
    return $f;
}

/** "LH7601, ac 3011" or a list of them */
function rules_codeshares($f)
{
    if ($f['codeshares'] === null) {
        return $f;
    }
    $list = $f['codeshares'];
    if (fires('F177', !is_array($list))) {
        $list = preg_split('/[,;\/]+/', (string) $list, -1, PREG_SPLIT_NO_EMPTY);
        fix('F177');
    }
    $clean = array();
    foreach ($list as $item) {
        $code = strtoupper(str_replace(' ', '', $item));
        if (fires('F178', !preg_match('/^[A-Z0-9]{2}\d{1,4}$/', $code))) {
            err('F178', 'codeshares', h($item) . ' is no flight number', $item);
        } elseif (fires('F179', substr($code, 0, 2) == $f['carrier'])) {
            warn('F179', 'codeshares', $code . ' is of the carrier itself');
        } else {
            $clean[] = $code;
        }
    }
    if (fires('F180', count($clean) > 8)) {
        err('F180', 'codeshares', 'at most 8', count($clean));
    }
    // holes stay: array_unique() keeps the keys, so a double makes an object in JSON
    $f['codeshares'] = array_unique($clean);
    if (fires('F181', count($f['codeshares']) < count($clean))) {
        fix('F181');
    }
    return $f;
}

function rules_crew($f)
{
    if ($f['crew'] === null) {
        return $f;
    }
    $crew = is_array($f['crew']) ? $f['crew'] : explode(',', (string) $f['crew']);
    $names = array();
    foreach ($crew as $role => $name) {
        $name = ucwords(strtolower(trim($name)));
        if (fires('F182', $name === '')) {
            continue;
        }
        if (fires('F183', preg_match('/[0-9_@]/', $name))) {
            err('F183', 'crew.' . $role, 'is no name', $name);
        }
        $names[$role] = $name;
    }
    if (fires('F184', count($names) == 1)) {
        err('F184', 'crew', 'nobody flies alone', $names);
    }
    $f['crew'] = $names;
    return $f;
}

/** Six letters or digits, the last a check digit: crc32 of the others. */
function rules_reference($f)
{
    if ($f['ref'] === null) {
        return $f;
    }
    $ref = str_pad(strtoupper($f['ref']), 6, '0', STR_PAD_LEFT);
    if (fires('F185', !ctype_alnum($ref) || strlen($ref) != 6)) {
        err('F185', 'ref', 'must be six letters or digits', $f['ref']);
    } elseif (fires('F186', substr($ref, -1) != sprintf('%u', crc32(substr($ref, 0, 5))) % 10)) {
        err('F186', 'ref', 'has a wrong check digit', $ref);
    }
    $f['ref'] = $ref;
    return $f;
}
