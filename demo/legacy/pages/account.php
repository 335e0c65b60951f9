<?php
/**
 * Who is logged in.
 */

$user = session_user();
if ($user === null) {
    redirect('/login');
} else {
    $_SESSION['visits']++;
    send_html(200, 'Account', '<h1>' . h($users[$user]['name']) . '</h1>'
        . '<p>Visit ' . $_SESSION['visits'] . ' of this session.</p><p><a href="/logout">Log out</a></p>');
}
