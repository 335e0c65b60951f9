<?php
/**
 * A GET that writes: everybody's visits are counted in the session.
 */

session_begin();
$_SESSION['count'] = isset($_SESSION['count']) ? $_SESSION['count'] + 1 : 1;
send_json(200, to_json(array('count' => $_SESSION['count'])));
