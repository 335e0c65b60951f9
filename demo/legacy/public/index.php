<?php
/**
 * Flight intake - front controller.
 */

require dirname(dirname(__FILE__)) . '/includes/config.php';
require APP_ROOT . '/includes/functions.php';
require APP_ROOT . '/includes/http.php';
require APP_ROOT . '/includes/tables.php';
require APP_ROOT . '/includes/session.php';

function app_failed($e)
{
    error_log('flight-intake: ' . $e->getMessage() . ' in ' . $e->getFile() . ':' . $e->getLine());
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    send_html(500, 'Error', '<h1>Something broke</h1><p>We have been told. Please try again later.</p>');
}
set_exception_handler('app_failed');
ob_start();

header('X-Powered-By: Flight Intake');
header('X-App-Version: ' . APP_VERSION);

$path = parse_url('http://x' . $_SERVER['REQUEST_URI'], PHP_URL_PATH);
$path = $path === '/' || !is_string($path) ? '/' : rtrim($path, '/');
$method = $_SERVER['REQUEST_METHOD'] == 'HEAD' ? 'GET' : $_SERVER['REQUEST_METHOD'];

// path => (page, methods)
$pages = array(
    '/' => array('home', 'GET'),
    '/healthz' => array('healthz', 'GET'),
    '/v1/flights' => array('flights', 'POST'),
    '/v1/flights/recent' => array('recent', 'GET'),
    '/login' => array('login', 'GET, POST'),
    '/logout' => array('logout', 'GET, POST'),
    '/account' => array('account', 'GET'),
    '/counter' => array('counter', 'GET'),
    '/report' => array('report', 'GET'),
    '/upload' => array('upload', 'POST'),
    '/slow' => array('slow', 'GET'),
    '/boom' => array('boom', 'GET, POST'),
);

if (preg_match('#^/v1/airports/([^/]+)$#', $path, $match)) {
    $page = array('airport', 'GET');
} elseif (preg_match('#^/download/([a-z0-9.-]+)$#', $path, $match)) {
    $page = array('download', 'GET');
} else {
    $page = isset($pages[$path]) ? $pages[$path] : null;
}

if ($page === null) {
    not_found($path);
} elseif (!in_array($method, explode(', ', $page[1]))) {
    method_not_allowed($page[1]);
} else {
    require APP_ROOT . '/pages/' . $page[0] . '.php';
}
ob_end_flush();
