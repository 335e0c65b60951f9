//! What a stranger sends costs time linear in its length: each row of the tables is measured with an input and with one sixteen times
//! as long.
//!
//! The clock is the thread's own, and the least of several measurements counts: what else the machine does is no fault.

mod linear_support;

use std::collections::BTreeSet;

use legacy_compat::{Php, Value, call};
use linear_support::encodings::{self, call as run};
use linear_support::{ENOUGH, SHORT, TIMES, VERSIONS, arrays, fault, requests, texts};

/// Elements take longer than bytes, and are many bytes each.
const SHORT_ARRAY: usize = SHORT / 5;

fn phps() -> Vec<Php> {
    VERSIONS.iter().map(|version| php(Php::new(*version))).collect()
}

/// Limits of PHP's that would hide what lies beyond them are lifted.
fn php(php: Php) -> Php {
    let mut php = php.at(1_700_000_000);
    php.max_input_vars = usize::MAX;
    php.input.max_file_uploads = u64::MAX;
    php
}

fn measure(faults: &mut Vec<String>, php: &Php, function: &str, what: &str, short: &[Value], long: &[Value]) {
    if call::exists(php, function) {
        let what = format!("{function} in {} with {what}", php.version);
        note(faults, &what, || fault(&|| run(php, function, short), &|| run(php, function, long)));
    }
}

fn note(faults: &mut Vec<String>, what: &str, find: impl FnOnce() -> Option<String>) {
    if faults.len() < ENOUGH {
        faults.extend(find().map(|fault| format!("{what}: {fault}")));
    }
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "not linear:\n{}", faults.join("\n"));
}

#[test]
fn functions_of_texts() {
    let mut faults = Vec::new();
    for php in phps() {
        for row in texts::ROWS {
            for text in row.texts {
                let [short, long] = [SHORT, SHORT * TIMES].map(|len| (row.arguments)(&text.make(len)));
                for function in row.functions.split_whitespace() {
                    measure(&mut faults, &php, function, &text.to_string(), &short, &long);
                }
            }
        }
    }
    assert_none(faults);
}

#[test]
fn functions_of_arrays() {
    let mut faults = Vec::new();
    for (what, make) in arrays::MAKERS {
        let [short, long] = [SHORT_ARRAY, SHORT_ARRAY * TIMES].map(make);
        for php in phps() {
            for row in arrays::ROWS {
                let [short, long] = [&short, &long].map(row.arguments);
                for function in row.functions.split_whitespace() {
                    measure(&mut faults, &php, function, what, &short, &long);
                }
            }
        }
    }
    assert_none(faults);
}

#[test]
fn texts_in_every_encoding() {
    let mut faults = Vec::new();
    let php = php(Php::new(legacy_compat::Version::V8_2));
    for text in encodings::TEXTS {
        let [short, long] = [SHORT, SHORT * TIMES].map(|len| text.make(len));
        for (function, arguments) in encodings::USES {
            for name in encodings::of(function) {
                let [short, long] = [&short, &long].map(|text| arguments(text, name));
                measure(&mut faults, &php, function, &format!("{text} in {name}"), &short, &long);
            }
        }
    }
    assert_none(faults);
}

#[test]
fn what_a_request_brings() {
    let mut faults = Vec::new();
    for php in phps() {
        for (what, make, work) in requests::ROWS {
            let [short, long] = [SHORT, SHORT * TIMES].map(make);
            let what = format!("{what} in {}", php.version);
            note(&mut faults, &what, || fault(&|| work(&php, &short), &|| work(&php, &long)));
        }
    }
    assert_none(faults);
}

#[test]
fn no_function_is_forgotten() {
    let tables =
        texts::ROWS.iter().map(|row| row.functions).chain(arrays::ROWS.iter().map(|row| row.functions));
    let left_out = texts::LEFT_OUT.iter().chain(arrays::LEFT_OUT).map(|(functions, _)| *functions);
    let uses = encodings::USES.iter().map(|(function, _)| *function);
    let named: BTreeSet<&str> = tables.chain(left_out).chain(uses).flat_map(str::split_whitespace).collect();
    let known: BTreeSet<&str> =
        phps().iter().flat_map(call::names).filter(|name| !name.ends_with("sleep")).collect();
    let differing: Vec<_> = known.symmetric_difference(&named).collect();
    assert!(differing.is_empty(), "in the crate or in the tables alone: {differing:?}");
}
