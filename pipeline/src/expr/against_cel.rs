//! What is compiled answers as the `cel` crate's interpreter does, errors included.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, ExecutionError};
use legacy_compat::{Array, Object, Php, Value, Version};
use proptest::prelude::*;
use toml::Spanned;

use super::compile::Compiler;
use super::error::EvalError;
use super::eval::{Frame, Program, Tables};
use super::op::Id;
use super::source::Source;
use super::types::{Record, Type};

/// A world of variables: their names, types and values.
type World = Vec<(&'static str, Type, Value)>;

fn object(fields: &[(&str, Value)]) -> Value {
    Value::Object(Object::std(fields.iter().map(|(name, value)| (*name, value.clone())).collect()))
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::Array(items.into_iter().collect())
}

fn ints() -> impl Strategy<Value = i64> {
    prop_oneof![-3..4_i64, Just(i64::MAX), Just(i64::MIN), any::<i64>()]
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[ab1é]{0,4}",
        Just("12".to_owned()),
        Just("-7".to_owned()),
        Just("1.5".to_owned())
    ]
}

fn doubles() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(-1.5), Just(2.0), Just(f64::NAN), Just(1e300), -10.0..10.0]
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        ints().prop_map(Value::Int),
        doubles().prop_map(Value::Float),
        texts().prop_map(Value::string),
        prop::collection::vec(ints().prop_map(Value::Int), 0..4).prop_map(list),
        (ints(), texts()).prop_map(|(a, b)| object(&[("a", a.into()), ("b", Value::string(b))])),
        Just(object(&[])),
    ]
}

/// Variables whose types are known: `i j d s t p l m`.
fn typed_world() -> impl Strategy<Value = World> {
    let lists = prop::collection::vec(ints().prop_map(Value::Int), 0..4);
    (ints(), ints(), doubles(), texts(), texts(), any::<bool>(), lists, (ints(), texts())).prop_map(
        |(i, j, d, s, t, p, l, (a, b))| {
            let fields = [("a".to_owned(), Type::Int), ("b".to_owned(), Type::Text)];
            let record = Type::Record(Arc::new(Record { fields: fields.into(), open: false }));
            vec![
                ("i", Type::Int, i.into()),
                ("j", Type::Int, j.into()),
                ("d", Type::Double, d.into()),
                ("s", Type::Text, Value::string(s)),
                ("t", Type::Text, Value::string(t)),
                ("p", Type::Bool, p.into()),
                ("l", Type::List(Type::Int.into()), list(l)),
                ("m", record, object(&[("a", a.into()), ("b", Value::string(b))])),
            ]
        },
    )
}

/// The same names, but nothing is known of them, and anything may be in them.
fn loose_world() -> impl Strategy<Value = World> {
    prop::collection::vec(anything(), 8).prop_map(|values| {
        let names = ["i", "j", "d", "s", "t", "p", "l", "m"];
        names.into_iter().zip(values).map(|(name, value)| (name, Type::Dyn, value)).collect()
    })
}

/// Expressions, well typed and not.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["i", "j", "d", "s", "t", "p", "l", "m", "m.a", "m.b", "l[0]", "m['a']"])
            .prop_map(str::to_owned),
        prop::sample::select(vec![
            "0",
            "1",
            "-2",
            "9223372036854775807",
            "1.5",
            "'ab'",
            "'12'",
            "''",
            "true"
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec![
            "false",
            "null",
            "[]",
            "[1, 2]",
            "['ab', 'b']",
            "{'a': 1}",
            "has(m.a)",
            "has(m.z)"
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 40, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "in",
        ]);
        let function = prop::sample::select(vec!["size", "int", "double", "string", "!", "-"]);
        let member = prop::sample::select(vec!["contains", "startsWith", "endsWith"]);
        let quantor = prop::sample::select(vec!["all", "exists", "exists_one", "filter"]);
        let (a, b, c) = (inner.clone(), inner.clone(), inner);
        prop_oneof![
            4 => (a.clone(), operator, b.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            2 => (function, a.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            1 => (a.clone(), b.clone(), c).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => (a.clone(), member, b.clone()).prop_map(|(a, f, b)| format!("({a}).{f}({b})")),
            1 => (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a})[{b}]")),
            1 => (a.clone(), quantor, b.clone()).prop_map(|(a, f, b)| format!("({a}).{f}(x, {b} == x)")),
            1 => (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a}).map(x, [x, {b}])")),
            1 => (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a}).map(x, x != 1, {b})")),
            1 => a.clone().prop_map(|a| format!("({a}).matches('^a?b|1+$')")),
            1 => (a.clone(), b.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => a.prop_map(|a| format!("{{'a': {a}, 'b': 1}}")),
        ]
    })
}

