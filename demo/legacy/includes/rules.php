<?php
/**
 * What the rule files are written with: a rule is asked by fires(), and then fails, warns or repairs.
 */

$errors = array();
$warnings = array();
$repairs = array();
$coverage = array();

/** Does this rule fire? Truth is PHP's: 0, '', '0', null and array() don't. */
function fires($code, $condition)
{
    if ($GLOBALS['rule_coverage'] !== null) {
        $key = $code . ($condition ? ' fired' : ' quiet');
        $GLOBALS['coverage'][$key] = isset($GLOBALS['coverage'][$key]) ? $GLOBALS['coverage'][$key] + 1 : 1;
    }
    return (bool) $condition;
}

function err($code, $field, $message, $value = null)
{
    global $errors;
    $errors[] = array('code' => $code, 'field' => $field, 'message' => $message, 'value' => $value);
}

function warn($code, $field, $message)
{
    global $warnings;
    $warnings[] = array('code' => $code, 'field' => $field, 'message' => $message);
}

/** A silent repair: the client never hears of it, the record keeps the code. */
function fix($code)
{
    global $repairs;
    $repairs[] = $code;
}

function rules_reset()
{
    global $errors, $warnings, $repairs, $coverage;
    $errors = $warnings = $repairs = $coverage = array();
}

/** One line a request: "F001 fired=1 F002 quiet=3 ...". */
function write_coverage()
{
    global $coverage, $rule_coverage;
    if ($rule_coverage !== null && $coverage) {
        $line = array();
        foreach ($coverage as $key => $times) {
            $line[] = $key . '=' . $times;
        }
        file_put_contents($rule_coverage, implode(';', $line) . "\n", FILE_APPEND | LOCK_EX);
    }
}
