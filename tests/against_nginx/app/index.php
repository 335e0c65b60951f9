<?php
// What a request is, and every kind of answer that PHP gives.
$path = explode('?', $_SERVER['REQUEST_URI'])[0];
$what = explode('/', $path)[1] ?? '';
$rest = substr($path, strlen($what) + 2);
switch ($what) {
    case 'status': http_response_code((int) $rest); echo "status $rest\n"; break;
    case 'redirect': header('Location: /elsewhere?a=1&b=2', true, (int) ($rest ?: 302)); break;
    case 'location': header('Location: ' . rawurldecode($rest)); echo 'moved'; break;
    case 'cookies':
        setcookie('plain', 'value');
        setcookie('all', "a b;c", 2000000000, '/p', 'shop.example', true, true);
        setrawcookie('raw', 'a%20b');
        setcookie('gone', '', 1);
        var_export($_COOKIE);
        break;
    case 'fields':
        header('X-Twice: 1');
        header('X-Twice: 2', false);
        header('x-lower: y');
        header('X-Empty:');
        header("X-Latin: caf\xe9");
        header('Cache-Control: no-store');
        echo 'fields';
        break;
    case 'type': header('Content-Type: ' . rawurldecode($rest)); echo "\xff\x00bytes"; break;
    case 'length': header('Content-Length: 6'); echo 'length'; break;
    case 'etag':
        header('ETag: "v1"');
        header('Last-Modified: Tue, 01 Jan 2013 00:00:00 GMT');
        if (($_SERVER['HTTP_IF_NONE_MATCH'] ?? '') === '"v1"') { http_response_code(304); exit; }
        echo 'tagged';
        break;
    case 'flush': for ($i = 0; $i < 5; $i++) { echo "part $i\n"; flush(); } break;
    case 'big': echo str_repeat('0123456789', 30000); break;
    case 'empty': break;
    case 'warning': ini_set('display_errors', '1'); ini_set('html_errors', '0'); echo $undefined; echo 'after'; break;
    case 'exception': throw new Exception('boom');
    case 'fatal': no_such_function(); break;
    case 'exit': echo 'before'; exit(3);
    case 'late': header('X-Early: 1'); echo 'x'; flush(); header('X-Late: 1'); break;
    case 'input': $in = file_get_contents('php://input'); echo strlen($in), ' ', md5($in), ' ', $_SERVER['CONTENT_LENGTH'] ?? '-'; break;
    case 'auth': var_export([$_SERVER['PHP_AUTH_USER'] ?? null, $_SERVER['PHP_AUTH_PW'] ?? null, $_SERVER['AUTH_TYPE'] ?? null]); break;
    case 'unauthorized': header('WWW-Authenticate: Basic realm="x"'); http_response_code(401); echo 'who?'; break;
    case 'session': session_id('fixedfixedfixedfixedfixedf'); session_start(); $_SESSION['n'] = 1; echo session_id(); break;
    case 'gone': header_remove(); header('HTTP/1.1 410 Gone for good'); echo 'gone'; break;
    case 'finish': echo 'finished'; fastcgi_finish_request(); echo 'unseen'; break;
    case 'files':
        foreach ($_FILES as $name => $file) {
            $paths = (array) $file['tmp_name'];
            unset($file['tmp_name']);
            echo $name, ' ', json_encode($file), ' ', md5(implode('', array_map(fn ($p) => $p ? file_get_contents($p) : '', $paths))), "\n";
        }
        // no break
    default:
        ksort($_SERVER);
        foreach ($_SERVER as $name => $value) {
            if (is_string($value) || is_numeric($value)) { echo "_SERVER $name=", rawurlencode((string) $value), "\n"; }
        }
        echo json_encode([$_GET, $_POST, $_COOKIE], JSON_PARTIAL_OUTPUT_ON_ERROR), "\n";
}
