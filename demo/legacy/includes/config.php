<?php
/**
 * Flight intake - configuration.
 *
 * 2009-11-02 mk  first version
 * 2014-06-20 mk  paths from the environment, for the new hosts
 * 2021-03-15 jr  runs under PHP 8; error_reporting lowered once more
 */

define('APP_VERSION', '4.17.2');
define('APP_ROOT', dirname(dirname(__FILE__)));
define('DATA_DIR', getenv('DATA_DIR') ? getenv('DATA_DIR') : dirname(APP_ROOT) . '/data');
define('CACHE_DIR', getenv('CACHE_DIR') ? getenv('CACHE_DIR') : sys_get_temp_dir() . '/flight-intake-' . posix_geteuid());
define('MAX_BODY', 65536);
define('MAX_ERRORS', 20);
define('FLIGHTS_TOPIC', 'flights.v1');

// where old code may tell what it does; read once, everything below is costless when unset
$rule_coverage = getenv('RULE_COVERAGE') ? getenv('RULE_COVERAGE') : null;

ini_set('display_errors', '0');
ini_set('log_errors', '1');
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE & ~E_WARNING);
date_default_timezone_set('America/New_York');

// users of the back office (bcrypt, cost 6: the old hosts were slow)
$users = array(
    'ops'    => array('name' => 'Operations Desk', 'hash' => '$2y$06$hbIWpRIp1F8eDa/D9nvWLOW0IqKksYhFVDKxUTnLWd16kj8YZcgcC'),
    'renee'  => array('name' => "Ren\xC3\xA9e O'Neill <dispatch>", 'hash' => '$2y$06$3gtKFpUzBtrYVo8yzyLWR.XzaYndHLvVPHB9OajGqlgR4ZwCC2f4q'),
);
