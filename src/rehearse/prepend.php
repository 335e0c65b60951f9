<?php
// Tells `handover` which lines of the application a request reached. Loaded by auto_prepend_file, in a php-fpm that handover
// runs for itself; nothing of the application is changed, and it sees nothing of this.
if (isset($_SERVER['HTTP_X_HANDOVER_REACH']) && function_exists('pcov\start')) {
    call_user_func(function ($name, $folder) {
        unset($_SERVER['HTTP_X_HANDOVER_REACH']);
        if (!preg_match('/^[0-9a-f]{1,32}$/', $name)) {
            return;
        }
        \pcov\start();
        register_shutdown_function(function () use ($name, $folder) {
            // Behind everything that the application registers.
            register_shutdown_function(function () use ($name, $folder) {
                \pcov\stop();
                $text = '';
                foreach (\pcov\collect(\pcov\inclusive, \pcov\waiting()) as $file => $lines) {
                    if ($file === __FILE__) {
                        continue;
                    }
                    $reached = $missed = array();
                    foreach ($lines as $line => $times) {
                        if ($times > 0) {
                            $reached[] = $line;
                        } else {
                            $missed[] = $line;
                        }
                    }
                    $text .= $file . "\n" . implode(',', $reached) . "\n" . implode(',', $missed) . "\n";
                }
                // Whole or not at all.
                file_put_contents("$folder/$name.new", $text);
                rename("$folder/$name.new", "$folder/$name");
            });
        });
    }, $_SERVER['HTTP_X_HANDOVER_REACH'], getenv('HANDOVER_REACH_FOLDER'));
}
