<?php
/**
 * Which PHP this is: versions and settings, for handover. It changes nothing and reads no file.
 * Any PHP from 5.6 on runs it.
 */

$settings = array();
foreach (array(
    'precision', 'serialize_precision', 'default_charset', 'max_input_vars', 'max_input_nesting_level', 'variables_order',
    'request_order', 'arg_separator.input', 'arg_separator.output', 'enable_post_data_reading', 'register_argc_argv',
    'post_max_size', 'file_uploads', 'upload_max_filesize', 'max_file_uploads', 'max_multipart_body_parts',
    'pcre.backtrack_limit', 'pcre.recursion_limit', 'pcre.jit', 'date.timezone', 'mbstring.language', 'mbstring.internal_encoding',
    'mbstring.substitute_character', 'mbstring.strict_detection', 'mbstring.detect_order', 'mbstring.func_overload',
    'zend.assertions', 'output_buffering', 'unserialize_max_depth', 'bcmath.scale',
) as $name) {
    $settings[$name] = ini_get($name);
}
foreach (array('session', 'redis', 'memcached') as $extension) {
    $all = extension_loaded($extension) ? ini_get_all($extension, false) : array();
    foreach ($all as $name => $value) {
        // A save path may hold a password, and a server's name says nothing of PHP.
        if ($name !== 'session.save_path' && strpos($name, 'auth') === false && strpos($name, 'password') === false) {
            $settings[$name] = $value;
        }
    }
}
header('Content-Type: application/octet-stream');
echo serialize(array(
    'handover' => 1,
    'version' => PHP_VERSION,
    'int_size' => PHP_INT_SIZE,
    'os' => PHP_OS,
    'settings' => $settings,
    'timezone' => date_default_timezone_get(),
    'tzdata' => function_exists('timezone_version_get') ? timezone_version_get() : null,
    'locale' => setlocale(LC_ALL, 0),
    // Of the C libraries under PHP musl's glob() alone knows no braces.
    'musl' => !defined('GLOB_BRACE'),
    'argon2' => defined('PASSWORD_ARGON2I'),
    'pcre' => PCRE_VERSION,
    'icu' => defined('INTL_ICU_VERSION') ? INTL_ICU_VERSION : null,
    'extensions' => implode(' ', get_loaded_extensions()),
));
