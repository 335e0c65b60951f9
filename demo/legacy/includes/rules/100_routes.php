<?php
/**
 * Distance, time in the air, speed.
 */

function rules_routes($f)
{
    $from = lookup('airports', $f['origin']);
    $to = lookup('airports', $f['dest']);
    if ($from !== null && $to !== null) {
        $miles = round(great_circle($from, $to));
        if (fires('F138', $f['distance'] === null)) {
            $f['distance'] = intval($miles);
            fix('F138');
        } elseif (fires('F139', abs($f['distance'] - $miles) > max(10, $miles * 0.01))) {
            // a feed that counts in kilometres since its new owners came
            if (fires('F140', abs($f['distance'] * 0.621371 - $miles) <= max(10, $miles * 0.01))) {
                $f['distance'] = intval(round($f['distance'] * 0.621371));
                fix('F140');
            } else {
                err('F139', 'distance', sprintf('%s-%s are %s miles', $f['origin'], $f['dest'], number_format($miles)), $f['distance']);
            }
        }
    }
    if (fires('F141', $f['distance'] !== null && ($f['distance'] < 15 || $f['distance'] > 6000))) {
        err('F141', 'distance', 'must be 15 to 6,000 miles', $f['distance']);
    }
    return rules_air_time($f);
}

function rules_air_time($f)
{
    if ($f['air_time'] === null) {
        return $f;
    }
    if (fires('F142', $f['air_time'] < 15 || $f['air_time'] > 900)) {
        err('F142', 'air_time', 'must be 15 to 900 minutes', $f['air_time']);
        return $f;
    }
    if (fires('F143', $f['arr_time'] === null)) {
        err('F143', 'air_time', 'without an arrival', $f['air_time']);
        return $f;
    }
    $mph = round($f['distance'] / ($f['air_time'] / 60), 1);
    if (fires('F144', $mph > 650)) {
        err('F144', 'air_time', sprintf('%.1f mph is too fast', $mph), $mph);
    }
    if (fires('F145', $f['distance'] && $mph < 90)) {
        warn('F145', 'air_time', $mph . ' mph is slow');
    }
    $block = block_minutes($f);
    if (fires('F146', $block < $f['air_time'])) {
        err('F146', 'air_time', sprintf('%d minutes in the air, %d from gate to gate', $f['air_time'], $block), $f['air_time']);
    } elseif (fires('F147', $block - $f['air_time'] > 120)) {
        warn('F147', 'air_time', 'taxied for ' . floor(($block - $f['air_time']) / 60) . 'h' . str_pad(($block - $f['air_time']) % 60, 2, '0', STR_PAD_LEFT));
    }
    return $f;
}

/** Gate to gate, in minutes, by the zones of both airports. */
function block_minutes($f)
{
    $out = local_timestamp(airport_zone($f['origin']), $f['year'], $f['month'], $f['day'], $f['dep_time']);
    $in = local_timestamp(airport_zone($f['dest']), $f['year'], $f['month'], $f['day'], $f['arr_time']);
    return intval((($in - $out) / 60 + 2880) % 1440);
}
