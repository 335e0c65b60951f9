//! The oracle's operators and casts by name.

use legacy_compat::arith::{self, Bits};
use legacy_compat::call::{Ctx, Outcome};
use legacy_compat::families::strings::csv;
use legacy_compat::session::{self, Format};
use legacy_compat::{Array, Php, Value, Version, access, cast, compare};

/// The answer of an operator; none for one that the crate does not have.
pub fn call(ctx: &mut Ctx<'_>, operator: &str, args: &[Value]) -> Option<Outcome> {
    let php = ctx.php;
    let arg = |index: usize| args.get(index).cloned().unwrap_or_default();
    let (x, y) = (&arg(0), &arg(1));
    let bool = |bool: bool| Some(Ok(Value::Bool(bool)));
    match operator {
        "==" | "switch" => bool(compare::loose_eq(php, x, y)),
        "!=" => bool(!compare::loose_eq(php, x, y)),
        "session" => Some(Ok(session(php, x, y))),
        "===" => bool(compare::identical(x, y)),
        "<" => bool(compare::less(php, x, y)),
        "<=" => bool(compare::less_eq(php, x, y)),
        ">" => bool(compare::less(php, y, x)),
        ">=" => bool(compare::less_eq(php, y, x)),
        "(int)" => Some(Ok(cast::to_int(php, x).into())),
        "(float)" => Some(Ok(cast::to_float(php, x).into())),
        "(bool)" => bool(cast::to_bool(x)),
        "(array)" => Some(Ok(cast::to_array(php, x).into())),
        "(object)" => Some(Ok(cast::to_object(php, x).into())),
        "(string)" if matches!(x, Value::Array(_)) => Some(Ok("Array".into())),
        "(string)" => Some(ctx.call("strval", &mut vec![x.clone()])),
        "interp" => Some(
            ctx.call("strval", &mut vec![x.clone()])
                .map(|text| [b"<", text.as_bytes().unwrap_or_default(), b">"].concat().into()),
        ),
        "empty" => bool(cast::is_empty(x)),
        "key" => Some(access::with_element(ctx, &Value::Array(Default::default()), x, "v".into())),
        "+" => Some(arith::add(php, x, y)),
        "-" => Some(arith::sub(php, x, y)),
        "*" => Some(arith::mul(php, x, y)),
        "/" => Some(arith::div(php, x, y)),
        "%" => Some(arith::modulo(php, x, y)),
        "**" => Some(arith::pow(php, x, y)),
        "&" => Some(arith::bits(php, x, Bits::And, y)),
        "|" => Some(arith::bits(php, x, Bits::Or, y)),
        "^" => Some(arith::bits(php, x, Bits::Xor, y)),
        "~" => Some(arith::bit_not(php, x)),
        "<<" => Some(arith::shift(php, x, y, false)),
        ">>" => Some(arith::shift(php, x, y, true)),
        "neg" => Some(arith::neg(php, x)),
        "++" => Some(arith::increment(php, x)),
        "--" => Some(arith::decrement(php, x)),
        "." => Some(concat(ctx, x, y)),
        "isset" => Some(access::isset(php, x, y).map(Value::Bool)),
        "emptyindex" => Some(access::empty_at(php, x, y).map(Value::Bool)),
        "stroffset" => Some(access::isset(php, x, y).and_then(|set| match set {
            true => access::index(ctx, x, y),
            false => Ok(Value::Null),
        })),
        "index" => Some(access::index(ctx, x, y)),
        "set" => Some(access::with_element(ctx, x, y, arg(2))),
        "append" => Some(access::with_appended(ctx, x, y.clone())),
        "unset" => Some(access::without_element(ctx, x, y)),
        "list" => Some(list(ctx, x)),
        "foreachref" => Some(foreach_by_reference(ctx, x)),
        "var_export" => Some(ctx.call("var_export", &mut vec![x.clone(), Value::TRUE])),
        "preg" => Some(ctx.call(&name(x), &mut elements(y)).map(|r| vec![r, ctx.preg_error.into()].into())),
        "csv" => Some(csv(ctx, args)),
        "sha1" => Some(ctx.call(&name(x), &mut elements(y)).map(|r| digest(php, &r))),
        other => super::dates::call(php, other, args),
    }
}

