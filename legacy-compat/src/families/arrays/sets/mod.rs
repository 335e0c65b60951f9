//! `array_diff`, `array_intersect` and their forms by key, by both, and by callback.
//!
//! By key PHP looks elements up, by value and by callback it sorts all arrays and walks along them: where a callback is not consistent,
//! that shows.

mod by_key;
mod sorted;
mod texts;

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_int;
use crate::error::{ErrorClass, Thrown};
use crate::families::types::printed;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- array_diff(array $array, mixed ...$arrays)", |c, a| DIFF.run(c, a)),
    ("-7.4 array_diff(mixed ...$arrays)", |c, a| DIFF.run(c, a)),
    ("8.0- array_diff_key(array $array, mixed ...$arrays)", |c, a| DIFF_KEY.run(c, a)),
    ("-7.4 array_diff_key(mixed ...$arrays)", |c, a| DIFF_KEY.run(c, a)),
    ("8.0- array_diff_assoc(array $array, mixed ...$arrays)", |c, a| DIFF_ASSOC.run(c, a)),
    ("-7.4 array_diff_assoc(mixed ...$arrays)", |c, a| DIFF_ASSOC.run(c, a)),
    ("array_udiff(mixed ...$arrays)", |c, a| UDIFF.run(c, a)),
    ("array_udiff_assoc(mixed ...$arrays)", |c, a| UDIFF_ASSOC.run(c, a)),
    ("array_udiff_uassoc(mixed ...$arrays)", |c, a| UDIFF_UASSOC.run(c, a)),
    ("array_diff_ukey(mixed ...$arrays)", |c, a| DIFF_UKEY.run(c, a)),
    ("array_diff_uassoc(mixed ...$arrays)", |c, a| DIFF_UASSOC.run(c, a)),
    ("8.0- array_intersect(array $array, mixed ...$arrays)", |c, a| INTERSECT.run(c, a)),
    ("-7.4 array_intersect(mixed ...$arrays)", |c, a| INTERSECT.run(c, a)),
    ("8.0- array_intersect_key(array $array, mixed ...$arrays)", |c, a| INTERSECT_KEY.run(c, a)),
    ("-7.4 array_intersect_key(mixed ...$arrays)", |c, a| INTERSECT_KEY.run(c, a)),
    ("8.0- array_intersect_assoc(array $array, mixed ...$arrays)", |c, a| INTERSECT_ASSOC.run(c, a)),
    ("-7.4 array_intersect_assoc(mixed ...$arrays)", |c, a| INTERSECT_ASSOC.run(c, a)),
    ("array_uintersect(mixed ...$arrays)", |c, a| UINTERSECT.run(c, a)),
    ("array_uintersect_assoc(mixed ...$arrays)", |c, a| UINTERSECT_ASSOC.run(c, a)),
    ("array_uintersect_uassoc(mixed ...$arrays)", |c, a| UINTERSECT_UASSOC.run(c, a)),
    ("array_intersect_ukey(mixed ...$arrays)", |c, a| INTERSECT_UKEY.run(c, a)),
    ("array_intersect_uassoc(mixed ...$arrays)", |c, a| INTERSECT_UASSOC.run(c, a)),
];

/// When two elements count as the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    /// Whatever they are: only keys count.
    Any,
    /// Their texts are equal.
    Text,
    /// The callback says 0.
    Callback,
}

/// When two keys count as the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    /// Whatever they are: only elements count.
    Any,
    Same,
    Callback,
}

/// What is done with elements that the other arrays have too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Common {
    Left,
    Kept,
}

/// One of the functions.
struct Operation {
    name: &'static str,
    common: Common,
    data: Data,
    keys: Keys,
}

const fn operation(name: &'static str, common: Common, data: Data, keys: Keys) -> Operation {
    Operation { name, common, data, keys }
}

const DIFF: Operation = operation("array_diff", Common::Left, Data::Text, Keys::Any);
const DIFF_KEY: Operation = operation("array_diff_key", Common::Left, Data::Any, Keys::Same);
const DIFF_ASSOC: Operation = operation("array_diff_assoc", Common::Left, Data::Text, Keys::Same);
const UDIFF: Operation = operation("array_udiff", Common::Left, Data::Callback, Keys::Any);
const UDIFF_ASSOC: Operation = operation("array_udiff_assoc", Common::Left, Data::Callback, Keys::Same);
const UDIFF_UASSOC: Operation = operation("array_udiff_uassoc", Common::Left, Data::Callback, Keys::Callback);
const DIFF_UKEY: Operation = operation("array_diff_ukey", Common::Left, Data::Any, Keys::Callback);
const DIFF_UASSOC: Operation = operation("array_diff_uassoc", Common::Left, Data::Text, Keys::Callback);
const INTERSECT: Operation = operation("array_intersect", Common::Kept, Data::Text, Keys::Any);
const INTERSECT_KEY: Operation = operation("array_intersect_key", Common::Kept, Data::Any, Keys::Same);
const INTERSECT_ASSOC: Operation = operation("array_intersect_assoc", Common::Kept, Data::Text, Keys::Same);
const UINTERSECT: Operation = operation("array_uintersect", Common::Kept, Data::Callback, Keys::Any);
const UINTERSECT_ASSOC: Operation =
    operation("array_uintersect_assoc", Common::Kept, Data::Callback, Keys::Same);
