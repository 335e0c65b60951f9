//! `array_map`, `array_filter`, `array_reduce`.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_bool;
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[
    ("array_map(?callable $callback, mixed $array, mixed ...$arrays)", array_map),
    ("8.0- array_filter(array $array, ?callable $callback = null, int $mode = 0)", array_filter),
    ("-7.4 array_filter(array $arg, callable $callback = ?, int $use = 0)", array_filter),
    ("array_reduce(array $array, callable $callback, mixed $initial = null)", |c, a| {
        let (array, callback, mut carry) = (a.array(0), a.value(1).clone(), a.value(2).clone());
        for value in array.values() {
            carry = c.call_back(&callback, vec![carry, value.clone()])?;
        }
        Ok(carry)
    }),
];

fn array_filter(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (array, callback, mode) = (args.array(0), args.value(1).clone(), args.int(2));
    let mut out = Array::new();
    for (key, value) in array.iter() {
        let given = match mode {
            2 => vec![key.clone().into()],
            1 => vec![value.clone(), key.clone().into()],
            _ => vec![value.clone()],
        };
        let keep =
            if callback.is_null() { to_bool(value) } else { to_bool(&ctx.call_back(&callback, given)?) };
        if keep {
            out.insert(key, value.clone());
        }
    }
    ok(out)
}

fn array_map(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let callback = args.value(0).clone();
    let given = args.rest(1).to_vec();
    let mut arrays = Vec::new();
    for (index, value) in given.iter().enumerate() {
        let Value::Array(array) = value else {
            let message = format!(
                "array_map(): Argument #{} must be of type array, {} given",
                index + 2,
                value.type_name()
            );
            return ctx.type_error((), message);
        };
        arrays.push(array.clone());
    }
    if let [array] = arrays.as_slice() {
        if callback.is_null() {
            return ok(array.clone());
        }
        let mut out = Array::new();
        for (key, value) in array.iter() {
            let made = ctx.call_back(&callback, vec![value.clone()])?;
            out.insert(key, made);
        }
        return ok(out);
    }
    let longest = arrays.iter().map(Array::len).max().unwrap_or(0);
    let mut out = Vec::with_capacity(longest);
    for index in 0..longest {
        let row: Vec<Value> = arrays
            .iter()
            .map(|array| array.nth(index).map_or(Value::Null, |(_, value)| value.clone()))
            .collect();
        out.push(if callback.is_null() { row.into() } else { ctx.call_back(&callback, row)? });
    }
    ok(out)
}
