<?php
session_begin();
$_SESSION = array();
session_destroy();
setcookie(session_name(), '', 1, '/');
redirect('/login');
