<?php
/**
 * Answers.
 */

function status_text($status)
{
    $texts = array(
        200 => 'OK', 202 => 'Accepted', 206 => 'Partial Content', 302 => 'Found', 304 => 'Not Modified',
        400 => 'Bad Request', 401 => 'Unauthorized', 404 => 'Not Found', 405 => 'Method Not Allowed',
        413 => 'Payload Too Large', 415 => 'Unsupported Media Type', 416 => 'Range Not Satisfiable',
        422 => 'Unprocessable Entity', 500 => 'Internal Server Error', 503 => 'Service Unavailable',
    );
    return isset($texts[$status]) ? $texts[$status] : 'Unknown';
}

function send_status($status)
{
    header('HTTP/1.1 ' . $status . ' ' . status_text($status));
}

function send_json($status, $body)
{
    send_status($status);
    header('Content-Type: application/json');
    header('Cache-Control: no-cache, must-revalidate');
    echo $body;
}

function send_html($status, $title, $html)
{
    send_status($status);
    header('Content-Type: text/html; charset=utf-8');
    include APP_ROOT . '/templates/layout.php';
}

function redirect($to)
{
    send_status(302);
    header('Location: ' . $to);
}

function method_not_allowed($allow)
{
    header('Allow: ' . $allow);
    send_json(405, to_json(array('error' => 'method not allowed', 'allow' => explode(', ', $allow))));
}

function not_found($path)
{
    send_html(404, 'Not found', '<h1>Not found</h1><p>There is no <code>' . h($path) . '</code> here.</p>');
}
