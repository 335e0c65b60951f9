//! `filter_var` and `filter_var_array`: what validates and what sanitizes, with flags and options.

mod email;
mod sanitize;
mod validate;

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::cast::{to_int, to_str};
use crate::php::Version;
use crate::value::{Array, Value, deeper};

pub use email::email;
pub use validate::{host_name, ipv4, ipv6};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- filter_var(mixed $value, int $filter = 516, array|int $options = 0)", filter_var),
    ("-7.4 filter_var(mixed $variable, int $filter = 516, mixed $options = 0)", filter_var),
    (
        "8.0- filter_var_array(array $array, array|int $options = 516, bool $add_empty = true)",
        filter_var_array,
    ),
    ("-7.4 filter_var_array(array $data, mixed $definition = 516, bool $add_empty = true)", filter_var_array),
];

const REQUIRE_ARRAY: i64 = 1 << 24;
const REQUIRE_SCALAR: i64 = 1 << 25;
const FORCE_ARRAY: i64 = 1 << 26;
const NULL_ON_FAILURE: i64 = 1 << 27;
const CALLBACK: i64 = 1024;
const UNSAFE_RAW: i64 = 516;

/// What is asked of one value.
#[derive(Clone)]
pub(super) struct Request {
    filter: i64,
    flags: i64,
    options: Option<Value>,
}

impl Request {
    pub(super) fn has(&self, flag: i64) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn option(&self, name: &str) -> Option<&Value> {
        self.options.as_ref()?.as_array()?.get_str(name)
    }

    pub(super) fn failed(&self) -> Value {
        if self.has(NULL_ON_FAILURE) { Value::Null } else { Value::FALSE }
    }

    /// From `filter_var`'s third argument: flags, or an array with `flags` and `options`.
    fn of(ctx: &Ctx<'_>, filter: i64, given: &Value) -> Self {
        let scalar = |flags: i64| {
            if flags & (REQUIRE_ARRAY | FORCE_ARRAY) == 0 { flags | REQUIRE_SCALAR } else { flags }
        };
        let Value::Array(given) = given else {
            return Self { filter, flags: scalar(to_int(ctx.php, given)), options: None };
        };
        let mut this = Self { filter, flags: REQUIRE_SCALAR, options: None };
        if let Some(filter) = given.get_str("filter") {
            this.filter = to_int(ctx.php, filter);
        }
        match given.get_str("options") {
            Some(options) if this.filter == CALLBACK => {
                (this.options, this.flags) = (Some(options.clone()), 0);
            }
            Some(options @ Value::Array(_)) => this.options = Some(options.clone()),
            _ => {}
        }
        if let Some(flags) = given.get_str("flags") {
            this.flags = scalar(to_int(ctx.php, flags));
        }
        this
    }
}

/// Whether there is a filter with this number, or at least one near it: PHP only looks at the range.
fn exists(php: &crate::Php, filter: i64) -> bool {
    match filter {
        277 => !php.is_5(),
        523 => php.since(Version::V7_3),
        filter => matches!(filter, 256..=276 | 512..=522 | CALLBACK),
    }
}

fn filter_var(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let filter = args.int(1);
    if !exists(ctx.php, filter) {
        ctx.warn(format!("filter_var(): Unknown filter with ID {filter}"));
        return ok(false);
    }
    let request = Request::of(ctx, filter, args.value(2));
    apply(ctx, args.value(0).clone(), &request)
}

/// Filters a value, each element of an array by itself.
fn apply(ctx: &mut Ctx<'_>, value: Value, request: &Request) -> Outcome {
    match value {
        Value::Array(_) if request.has(REQUIRE_SCALAR) => Ok(request.failed()),
        Value::Array(array) => each(ctx, &array, request),
        _ if request.has(REQUIRE_ARRAY) => Ok(request.failed()),
        scalar => {
            let answer = one(ctx, &scalar, request)?;
            if request.has(FORCE_ARRAY) { ok(vec![answer]) } else { Ok(answer) }
        }
    }
}

fn each(ctx: &mut Ctx<'_>, array: &Array, request: &Request) -> Outcome {
    let mut out = Array::new();
    for (key, value) in array.iter() {
        let made = match value {
            Value::Array(inner) => deeper(|| each(ctx, inner, request))?,
            scalar => one(ctx, scalar, request)?,
        };
        out.insert(key, made);
    }
    ok(out)
}

fn one(ctx: &mut Ctx<'_>, value: &Value, request: &Request) -> Outcome {
    let answer = match value {
        Value::Object(_) => request.failed(),
        scalar => run(ctx, &to_str(ctx.php, scalar), request)?,
    };
    let failed = if request.has(NULL_ON_FAILURE) { answer.is_null() } else { answer == Value::FALSE };
    match request.option("default") {
        Some(default) if failed => Ok(default.clone()),
        _ => Ok(answer),
    }
}

fn run(ctx: &mut Ctx<'_>, text: &[u8], request: &Request) -> Outcome {
    if let Some(answer) = validate::run(ctx, request.filter, text, request)? {
        return Ok(answer);
    }
    if request.filter == CALLBACK {
        return callback(ctx, text, request);
    }
    Ok(sanitize::run(ctx.php, request.filter, text, request))
}

fn callback(ctx: &mut Ctx<'_>, text: &[u8], request: &Request) -> Outcome {
    match &request.options {
        Some(callback) if ctx.is_callable(callback) => ctx.call_back(&callback.clone(), vec![text.into()]),
        _ => ctx.type_error((), "filter_var(): Option must be a valid callback"),
    }
}

fn filter_var_array(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let (data, add_empty) = (args.array(0), args.bool(2));
    let Value::Array(definition) = args.value(1).clone() else {
        let filter = to_int(ctx.php, args.value(1));
        if !exists(ctx.php, filter) {
            ctx.warn(format!("filter_var_array(): Unknown filter with ID {filter}"));
            return ok(false);
        }
        return each(ctx, &data, &Request { filter, flags: REQUIRE_ARRAY, options: None });
    };
    let mut out = Array::new();
    for (key, given) in definition.iter() {
        let crate::Key::Str(name) = &key else {
            return ctx.type_error(
                false,
                "filter_var_array(): Argument #2 ($options) must contain only string keys",
            );
        };
        if name.is_empty() {
            return ctx
                .value_error(false, "filter_var_array(): Argument #2 ($options) cannot contain empty keys");
        }
        let request = match given {
            Value::Array(_) => Request::of(ctx, UNSAFE_RAW, given),
            filter => Request { filter: to_int(ctx.php, filter), flags: REQUIRE_SCALAR, options: None },
        };
        match data.get(&key) {
            Some(value) => {
                let made = apply(ctx, value.clone(), &request)?;
                out.insert(key, made);
            }
            None if add_empty => out.insert(key, Value::Null),
            None => {}
        }
    }
    ok(out)
}
