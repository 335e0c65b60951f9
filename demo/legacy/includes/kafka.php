<?php
/**
 * Kafka by librdkafka over FFI: Debian has no php-rdkafka for the new hosts (2021).
 *
 * One producer a worker process. FFI forgets everything at the end of a request, but librdkafka's
 * threads go on, so the library is pinned in memory (RTLD_NODELETE) and the producer's address is
 * kept in the process' own environment, where the next request of this worker finds it.
 */

function kafka_library()
{
    static $kafka = null;
    if ($kafka === null) {
        $libc = kafka_libc();
        $libc->dlopen('librdkafka.so.1', 0x1002); // RTLD_NOW | RTLD_NODELETE
        $kafka = FFI::cdef(file_get_contents(APP_ROOT . '/includes/librdkafka.h'), 'librdkafka.so.1');
    }
    return $kafka;
}

function kafka_libc()
{
    static $libc = null;
    if ($libc === null) {
        $libc = FFI::cdef('
            void *dlopen(const char *file, int mode);
            char *getenv(const char *name);
            int setenv(const char *name, const char *value, int overwrite);
            int unsetenv(const char *name);
        ');
    }
    return $libc;
}

/** The producer of this process for these brokers; null and a text in $error if there is none. */
function kafka_producer($brokers, &$error)
{
    $kafka = kafka_library();
    $known = kafka_libc()->getenv('FLIGHT_INTAKE_PRODUCER');
    if ($known !== null) {
        list($pid, $address, $for) = explode(' ', FFI::string($known), 3);
        if ($pid == getmypid() && $for == $brokers) {
            $number = FFI::new('uintptr_t');
            $number->cdata = intval($address);
            $producer = $kafka->new('rd_kafka_t *');
            FFI::memcpy(FFI::addr($producer), FFI::addr($number), FFI::sizeof($number));
            return $producer;
        }
    }
    $message = FFI::new('char[512]');
    $conf = $kafka->rd_kafka_conf_new();
    $settings = array(
        'bootstrap.servers' => $brokers,
        'client.id' => 'flight-intake',
        'linger.ms' => '0',
        'socket.nagle.disable' => 'true',
        'message.timeout.ms' => '5000',
        'topic.metadata.refresh.sparse' => 'true',
    );
    foreach ($settings as $name => $value) {
        $kafka->rd_kafka_conf_set($conf, $name, $value, $message, 512);
    }
    $kafka->rd_kafka_conf_set_events($conf, 1); // RD_KAFKA_EVENT_DR: reports by queue, no callbacks from its threads
    $producer = $kafka->rd_kafka_new(0, $conf, $message, 512);
    if ($producer === null) {
        $error = FFI::string($message);
        return null;
    }
    $number = FFI::cast('uintptr_t', $producer)->cdata;
    kafka_libc()->setenv('FLIGHT_INTAKE_PRODUCER', getmypid() . ' ' . $number . ' ' . $brokers, 1);
    if (PHP_SAPI == 'cli') {
        register_shutdown_function('kafka_close', $producer);
    }
    return $producer;
}

/** Sends one record and waits for the brokers' word. True, or false and a text in $error. */
function kafka_send($brokers, $topic, $key, $value, $headers, &$error)
{
    $producer = kafka_producer($brokers, $error);
    if ($producer === null) {
        return false;
    }
    $kafka = kafka_library();
    $list = $kafka->rd_kafka_headers_new(count($headers));
    foreach ($headers as $name => $text) {
        $kafka->rd_kafka_header_add($list, $name, strlen($name), $text, strlen($text));
    }
    // topic, key, value, headers, flags (copy), end: the vtypes of rdkafka.h
    $code = $kafka->rd_kafka_producev($producer, 1, $topic, 5, $key, strlen($key), 4, $value, strlen($value), 10, $list, 7, 2, 0);
    if ($code != 0) {
        $kafka->rd_kafka_headers_destroy($list);
        $error = $kafka->rd_kafka_err2str($code);
        return false;
    }
    return kafka_wait($kafka, $producer, $error);
}

/** The delivery report of the one record that is on its way. */
function kafka_wait($kafka, $producer, &$error)
{
    $queue = $kafka->rd_kafka_queue_get_main($producer);
    $error = 'no answer within 6 s';
    $delivered = false;
    $until = microtime(true) + 6;
    while (microtime(true) < $until) {
        $event = $kafka->rd_kafka_queue_poll($queue, 250);
        if ($event === null) {
            continue;
        }
        $message = $kafka->rd_kafka_event_type($event) == 1 ? $kafka->rd_kafka_event_message_next($event) : null;
        if ($message !== null) {
            $code = $message[0]->err;
            $delivered = $code == 0;
            $error = $delivered ? '' : $kafka->rd_kafka_err2str($code);
        }
        $kafka->rd_kafka_event_destroy($event);
        if ($message !== null) {
            break;
        }
    }
    $kafka->rd_kafka_queue_destroy($queue);
    return $delivered;
}

/** The command line ends after one request; its producer must end before. */
function kafka_close($producer)
{
    kafka_libc()->unsetenv('FLIGHT_INTAKE_PRODUCER');
    kafka_library()->rd_kafka_destroy($producer);
}

/** Sends to Kafka, or to a file where there is none (KAFKA_FILE: one JSON line a record). */
function publish($topic, $key, $value, $headers, &$error)
{
    $brokers = getenv('KAFKA_BROKERS');
    if ($brokers) {
        return kafka_send($brokers, $topic, $key, $value, $headers, $error);
    }
    $file = getenv('KAFKA_FILE');
    if (!$file) {
        $error = 'neither KAFKA_BROKERS nor KAFKA_FILE is set';
        return false;
    }
    $line = to_json(array('topic' => $topic, 'key' => $key, 'headers' => $headers, 'value' => $value)) . "\n";
    if (file_put_contents($file, $line, FILE_APPEND | LOCK_EX) !== strlen($line)) {
        $error = 'cannot write ' . $file;
        return false;
    }
    return true;
}