fn name(value: &Value) -> String {
    String::from_utf8_lossy(value.as_bytes().unwrap_or_default()).into_owned()
}

fn elements(value: &Value) -> Vec<Value> {
    value.as_array().map(|array| array.values().cloned().collect()).unwrap_or_default()
}

fn concat(ctx: &mut Ctx<'_>, x: &Value, y: &Value) -> Outcome {
    let left = ctx.call("strval", &mut vec![x.clone()])?;
    let right = ctx.call("strval", &mut vec![y.clone()])?;
    Ok(arith::concat(ctx.php, &left, &right).into())
}

fn list(ctx: &mut Ctx<'_>, x: &Value) -> Outcome {
    let mut at = |index: i64| match x {
        Value::Array(_) => access::index(ctx, x, &index.into()),
        Value::Str(_) if ctx.php.version < Version::V7_0 => access::index(ctx, x, &index.into()),
        _ => Ok(Value::Null),
    };
    Ok(vec![at(0)?, at(2)?].into())
}

/// What `fputcsv` writes of an array; nothing where it refuses.
fn csv(ctx: &mut Ctx<'_>, args: &[Value]) -> Outcome {
    let text = |index: usize| args.get(index).and_then(Value::as_bytes);
    let format = csv::put_format(ctx, [text(1), text(2), text(3)])?;
    match (format, args.first()) {
        (Some(format), Some(Value::Array(fields))) => csv::write(ctx, fields, format).map(Value::from),
        _ => Ok("".into()),
    }
}

/// `foreach ($x as &$e) $e .= '!'; foreach ($x as $e);`: the reference left over overwrites the last element.
fn foreach_by_reference(ctx: &mut Ctx<'_>, x: &Value) -> Outcome {
    let Value::Array(array) = x else { return Ok(x.clone()) };
    let mut changed = array.clone();
    for (key, value) in array.iter() {
        changed.insert(key, concat(ctx, value, &"!".into())?);
    }
    if array.len() > 1 {
        let (last, _) = array.nth(array.len() - 1).unwrap();
        let (_, before) = changed.nth(array.len() - 2).unwrap();
        let before = before.clone();
        changed.insert(last, before);
    }
    Ok(changed.into())
}

/// `[count, sha1(json)]` of an answer too large to keep.
fn digest(php: &legacy_compat::Php, answer: &Value) -> Value {
    let count = answer.as_array().map_or(-1, |array| array.len() as i64);
    let json = ascii_json(&super::codec::encode(php, answer).to_string());
    let mut ctx = Ctx::new(php);
    let sha1 = ctx.call("sha1", &mut vec![json.into()]).unwrap_or_default();
    vec![count.into(), sha1].into()
}

/// The same JSON with everything outside ASCII escaped.
pub fn ascii_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for unit in json.chars() {
        match unit {
            ' '..='~' => out.push(unit),
            '\u{7f}' => out.push(unit),
            other => {
                for code in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{code:04x}"));
                }
            }
        }
    }
    out
}

/// `session_encode` of an array, or whether `session_decode` takes a text and what it leaves in `$_SESSION`.
fn session(php: &Php, format: &Value, data: &Value) -> Value {
    let format = std::str::from_utf8(format.as_bytes().unwrap_or_default()).unwrap_or_default();
    let Ok(format) = format.parse::<Format>() else { return Value::from("not started") };
    match data {
        Value::Array(session) => match session::encode(php, format, session) {
            Ok(stored) if !stored.is_empty() => stored.into(),
            _ => Value::FALSE,
        },
        text => {
            let decoded = session::decode_value(php, format, text.as_bytes().unwrap_or_default());
            let pair = [Value::Bool(decoded.is_ok()), decoded.unwrap_or_else(|_| Array::new().into())];
            Value::Array(pair.into_iter().collect())
        }
    }
}
