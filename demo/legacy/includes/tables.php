<?php
/**
 * Reference tables. They come as CSV; parsing them in each request was too slow (2011), so the parsed
 * table lies beside as a PHP file, which opcache keeps in memory. A newer CSV replaces it.
 */

$tables = array();

/** A table by name, keyed by its first column. */
function table($name)
{
    global $tables;
    if (!isset($tables[$name])) {
        $tables[$name] = cached($name, DATA_DIR . '/' . $name . '.csv', 'read_table');
    }
    return $tables[$name];
}

/** The row of a table, or null. Keys are what the client sent: anything. */
function lookup($name, $key)
{
    $rows = table($name);
    return is_string($key) && isset($rows[$key]) ? $rows[$key] : null;
}

/** The first departures of January, as they came. */
function sample_flights()
{
    return cached('sample', DATA_DIR . '/flights-2013-01.csv.gz', 'read_sample');
}

function cached($name, $source, $reader)
{
    if (!is_dir(CACHE_DIR)) {
        @mkdir(CACHE_DIR, 0700, true);
    }
    // somebody else's folder could hold somebody else's code (audit of 2016)
    if (fileowner(CACHE_DIR) !== posix_geteuid()) {
        return call_user_func($reader, $source);
    }
    $file = CACHE_DIR . '/' . $name . '-' . md5($source . filemtime($source) . APP_VERSION) . '.php';
    if (!is_file($file)) {
        $new = tempnam(CACHE_DIR, 'new');
        file_put_contents($new, '<?php return ' . var_export(call_user_func($reader, $source), true) . ";\n");
        rename($new, $file);
    }
    return include $file;
}

function read_table($source)
{
    $rows = array();
    $in = fopen($source, 'r');
    $names = fgetcsv($in, 0, ',', '"', '\\');
    while (($row = fgetcsv($in, 0, ',', '"', '\\')) !== false) {
        $rows[$row[0]] = array_combine($names, $row);
    }
    fclose($in);
    return $rows;
}

function read_sample($source)
{
    $rows = array();
    $in = gzopen($source, 'r');
    $names = explode(',', trim(gzgets($in)));
    while (count($rows) < 2000 && ($line = gzgets($in)) !== false) {
        $rows[] = array_combine($names, explode(',', trim($line)));
    }
    gzclose($in);
    return $rows;
}