fn compiled(text: &str, world: &World) -> Option<(Program, Id)> {
    let mut compiler = Compiler::new(Php::new(Version::V8_2), true);
    for (name, ty, _) in world {
        compiler.declare(name, ty.clone());
    }
    let quoted = Spanned::new(0..text.len(), text.to_owned());
    let typed = compiler.compile(&Source::of(text, &quoted))?;
    // as if a second rule needed it, too: what is kept must be the same
    let id = typed.id;
    let (program, faults) = compiler.finish(&[id, id]);
    assert!(faults.is_empty(), "{faults:?}");
    Some((program, id))
}

fn run(program: &Program, id: Id, world: &World) -> Result<Value, EvalError> {
    let values = world.iter().map(|(_, _, value)| value.clone()).collect();
    let frame = Frame::new(program, values, Php::new(Version::V8_2), Tables::default(), 100_000);
    let first = program.get(id, &frame).map(|got| got.into_owned());
    let again = program.get(id, &frame).map(|got| got.into_owned());
    assert_eq!(format!("{first:?}"), format!("{again:?}"), "the second look gives what the first gave");
    first
}

fn to_cel(value: &Value) -> cel::Value {
    let map = |elements: &Array| {
        let entries = elements.iter().map(|(key, value)| (key.to_str().to_string_lossy(), to_cel(value)));
        cel::Value::from(entries.collect::<HashMap<_, _>>())
    };
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(truth) => cel::Value::Bool(*truth),
        Value::Int(int) => cel::Value::Int(*int),
        Value::Float(float) => cel::Value::Float(*float),
        Value::Str(text) => cel::Value::from(text.to_string_lossy()),
        Value::Array(list) if list.is_list() => {
            cel::Value::List(Arc::new(list.values().map(to_cel).collect()))
        }
        Value::Array(elements) => map(elements),
        Value::Object(elements) => map(elements.props()),
    }
}

fn interpreted(text: &str, world: &World) -> Result<cel::Value, ExecutionError> {
    let mut context = Context::default();
    for (name, _, value) in world {
        context.add_variable_from_value(*name, to_cel(value));
    }
    cel::Program::compile(text).expect("what we compile, cel parses").execute(&context)
}

/// The kind of an error, by the name that both sides have for it.
fn kind(error: &ExecutionError) -> &'static str {
    match error {
        ExecutionError::NoSuchKey(_) => "key",
        ExecutionError::Overflow(..) => "overflow",
        ExecutionError::DivisionByZero(_) => "division",
        ExecutionError::RemainderByZero(_) => "remainder",
        ExecutionError::IndexOutOfBounds(_) => "bounds",
        ExecutionError::DuplicateKey(_) => "duplicate",
        ExecutionError::FunctionError { .. } => "function",
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UnsupportedBinaryOperator(..)
        | ExecutionError::UnexpectedType { .. }
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedKeyType(_)
        | ExecutionError::UnsupportedIndex(..) => "overload",
        other => panic!("an error that nobody has thought of: {other:?}"),
    }
}

fn our_kind(error: &EvalError) -> &'static str {
    match error {
        EvalError::NoSuchKey(_) => "key",
        EvalError::NoOverload(_) => "overload",
        EvalError::Overflow => "overflow",
        EvalError::DivisionByZero => "division",
        EvalError::RemainderByZero => "remainder",
        EvalError::OutOfBounds => "bounds",
        EvalError::DuplicateKey => "duplicate",
        EvalError::Function(..) => "function",
        EvalError::Thrown(_) | EvalError::Limit(_) => "ours alone",
    }
}

/// `==`, but a NaN is itself.
fn same(a: &cel::Value, b: &cel::Value) -> bool {
    match (a, b) {
        (cel::Value::Float(a), cel::Value::Float(b)) => a == b || a.is_nan() && b.is_nan(),
        (cel::Value::List(a), cel::Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))
        }
        (cel::Value::Map(a), cel::Value::Map(b)) => {
            let alike = |(key, a): (&_, &cel::Value)| b.map.get(key).is_some_and(|b| same(a, b));
            a.map.len() == b.map.len() && a.map.iter().all(alike)
        }
        (cel::Value::Int(_), cel::Value::Float(_)) | (cel::Value::Float(_), cel::Value::Int(_)) => false,
        (a, b) => a == b,
    }
}

