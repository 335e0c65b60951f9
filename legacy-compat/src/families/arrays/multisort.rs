//! `array_multisort`: several arrays sorted as the columns of one table.

use super::sort::{Algorithm, Entry, Flags, order, sort_entries};
use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::error::{ErrorClass, Thrown};
use crate::php::Version;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- array_multisort(mixed &$array, mixed &...$rest)", array_multisort),
    ("-7.4 array_multisort(mixed &$arr1, mixed &...$more)", array_multisort),
];

const ASCENDING: i64 = 4;
const DESCENDING: i64 = 3;

/// An array among the arguments, and how it is sorted.
struct Column {
    argument: usize,
    flags: Flags,
    reverse: bool,
    ordered: bool,
    typed: bool,
}

fn array_multisort(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let given = args.rest(0).to_vec();
    let columns = match columns(ctx, &given)? {
        Ok(columns) => columns,
        Err(answer) => return ok(answer),
    };
    let arrays: Vec<Array> =
        columns.iter().filter_map(|column| given[column.argument].as_array().cloned()).collect();
    let height = arrays.first().map_or(0, Array::len);
    if arrays.iter().any(|array| array.len() != height) {
        return ctx.value_error(false, "Array sizes are inconsistent");
    }
    let tables: Vec<Vec<(Key, Value)>> =
        arrays.iter().map(|array| array.iter().map(|(key, value)| (key, value.clone())).collect()).collect();
    let algorithm = if ctx.php.since(Version::V7_1) { Algorithm::Hybrid } else { Algorithm::Quick };
    let mut rows: Vec<Entry<usize>> = (0..height).map(|place| Entry { item: place, place }).collect();
    sort_entries(ctx, algorithm, &mut rows, |ctx, a, b| {
        for (column, table) in columns.iter().zip(&tables) {
            let found = order(ctx, column.flags, &table[*a].1, &table[*b].1)?;
            if found != 0 {
                return Ok(if column.reverse { -found } else { found });
            }
        }
        Ok(0)
    })?;
    for (column, table) in columns.iter().zip(&tables) {
        args.set(column.argument, rearranged(table, &rows));
    }
    ok(true)
}

/// The pairs in their new order; string keys stay with their values, integer keys are counted anew.
fn rearranged(table: &[(Key, Value)], rows: &[Entry<usize>]) -> Array {
    let (mut out, mut next) = (Array::new(), 0);
    for row in rows {
        let (key, value) = &table[row.item];
        match key {
            Key::Str(_) => out.insert(key.clone(), value.clone()),
            Key::Int(_) => {
                out.insert(next, value.clone());
                next += 1;
            }
        }
    }
    out
}

/// The arrays among the arguments, each with the flags that follow it: an order and a kind, once each.
fn columns(ctx: &mut Ctx<'_>, given: &[Value]) -> Result<Result<Vec<Column>, Value>, Thrown> {
    let mut columns: Vec<Column> = Vec::new();
    for (argument, value) in given.iter().enumerate() {
        let fault = match value {
            Value::Array(_) => {
                columns.push(Column {
                    argument,
                    flags: Flags(0),
                    reverse: false,
                    ordered: false,
                    typed: false,
                });
                continue;
            }
            Value::Int(flag) => match (flag & !8, columns.last_mut()) {
                (ASCENDING | DESCENDING, Some(column)) if !column.ordered => {
                    (column.reverse, column.ordered) = (*flag == DESCENDING, true);
                    continue;
                }
                (0 | 1 | 2 | 5 | 6, Some(column)) if !column.typed => {
                    (column.flags, column.typed) = (Flags(*flag), true);
                    continue;
                }
                (0..=6, _) => (
                    ErrorClass::TypeError,
                    "must be an array or a sort flag that has not already been specified",
                ),
                _ => (ErrorClass::ValueError, "must be a valid sort flag"),
            },
            _ => (ErrorClass::TypeError, "must be an array or a sort flag"),
        };
        let message = format!("array_multisort(): Argument #{} {}", argument + 1, fault.1);
        return ctx.error(fault.0, false, message).map(Err);
    }
    Ok(Ok(columns))
}
