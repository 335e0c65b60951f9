<?php
/**
 * Sessions of the back office.
 */

function session_begin()
{
    if (session_id() === '') {
        session_start();
    }
}

/** The login name of the session, or null. */
function session_user()
{
    session_begin();
    return isset($_SESSION['user']) ? $_SESSION['user'] : null;
}

function log_in($name, $password)
{
    global $users;
    if (!is_string($name) || !is_string($password) || !isset($users[$name])) {
        return false;
    }
    return password_verify($password, $users[$name]['hash']);
}
