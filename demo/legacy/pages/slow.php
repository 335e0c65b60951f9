<?php
/**
 * GET /slow?ms=200: what the old reports feel like.
 */

$ms = max(0, min(10000, intval(val($_GET, 'ms', 100))));
usleep($ms * 1000);
send_json(200, to_json(array('slept_ms' => $ms)));
