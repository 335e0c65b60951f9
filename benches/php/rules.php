<?php
// Forty rules over an event. src/served/rules.rs has the same, in the same order.

function check_event($e, $campaigns)
{
    $errors = [];
    $err = function ($code, $field) use (&$errors) {
        $errors[] = ['code' => $code, 'field' => $field];
    };
    $campaign = isset($campaigns[$e['campaign']]) ? $campaigns[$e['campaign']] : null;

    if ($e['id'] === '') $err('R01', 'id');
    if (strlen($e['id']) > 64) $err('R02', 'id');
    if (!preg_match('/^[a-z0-9-]*$/D', $e['id'])) $err('R03', 'id');
    if (!in_array($e['type'], ['click', 'view', 'install', 'purchase'], true)) $err('R04', 'type');
    if ($e['campaign'] === '') $err('R05', 'campaign');
    if (!preg_match('/^c[0-9]{1,9}$/D', $e['campaign'])) $err('R06', 'campaign');
    if ($campaign === null) $err('R07', 'campaign');
    if ($campaign !== null && $campaign['active'] !== '1') $err('R08', 'campaign');
    if (!preg_match('/^[A-Z]{2}$/D', $e['country'])) $err('R09', 'country');
    if ($campaign !== null && strpos($campaign['countries'], $e['country']) === false) $err('R10', 'country');
    if (!in_array($e['device'], ['phone', 'tablet', 'desktop', 'tv'], true)) $err('R11', 'device');
    if (!in_array($e['os'], ['android', 'ios', 'windows', 'macos', 'linux', 'other'], true)) $err('R12', 'os');
    if (in_array($e['device'], ['phone', 'tablet'], true) && !in_array($e['os'], ['android', 'ios', 'other'], true)) $err('R13', 'os');
    if ($e['ts'] < 946684800) $err('R14', 'ts');
    if ($e['ts'] > 4102444800) $err('R15', 'ts');
    if ($e['price'] < 0) $err('R16', 'price');
    if ($e['price'] > 10000) $err('R17', 'price');
    if ($e['type'] === 'purchase' && $e['price'] <= 0) $err('R18', 'price');
    if (strlen($e['currency']) !== 3) $err('R19', 'currency');
    if (!in_array($e['currency'], ['EUR', 'USD', 'GBP', 'JPY', 'CHF', 'SEK', 'PLN'], true)) $err('R20', 'currency');
    if ($e['currency'] === 'JPY' && floor($e['price']) != $e['price']) $err('R21', 'price');
    if ($e['width'] < 1 || $e['width'] > 10000) $err('R22', 'width');
    if ($e['height'] < 1 || $e['height'] > 10000) $err('R23', 'height');
    if ($e['width'] * $e['height'] > 4000000) $err('R24', 'width');
    if (strncmp($e['referrer'], 'https://', 8) !== 0 && strncmp($e['referrer'], 'http://', 7) !== 0) $err('R25', 'referrer');
    if (strlen($e['referrer']) > 2048) $err('R26', 'referrer');
    if ($e['user']['id'] === '') $err('R27', 'user.id');
    if (strlen($e['user']['id']) > 64) $err('R28', 'user.id');
    if ($e['user']['age'] < 0 || $e['user']['age'] > 130) $err('R29', 'user.age');
    if ($e['user']['age'] < 13 && !$e['user']['consent']) $err('R30', 'user.consent');
    if (in_array($e['country'], ['DE', 'FR', 'IT', 'ES', 'NL', 'PL', 'SE'], true) && !$e['user']['consent']) $err('R31', 'user.consent');
    if (count($e['tags']) > 20) $err('R32', 'tags');
    foreach ($e['tags'] as $tag) {
        if (strlen($tag) > 32) { $err('R33', 'tags'); break; }
    }
    if (count(array_unique($e['tags'])) !== count($e['tags'])) $err('R34', 'tags');
    if (filter_var($e['ip'], FILTER_VALIDATE_IP, FILTER_FLAG_IPV4) === false) $err('R35', 'ip');
    if (strncmp($e['ip'], '10.', 3) === 0) $err('R36', 'ip');
    if (!preg_match('/^[a-z]{2}(-[A-Z]{2})?$/D', $e['lang'])) $err('R37', 'lang');
    if (!preg_match('/^[0-9a-f]{1,128}$/D', $e['session'])) $err('R38', 'session');
    if (!preg_match('/^[0-9]+\.[0-9]+\.[0-9]+$/D', $e['version'])) $err('R39', 'version');
    if ($e['country'] === 'US' && strlen($e['state']) !== 2) $err('R40', 'state');
    return $errors;
}