fn has_empty_list(text: &str, world: &World) -> bool {
    let made = ["[]", "map(", "filter("].iter().any(|form| text.contains(form));
    made || world.iter().any(|(_, _, value)| matches!(value, Value::Array(list) if list.is_empty()))
}

/// All that is in a value, whatever the order.
fn sorted(value: &cel::Value) -> String {
    let all = |mut items: Vec<String>| {
        items.sort();
        items.join(", ")
    };
    match value {
        cel::Value::List(list) => all(list.iter().map(sorted).collect()),
        cel::Value::Map(map) => {
            all(map.map.iter().map(|(key, value)| format!("{key:?}: {}", sorted(value))).collect())
        }
        other => format!("{other:?}"),
    }
}

fn answers_alike(text: &str, world: &World) -> Result<(), TestCaseError> {
    let Some((program, id)) = compiled(text, world) else { return Ok(()) };
    match (run(&program, id, world), interpreted(text, world)) {
        // in which order cel goes over a map's keys is chance
        (Ok(ours), Ok(theirs)) if text.contains("map(") || text.contains("filter(") => {
            prop_assert_eq!(sorted(&to_cel(&ours)), sorted(&theirs), "{}", text);
        }
        (Ok(ours), Ok(theirs)) => {
            prop_assert!(same(&to_cel(&ours), &theirs), "{text}: {ours:?}, not {theirs:?}")
        }
        // PHP's empty array is a list and a map
        (Err(EvalError::NoSuchKey(_)), Err(theirs))
            if kind(&theirs) == "overload" && has_empty_list(text, world) => {}
        // so it has fields, none of which is there
        (Ok(_), Err(theirs))
            if text.contains("has(") && kind(&theirs) == "overload" && has_empty_list(text, world) => {}
        (Err(ours), Err(theirs)) => prop_assert_eq!(our_kind(&ours), kind(&theirs), "{}: {}", text, theirs),
        (ours, theirs) => prop_assert!(false, "{text}: {ours:?}, not {theirs:?} in {world:?}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn with_known_types(text in expressions(), world in typed_world()) {
        answers_alike(&text, &world)?;
        // and what the checker has let through fails for no type
        if let Some((program, id)) = compiled(&text, &world) {
            let known = !text.contains("null") && !text.contains("[]") && !text.contains("map(") && !text.contains('?')
                && !text.contains('[');
            if let (true, Err(EvalError::NoOverload(what))) = (known, run(&program, id, &world)) {
                let nan = world.iter().any(|(_, _, value)| matches!(value, Value::Float(f) if f.is_nan()));
                let overflows = text.contains('*') || text.contains('+') || text.contains('/') || text.contains('-');
                prop_assert!(nan || overflows, "{}: {} should not have passed", text, what);
            }
        }
    }

    #[test]
    fn with_unknown_types(text in expressions(), world in loose_world()) {
        answers_alike(&text, &world)?;
    }
}

#[test]
fn the_generated_expressions_are_not_all_refused() {
    let world = vec![("i", Type::Int, 7.into()), ("s", Type::Text, Value::string("ab"))];
    for (text, answer) in [
        ("i + 1 == 8 && s.startsWith('a')", Value::TRUE),
        ("[1, 2, 7].exists(x, x == i) ? size(s) : 0", Value::Int(2)),
        ("s in ['x', 'ab']", Value::TRUE),
        ("'n' + string(i)", Value::string("n7")),
    ] {
        let (program, id) = compiled(text, &world).expect(text);
        assert_eq!(run(&program, id, &world), Ok(answer), "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let record = Type::of_schema(&serde_json::json!({"properties": {"carrier": {"type": "string"}}}));
    for (text, place, message) in [
        ("body.carier == 'UA'", 4..5, "there is no field `carier`"),
        ("1 + body.carrier", 2..3, "`+` does not take an int and a string"),
        ("body.carrier == 5", 13..15, "a string and an int are never equal"),
        ("bodi", 0..4, "there is no `bodi` here"),
        ("php.strtoloer('x')", 13..14, "PHP 8.2 has no function `strtoloer`"),
        ("body.carrier.matches('(')", 21..24, "this is no pattern"),
        ("1 +", 3..3, "this is no CEL"),
    ] {
        let mut compiler = Compiler::new(Php::new(Version::V8_2), false);
        compiler.declare("body", record.clone());
        let quoted = Spanned::new(0..text.len(), text.to_owned());
        assert!(compiler.compile(&Source::of(text, &quoted)).is_none(), "{text}");
        let fault = &compiler.faults[0];
        assert!(fault.message.starts_with(message), "{text}: {fault:?}");
        assert!(fault.span.start == place.start, "{text}: {fault:?}");
    }
}
