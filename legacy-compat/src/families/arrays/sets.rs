//! `array_diff`, `array_intersect` and their forms by key, by both, and by callback.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::to_int;
use crate::error::Thrown;
use crate::families::types::text_of;
use crate::value::{Array, Key, Value};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- array_diff(array $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff", false, Test::Text, None)
    }),
    ("-7.4 array_diff(mixed $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff", false, Test::Text, None)
    }),
    ("8.0- array_diff_key(array $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff_key", false, Test::Any, Some(Keys::Same))
    }),
    ("-7.4 array_diff_key(mixed $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff_key", false, Test::Any, Some(Keys::Same))
    }),
    ("8.0- array_diff_assoc(array $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff_assoc", false, Test::Text, Some(Keys::Same))
    }),
    ("-7.4 array_diff_assoc(mixed $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff_assoc", false, Test::Text, Some(Keys::Same))
    }),
    ("8.0- array_intersect(array $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect", true, Test::Text, None)
    }),
    ("-7.4 array_intersect(mixed $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect", true, Test::Text, None)
    }),
    ("8.0- array_intersect_key(array $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect_key", true, Test::Any, Some(Keys::Same))
    }),
    ("-7.4 array_intersect_key(mixed $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect_key", true, Test::Any, Some(Keys::Same))
    }),
    ("8.0- array_intersect_assoc(array $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect_assoc", true, Test::Text, Some(Keys::Same))
    }),
    ("-7.4 array_intersect_assoc(mixed $array, mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect_assoc", true, Test::Text, Some(Keys::Same))
    }),
    ("array_udiff(mixed ...$arrays)", |c, a| sets(c, a, "array_udiff", false, Test::Callback, None)),
    ("array_uintersect(mixed ...$arrays)", |c, a| sets(c, a, "array_uintersect", true, Test::Callback, None)),
    ("array_diff_ukey(mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff_ukey", false, Test::Any, Some(Keys::Callback))
    }),
    ("array_diff_uassoc(mixed ...$arrays)", |c, a| {
        sets(c, a, "array_diff_uassoc", false, Test::Text, Some(Keys::Callback))
    }),
    ("array_intersect_ukey(mixed ...$arrays)", |c, a| {
        sets(c, a, "array_intersect_ukey", true, Test::Any, Some(Keys::Callback))
    }),
    ("array_udiff_assoc(mixed ...$arrays)", |c, a| {
        sets(c, a, "array_udiff_assoc", false, Test::Callback, Some(Keys::Same))
    }),
];

/// When two elements count as the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
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
    Same,
    Callback,
}

fn sets(
    ctx: &mut Ctx<'_>,
    args: &mut Args<'_>,
    name: &str,
    intersect: bool,
    test: Test,
    keys: Option<Keys>,
) -> Outcome {
    let mut given = args.rest(0).to_vec();
    let uses_callback = test == Test::Callback || keys == Some(Keys::Callback);
    let least = 1 + usize::from(uses_callback) + usize::from(!ctx.php.is_8());
    if given.len() < least {
        let message = format!("At least {least} arguments are required, {} passed", given.len());
        return ctx.error(crate::ErrorClass::ArgumentCountError, (), message);
    }
    let callback = if uses_callback { given.pop() } else { None };
    if let Some(callback) = callback.as_ref().filter(|callback| !ctx.is_callable(callback)) {
        let message = format!("{name}(): Argument must be a valid callback, {} given", callback.type_name());
        return ctx.type_error((), message);
    }
    let mut arrays = Vec::with_capacity(given.len());
    for (index, value) in given.iter().enumerate() {
        let Value::Array(array) = value else {
            let message = format!(
                "{name}(): Argument #{} must be of type array, {} given",
                index + 1,
                value.type_name()
            );
            return ctx.type_error((), message);
        };
        arrays.push(array.clone());
    }
    let callback = callback.unwrap_or_default();
    let (first, others) =
        arrays.split_first().map_or((Array::new(), &[][..]), |(first, rest)| (first.clone(), rest));
    let prepared: Vec<Others> =
        others.iter().map(|array| Others::of(ctx, array, test, keys)).collect::<Result<_, _>>()?;
    let mut out = Array::new();
    for (key, value) in first.iter() {
        let text = if test == Test::Text { text_of(ctx, value)? } else { crate::Str::EMPTY };
        let mut found_in = 0;
        for other in &prepared {
            if other.has(ctx, &key, value, &text, test, keys, &callback)? {
                found_in += 1;
                if !intersect {
                    break;
                }
            } else if intersect {
                break;
            }
        }
        if if intersect { found_in == prepared.len() } else { found_in == 0 } {
            out.insert(key, value.clone());
        }
    }
    ok(out)
}

/// An array to compare with, its texts at hand.
struct Others {
    array: Array,
    texts: std::collections::HashSet<crate::Str>,
}

impl Others {
    fn of(ctx: &mut Ctx<'_>, array: &Array, test: Test, keys: Option<Keys>) -> Result<Self, Thrown> {
        let mut texts = std::collections::HashSet::new();
        if test == Test::Text && keys.is_none() {
            texts.extend(super::basic::texts(ctx, array)?);
        }
        Ok(Self { array: array.clone(), texts })
    }

    #[allow(clippy::too_many_arguments, reason = "one element against one array, by three tests")]
    fn has(
        &self,
        ctx: &mut Ctx<'_>,
        key: &Key,
        value: &Value,
        text: &crate::Str,
        test: Test,
        keys: Option<Keys>,
        callback: &Value,
    ) -> Result<bool, Thrown> {
        match keys {
            None if test == Test::Text => Ok(self.texts.contains(text)),
            None => {
                for other in self.array.values() {
                    if equal(ctx, callback, value.clone(), other.clone())? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Some(Keys::Same) => match self.array.get(key) {
                Some(other) => same(ctx, value, text, other, test, callback),
                None => Ok(false),
            },
            Some(Keys::Callback) => {
                for (name, other) in self.array.iter() {
                    if same(ctx, value, text, other, test, callback)?
                        && equal(ctx, callback, key.clone().into(), name.into())?
                    {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn same(
    ctx: &mut Ctx<'_>,
    value: &Value,
    text: &crate::Str,
    other: &Value,
    test: Test,
    callback: &Value,
) -> Result<bool, Thrown> {
    match test {
        Test::Any => Ok(true),
        Test::Text => Ok(text_of(ctx, other)? == *text),
        Test::Callback => equal(ctx, callback, value.clone(), other.clone()),
    }
}

fn equal(ctx: &mut Ctx<'_>, callback: &Value, a: Value, b: Value) -> Result<bool, Thrown> {
    let answer = ctx.call_back(callback, vec![a, b])?;
    Ok(to_int(ctx.php, &answer) == 0)
}
