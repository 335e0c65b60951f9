//! `array_merge`, `array_replace` and their recursive forms.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_array;
use crate::error::{ErrorClass, Thrown};
use crate::php::Version;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    ("7.4- array_merge(array ...$arrays)", |c, a| merge(c, a, false)),
    ("-7.3 array_merge(array $array1, array ...$arrays)", |c, a| merge(c, a, false)),
    ("7.4- array_merge_recursive(array ...$arrays)", |c, a| merge(c, a, true)),
    ("-7.3 array_merge_recursive(array $array1, array ...$arrays)", |c, a| merge(c, a, true)),
    ("array_replace(array $array, array ...$replacements)", |_, a| {
        let mut out = a.array(0);
        for array in a.rest(1).iter().filter_map(Value::as_array) {
            out.extend(array.iter().map(|(key, value)| (key, value.clone())));
        }
        ok(out)
    }),
    ("array_replace_recursive(array $array, array ...$replacements)", |_, a| {
        let mut out = a.array(0);
        for array in a.rest(1).iter().filter_map(Value::as_array) {
            out = replace_recursive(&out, array);
        }
        ok(out)
    }),
];

fn merge(ctx: &mut Ctx<'_>, args: &mut Args<'_>, recursive: bool) -> Outcome {
    let mut out = Array::new();
    for array in args.rest(0).to_vec().iter().filter_map(Value::as_array) {
        merge_into(ctx, &mut out, array, recursive)?;
    }
    ok(out)
}

fn merge_into(ctx: &mut Ctx<'_>, out: &mut Array, array: &Array, recursive: bool) -> Result<(), Thrown> {
    for (key, value) in array.iter() {
        match key {
            Key::Int(_) => append(ctx, out, value)?,
            name => {
                let made = match out.get(&name) {
                    Some(old) if recursive => {
                        // A null that is there counts as an element.
                        let mut both =
                            if old.is_null() { vec![Value::Null].into() } else { to_array(ctx.php, old) };
                        match value {
                            Value::Array(inner) => merge_into(ctx, &mut both, inner, true)?,
                            scalar => append(ctx, &mut both, scalar)?,
                        }
                        Value::Array(both)
                    }
                    _ => value.clone(),
                };
                out.insert(name, made);
            }
        }
    }
    Ok(())
}

/// Appends an element; behind the largest integer there is no place, which is an error from 8.1.
fn append(ctx: &mut Ctx<'_>, out: &mut Array, value: &Value) -> Result<(), Thrown> {
    let before = out.len();
    ctx.append(out, value.clone());
    if out.len() == before && ctx.php.since(Version::V8_1) {
        let message = "Cannot add element to the array as the next element is already occupied";
        return Err(Thrown::new(ErrorClass::Error, message));
    }
    Ok(())
}

fn replace_recursive(base: &Array, with: &Array) -> Array {
    let mut out = base.clone();
    for (key, value) in with.iter() {
        let made = match (base.get(&key), value) {
            (Some(Value::Array(old)), Value::Array(new)) => Value::Array(replace_recursive(old, new)),
            _ => value.clone(),
        };
        out.insert(key, made);
    }
    out
}
