<?php
/**
 * What became of the flight: cancelled, diverted, flown.
 */

function rules_status($f)
{
    $f = rules_cancelled($f);
    $f = rules_diverted($f);
    if (fires('F148', $f['status'] === null)) {
        $f['status'] = $f['cancelled'] ? 'cancelled' : ($f['diverted'] ? 'diverted' : ($f['arr_time'] !== null ? 'landed' : 'departed'));
        fix('F148');
        return $f;
    }
    $status = strtolower($f['status']);
    $old = array('cnl' => 'cancelled', 'canceled' => 'cancelled', 'arr' => 'landed', 'arrived' => 'landed', 'dep' => 'departed', 'div' => 'diverted');
    if (fires('F149', isset($old[$status]))) {
        $status = $old[$status];
        fix('F149');
    }
    if (fires('F150', !in_array($status, array('landed', 'departed', 'cancelled', 'diverted')))) {
        err('F150', 'status', 'is unknown', $f['status']);
    } elseif (fires('F151', $status == 'landed' && $f['arr_time'] === null)) {
        err('F151', 'status', 'landed, but when?', $f['status']);
    } elseif (fires('F152', ($status == 'cancelled') != (bool) $f['cancelled'])) {
        err('F152', 'status', 'and cancelled differ', $f['status']);
    }
    $f['status'] = $status;
    return $f;
}

function rules_cancelled($f)
{
    if (fires('F153', $f['cancelled'] && $f['arr_time'] !== null)) {
        err('F153', 'cancelled', 'but arrived', $f['arr_time']);
    }
    // most feeds just leave the departure out
    if (fires('F154', !$f['cancelled'] && $f['dep_time'] === null)) {
        if (fires('F155', $f['cancelled'] === false)) {
            err('F155', 'dep_time', 'neither departed nor cancelled');
        } else {
            $f['cancelled'] = true;
            fix('F154');
        }
    }
    if ($f['cancel_code'] === null) {
        return $f;
    }
    $code = strtoupper($f['cancel_code']);
    if (fires('F156', is_numeric($code) && $code >= 1 && $code <= 4)) {
        $code = chr(64 + $code);
        fix('F156');
    }
    if (fires('F157', !in_array($code, array('A', 'B', 'C', 'D', 0)))) {
        err('F157', 'cancel_code', 'must be A to D', $f['cancel_code']);
    } elseif (fires('F158', !$f['cancelled'])) {
        err('F158', 'cancel_code', 'but not cancelled', $f['cancel_code']);
    }
    $f['cancel_code'] = $code;
    return $f;
}

function rules_diverted($f)
{
    if (fires('F159', !$f['diverted'] && $f['divert_to'] !== null)) {
        $f['diverted'] = true;
        fix('F159');
    }
    if (!$f['diverted']) {
        return $f;
    }
    if (fires('F160', $f['cancelled'])) {
        err('F160', 'diverted', 'but cancelled', true);
    }
    if ($f['divert_to'] === null) {
        return $f;
    }
    $to = airport_code($f['divert_to']);
    if (fires('F161', lookup('airports', $to) === null)) {
        err('F161', 'divert_to', 'is in no list of airports', $f['divert_to']);
    } elseif (fires('F162', $to == $f['dest'])) {
        err('F162', 'divert_to', 'is the destination', $to);
    }
    $f['divert_to'] = $to;
    return $f;
}
