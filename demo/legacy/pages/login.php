<?php
/**
 * The login form. Users: config.php.
 */

$status = 200;
$name = isset($_POST['name']) && is_string($_POST['name']) ? $_POST['name'] : '';
$problem = '';
if ($method == 'POST') {
    session_begin();
    if (log_in($name, val($_POST, 'password', ''))) {
        session_regenerate_id(true);
        $_SESSION['user'] = $name;
        $_SESSION['since'] = now();
        $_SESSION['visits'] = 0;
        setcookie('last_user', $name, now() + 30 * 86400, '/');
        redirect('/account');
        return;
    }
    $status = 401;
    $problem = '<p class="problem">Wrong name or password.</p>';
}
send_html($status, 'Log in', '<h1>Log in</h1>' . $problem
    . '<form method="post" action="/login"><input name="name" value="' . h($name) . '">'
    . '<input name="password" type="password"><button>Log in</button></form>');
