//! One call, run as the oracle ran it, and its outcome in the oracle's form.

use legacy_compat::call::{self, Ctx};
use legacy_compat::{Key, Object, Php, Thrown, Value, Version, cast};
use serde_json::{Map, Value as Json, json};

use super::codec::encode;
use super::ops;
use super::vectors::Call;

/// The parameter that comes back, for functions that the oracle calls with a reference.
fn by_ref(function: &str, given: usize) -> Option<usize> {
    let optional = |index: usize| (given > index).then_some(index);
    match function {
        "preg_match" | "preg_match_all" => Some(2),
        "parse_str" => Some(1),
        "sort" | "rsort" | "asort" | "arsort" | "ksort" | "krsort" | "natsort" | "natcasesort"
        | "settype" | "usort" | "uasort" | "uksort" | "array_push" | "array_pop" | "array_shift"
        | "array_unshift" | "array_splice" => Some(0),
        "str_replace" | "str_ireplace" => optional(3),
        "preg_replace" | "preg_filter" | "preg_replace_callback" => optional(4),
        "similar_text" => optional(2),
        _ => None,
    }
}

/// What one call leaves for the next: the oracle ran them in one process.
#[derive(Default)]
pub struct State {
    preg_error: i64,
}

/// A value as the oracle of this PHP read it: an integer that there is not is a float, and cut as a key.
fn as_read(php: &Php, value: &Value) -> Value {
    match value {
        Value::Int(int) => php.int_size.number(*int).into(),
        Value::Array(array) => {
            let key = |key: Key| cast::to_key(php, &as_read(php, &key.into())).expect("of a key");
            Value::Array(array.iter().map(|(k, v)| (key(k), as_read(php, v))).collect())
        }
        Value::Object(object) => {
            let props = object.props().iter().map(|(name, value)| (name, as_read(php, value))).collect();
            Value::Object(Object::std(props))
        }
        other => other.clone(),
    }
}

/// The outcome: `{"r":…}`, `{"e":…}`, or `{"absent":1}`.
pub fn run(php: &Php, call: &Call, state: &mut State) -> Json {
    if !call.function.starts_with("op") && !call::exists(php, &call.function) {
        return json!({"absent": 1});
    }
    if is_refused(php, call) {
        return json!({"r": null});
    }
    let mut ctx = Ctx::new(php);
    ctx.preg_error = state.preg_error;
    let mut args: Vec<Value> = call.args.iter().map(|arg| as_read(php, arg)).collect();
    let reference = if call.function.starts_with("op") { None } else { by_ref(&call.function, args.len()) };
    if let Some(index) = reference {
        while args.len() <= index {
            args.push(Value::Null);
        }
    }
    let answer = match call.function.strip_prefix("op") {
        Some(operator) => match ops::call(&mut ctx, operator, &args) {
            Some(answer) => answer,
            None => return json!({"absent": 1}),
        },
        None if call.function == "array_multisort" => ctx
            .call(&call.function, &mut args)
            .map(|answer| Value::from(vec![answer, Value::from(args[..call.args.len()].to_vec())])),
        None => ctx.call(&call.function, &mut args),
    };
    let answer = if is_passed_by_value(php, call) { answer.map(|_| Value::Int(-1)) } else { answer };
    let outcome = outcome(php, call, &ctx, answer, reference.map(|index| &args[index]));
    state.preg_error = error_of_writing(&outcome).unwrap_or(ctx.preg_error);
    outcome
}

/// The oracle asks of every text it writes whether it is UTF-8, by `preg_match('//u', …)`: of the last one `preg_last_error()` tells.
fn error_of_writing(json: &Json) -> Option<i64> {
    match json {
        Json::Object(tagged) if tagged.contains_key("s") => Some(0),
        Json::Object(tagged) if tagged.contains_key("x") => Some(4),
        Json::Object(tagged) => {
            ["p", "a", "ref", "r"].iter().filter_map(|part| tagged.get(*part)).find_map(error_of_writing)
        }
        Json::Array(list) => list.iter().rev().find_map(error_of_writing),
        _ => None,
    }
}

/// The oracle writes no objects but `stdClass`, and nothing that nests deeper than this.
const DEEPEST: usize = 40;

fn is_portable(value: &Value, depth: usize) -> bool {
    depth <= DEEPEST
        && match value {
            Value::Array(array) => array.values().all(|value| is_portable(value, depth + 1)),
            Value::Object(object) => {
                object.class() == &"stdClass"
                    && object.props().values().all(|value| is_portable(value, depth + 1))
            }
            _ => true,
        }
}

/// The oracle calls with values where a reference is wanted: PHP up to 7.0 then calls nothing and answers null.
fn is_refused(php: &Php, call: &Call) -> bool {
    let by_reference = match call.function.as_str() {
        "end" | "reset" => !call.args.is_empty(),
        "sscanf" => call.args.len() > 2,
        _ => false,
    };
    by_reference && !php.since(Version::V7_1)
}

/// From 7.1 on it called, and up to 7.3 `sscanf` found out by itself.
fn is_passed_by_value(php: &Php, call: &Call) -> bool {
    let is_told = php.since(Version::V7_1) && !php.since(Version::V7_4);
    is_told && call.function == "sscanf" && call.args.len() > 2
}

fn outcome(
    php: &Php,
    call: &Call,
    ctx: &Ctx<'_>,
    answer: Result<Value, Thrown>,
    by_ref: Option<&Value>,
) -> Json {
    let mut out = Map::new();
    match answer {
        Ok(answer) if !is_portable(&answer, 0) => {
            out.insert("e".into(), json!(["Exception", "not portable: object"]));
        }
        Ok(answer) => {
            let answer = match answer {
                Value::Int(int) if call.sign => Value::Int(int.signum()),
                other => other,
            };
            out.insert("r".into(), encode(php, &answer));
            if let Some(value) = by_ref {
                out.insert("ref".into(), encode(php, value));
            }
            if matches!(call.function.as_str(), "json_decode" | "json_encode") {
                out.insert("jerr".into(), ctx.json_error.into());
            }
        }
        Err(thrown) => {
            out.insert("e".into(), json!([thrown.class.name(), thrown.message]));
        }
    }
    if !ctx.warnings.is_empty() {
        out.insert("w".into(), ctx.warnings.iter().map(|w| json!([w.level as i64, w.message])).collect());
    }
    Json::Object(out)
}
