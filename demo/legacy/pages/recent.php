<?php
/**
 * GET /v1/flights/recent?page=2&per_page=50&carrier[]=UA&carrier[]=AA&min[distance]=500&fields[]=flight&sort=-distance
 */

$rows = sample_flights();
$carriers = array_map('strtoupper', array_filter((array) val($_GET, 'carrier', array()), 'is_string'));
$min = val($_GET, 'min', array());
$found = array();
foreach ($rows as $row) {
    if ($carriers && !in_array($row['carrier'], $carriers)) {
        continue;
    }
    foreach (is_array($min) ? $min : array() as $name => $least) {
        // "NA" is more than any number for some of these, as it always was
        if (is_string($least) && isset($row[$name]) && $row[$name] < $least) {
            continue 2;
        }
    }
    $found[] = $row;
}
$sort = val($_GET, 'sort', '');
$by = is_string($sort) ? ltrim($sort, '-') : '';
if ($by !== '' && isset($rows[0][$by])) {
    $keys = array();
    foreach ($found as $i => $row) {
        $keys[$i] = sprintf('%012s', $row[$by]);
    }
    if ($sort[0] == '-') {
        arsort($keys, SORT_STRING);
    } else {
        asort($keys, SORT_STRING);
    }
    $sorted = array();
    foreach ($keys as $i => $unused) {
        $sorted[] = $found[$i];
    }
    $found = $sorted;
}
$per_page = min(200, max(1, intval(val($_GET, 'per_page', 20))));
$page = max(1, intval(val($_GET, 'page', 1)));
$fields = array_filter((array) val($_GET, 'fields', array()), 'is_string');
$items = array();
foreach (array_slice($found, ($page - 1) * $per_page, $per_page) as $row) {
    $items[] = $fields ? array_intersect_key($row, array_flip($fields)) : $row;
}
$pages = intval(ceil(count($found) / $per_page));
$query = $_GET;
$query['page'] = $page + 1;
send_json(200, to_json(array(
    'total' => count($found),
    'page' => $page,
    'pages' => $pages,
    'next' => $page < $pages ? '/v1/flights/recent?' . http_build_query($query) : null,
    'filters' => array('carrier' => $carriers, 'min' => $min),
    'items' => $items,
)));
