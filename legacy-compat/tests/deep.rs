//! What a stranger's text nests as deep as may be is no danger to a thread of the usual stack, whatever is done to it, and costs
//! what its length does. An overflow ends the process: `--nocapture` shows by which function.

use std::thread;

use legacy_compat::call::{self, Ctx};
use legacy_compat::families::serialize::{serialize, unserialize};
use legacy_compat::json;
use legacy_compat::{Php, Value, Version};

/// How deep `unserialize` goes, and `json_decode` almost.
const DEEP: usize = 4096;

/// The stack of a runtime's threads, in bytes.
const STACK: usize = 2 * 1024 * 1024;

/// An array in an array, an object in an object, and objects of a class that nobody knows; serialized.
fn nested() -> [String; 3] {
    ["a:1:{i:0;", "O:8:\"stdClass\":1:{s:1:\"a\";", "O:1:\"K\":1:{s:1:\"a\";"]
        .map(|open| format!("{}i:1;{}", open.repeat(DEEP), "}".repeat(DEEP)))
}

fn on_a_usual_stack(run: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread");
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn it_is_read_and_written() {
    on_a_usual_stack(|| {
        let php = Php::new(Version::V8_2);
        for text in nested() {
            let value = unserialize(&php, text.as_bytes(), true).expect("as deep as may be");
            assert_eq!(serialize(&php, &value), text.as_bytes());
        }
        let text = [b"[".repeat(DEEP - 1), b"]".repeat(DEEP - 1)].concat();
        let decode = json::Decode { depth: usize::MAX, ..json::Decode::assoc() };
        let value = json::decode(&php, &text, decode).expect("as deep as may be");
        let inner = "a:1:{i:0;".repeat(DEEP - 2) + "a:0:{}" + &"}".repeat(DEEP - 2);
        assert_eq!(serialize(&php, &value), inner.as_bytes());
    });
}

#[test]
fn every_function_takes_it() {
    on_a_usual_stack(|| {
        for version in [Version::V7_4, Version::V8_2] {
            let php = Php::new(version);
            let lists = nested().map(|text| {
                // Two that are equal and not one: what compares them goes all the way down.
                let deep = || unserialize(&php, text.as_bytes(), true).expect("as deep as may be");
                [
                    vec![deep()],
                    vec![deep(), deep()],
                    vec![deep(), deep(), deep()],
                    vec![Value::from("abc"), deep()],
                ]
            });
            for name in call::names(&php).filter(|name| !name.ends_with("sleep")) {
                println!("{name}");
                for args in lists.iter().flatten() {
                    drop(Ctx::new(&php).call(name, &mut args.clone()));
                }
            }
        }
    });
}