const UINTERSECT_UASSOC: Operation =
    operation("array_uintersect_uassoc", Common::Kept, Data::Callback, Keys::Callback);
const INTERSECT_UKEY: Operation = operation("array_intersect_ukey", Common::Kept, Data::Any, Keys::Callback);
const INTERSECT_UASSOC: Operation =
    operation("array_intersect_uassoc", Common::Kept, Data::Text, Keys::Callback);

impl Operation {
    fn run(&self, ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
        let mut given = args.rest(0).to_vec();
        let callbacks = usize::from(self.data == Data::Callback) + usize::from(self.keys == Keys::Callback);
        let least = 1 + callbacks + usize::from(!ctx.php.is_8());
        if given.len() < least {
            let message = format!("At least {least} arguments are required, {} passed", given.len());
            return ctx.error(ErrorClass::ArgumentCountError, (), message);
        }
        let callbacks = given.split_off(given.len() - callbacks);
        if let Some(callback) = callbacks.iter().find(|callback| !ctx.is_callable(callback)) {
            let name = self.name;
            let message =
                format!("{name}(): Argument must be a valid callback, {} given", callback.type_name());
            return ctx.type_error((), message);
        }
        let mut arrays = Vec::with_capacity(given.len());
        for (index, value) in given.iter().enumerate() {
            let Value::Array(array) = value else {
                let (name, number, found) = (self.name, index + 1, value.type_name());
                return ctx.type_error(
                    (),
                    format!("{name}(): Argument #{number} must be of type array, {found} given"),
                );
            };
            arrays.push(array.clone());
        }
        let comparison = Comparison::new(self, callbacks);
        ok(match (self.common, self.data, self.keys) {
            (Common::Left, Data::Text, Keys::Any) => texts::difference(ctx, &arrays)?,
            (common, _, Keys::Same) => by_key::run(ctx, &comparison, common, &arrays)?,
            (Common::Left, ..) => sorted::difference(ctx, &comparison, &arrays)?,
            (Common::Kept, ..) => sorted::intersection(ctx, &comparison, &arrays)?,
        })
    }
}

type Pair = (Key, Value);

/// How elements and keys are compared.
struct Comparison {
    data: Data,
    keys: Keys,
    data_callback: Value,
    key_callback: Value,
}

impl Comparison {
    /// The callback for elements comes before the one for keys.
    fn new(operation: &Operation, callbacks: Vec<Value>) -> Self {
        let (data, keys) = (operation.data, operation.keys);
        let mut callbacks = callbacks.into_iter();
        let data_callback = if data == Data::Callback { callbacks.next() } else { None };
        let key_callback = if keys == Keys::Callback { callbacks.next() } else { None };
        Self {
            data,
            keys,
            data_callback: data_callback.unwrap_or_default(),
            key_callback: key_callback.unwrap_or_default(),
        }
    }

    /// Which element comes first; 0 for the same.
    fn data(&self, ctx: &mut Ctx<'_>, a: &Value, b: &Value) -> Result<i64, Thrown> {
        match self.data {
            Data::Any => Ok(0),
            Data::Text => Ok(printed(ctx, a)?.cmp(&printed(ctx, b)?) as i64),
            Data::Callback => order(ctx, &self.data_callback, a.clone(), b.clone()),
        }
    }

    /// Which key comes first, by the callback.
    fn keys(&self, ctx: &mut Ctx<'_>, a: &Key, b: &Key) -> Result<i64, Thrown> {
        order(ctx, &self.key_callback, a.clone().into(), b.clone().into())
    }
}

fn order(ctx: &mut Ctx<'_>, callback: &Value, a: Value, b: Value) -> Result<i64, Thrown> {
    let answer = ctx.call_back(callback, vec![a, b])?;
    Ok(to_int(ctx.php, &answer))
}

/// The first array without some of its keys.
fn without(array: &Array, left: &std::collections::HashSet<Key>) -> Array {
    array.iter().filter(|(key, _)| !left.contains(key)).map(|(key, value)| (key, value.clone())).collect()
}
