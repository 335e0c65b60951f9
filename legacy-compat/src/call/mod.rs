//! Calls by name: `call(php, "substr", args)`, with PHP's coercion of parameters, counts and errors done from a table.

mod args;
mod coerce;
mod signature;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use args::Args;
pub(crate) use signature::Row;

use crate::error::{ErrorClass, Thrown};
use crate::php::Php;
use crate::value::{Array, Value};
use signature::Function;

/// What a function answers, or what PHP throws.
pub type Outcome = Result<Value, Thrown>;

/// PHP's level of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum Level {
    /// `E_WARNING`
    Warning = 2,
    /// `E_NOTICE`
    Notice = 8,
    /// `E_RECOVERABLE_ERROR`
    Recoverable = 4096,
    /// `E_DEPRECATED`
    Deprecated = 8192,
}

/// A message that PHP would have given besides the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Its level.
    pub level: Level,
    /// Its text, worded as PHP's where that is cheap.
    pub message: String,
}

/// What outlives a call: the last errors and the messages given so far.
#[derive(Debug)]
pub struct Ctx<'p> {
    /// The PHP that is answered for.
    pub php: &'p Php,
    /// Messages given so far, oldest first; at most 1,000 are kept.
    pub warnings: Vec<Warning>,
    /// `json_last_error()`
    pub json_error: i64,
    /// `preg_last_error()`
    pub preg_error: i64,
    depth: usize,
}

/// Deeper than this calls do not nest: a callback that calls itself for ever ends as an error.
const MAX_DEPTH: usize = 200;

static FUNCTIONS: LazyLock<HashMap<&'static str, Vec<Function>>> = LazyLock::new(|| {
    let mut functions: HashMap<&'static str, Vec<Function>> = HashMap::new();
    for row in table::families().into_iter().flatten() {
        let function = Function::parse(row);
        functions.entry(function.name).or_default().push(function);
    }
    functions
});

/// Whether PHP of this version has the function, and this crate too.
#[doc(alias = "function_exists")]
pub fn exists(php: &Php, name: &str) -> bool {
    find(php, name).is_some()
}

/// The names of all functions that the crate has for this PHP, in no order.
pub fn names(php: &Php) -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().filter(|(_, rows)| rows.iter().any(|row| row.covers(php.version))).map(|(name, _)| *name)
}

fn find(php: &Php, name: &str) -> Option<&'static Function> {
    let name = name.strip_prefix('\\').unwrap_or(name);
    let rows = match FUNCTIONS.get(name) {
        Some(rows) => rows,
        None => FUNCTIONS.get(name.to_ascii_lowercase().as_str())?,
    };
    rows.iter().find(|function| function.covers(php.version))
}

/// Calls a PHP function by its name. Parameters by reference are changed in `args`.
///
/// ```
/// use legacy_compat::{Php, Value, Version, call};
/// let php = Php::new(Version::V7_4);
/// let mut args = vec![Value::from("0x1A"), Value::from("16")];
/// assert_eq!(call::call(&php, "intval", &mut args), Ok(Value::from(26)));
/// ```
///
/// # Errors
/// What PHP throws; `Error` for a function that is not there, as PHP does.
#[doc(alias = "call_user_func_array")]
pub fn call(php: &Php, name: &str, args: &mut Vec<Value>) -> Outcome {
    Ctx::new(php).call(name, args)
}

impl<'p> Ctx<'p> {
    /// A fresh state for this PHP.
    pub fn new(php: &'p Php) -> Self {
        Self { php, warnings: Vec::new(), json_error: 0, preg_error: 0, depth: 0 }
    }

    /// Calls a PHP function by its name, see [`call`].
    ///
    /// # Errors
    /// What PHP throws.
    pub fn call(&mut self, name: &str, args: &mut Vec<Value>) -> Outcome {
        let Some(function) = find(self.php, name) else {
            return Err(Thrown::new(ErrorClass::Error, format!("Call to undefined function {name}()")));
        };
        if self.depth >= MAX_DEPTH {
            return Err(Thrown::new(ErrorClass::Error, "Maximum function nesting level reached"));
        }
        self.depth += 1;
        let answer = coerce::coerce(self, function, args).and_then(|ready| match ready {
            Ok(given) => (function.run)(self, &mut Args::new(args, given)),
            Err(answer) => Ok(answer),
        });
        self.depth -= 1;
        answer
    }

    /// Calls a callback, which is a function's name.
    ///
    /// # Errors
    /// What the callback throws.
    pub fn call_back(&mut self, callback: &Value, mut args: Vec<Value>) -> Outcome {
        let name = callback.as_bytes().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or("");
        let name = name.to_owned();
        self.call(&name, &mut args)
    }

    /// Whether a value can be called.
    pub fn is_callable(&self, callback: &Value) -> bool {
        let name = callback.as_bytes().and_then(|name| std::str::from_utf8(name).ok());
        name.is_some_and(|name| exists(self.php, name))
    }

    /// Notes a message.
    pub fn note(&mut self, level: Level, message: impl Into<String>) {
        if self.warnings.len() < 1000 {
            self.warnings.push(Warning { level, message: message.into() });
        }
    }

    /// Notes a warning.
    pub fn warn(&mut self, message: impl Into<String>) {
        self.note(Level::Warning, message);
    }

    /// A `ValueError` from 8.0; before, a warning and this answer.
    ///
    /// # Errors
    /// The `ValueError`.
    pub fn value_error(&mut self, before: impl Into<Value>, message: impl Into<String>) -> Outcome {
        self.error(ErrorClass::ValueError, before, message)
    }

    /// A `TypeError` from 8.0; before, a warning and this answer.
    ///
    /// # Errors
    /// The `TypeError`.
    pub fn type_error(&mut self, before: impl Into<Value>, message: impl Into<String>) -> Outcome {
        self.error(ErrorClass::TypeError, before, message)
    }

    /// Something thrown from 8.0; before, a warning and this answer.
    ///
    /// # Errors
    /// What is thrown.
    pub fn error(
        &mut self,
        class: ErrorClass,
        before: impl Into<Value>,
        message: impl Into<String>,
    ) -> Outcome {
        if self.php.is_8() {
            return Err(Thrown::new(class, message));
        }
        self.warn(message);
        Ok(before.into())
    }

    /// Appends to an array as this version does; what does not fit is dropped with a warning, as in PHP.
    pub(crate) fn append(&mut self, array: &mut Array, value: Value) {
        if crate::access::append(self.php, array, value).is_err() {
            self.warn("Cannot add element to the array as the next element is already occupied");
        }
    }
}

/// An answer of a function that cannot throw.
pub(crate) fn ok(value: impl Into<Value>) -> Outcome {
    Ok(value.into())
}

/// The value, or `false` for none: how PHP's functions say that they found nothing.
pub(crate) fn or_false<T: Into<Value>>(value: Option<T>) -> Outcome {
    Ok(value.map_or(Value::FALSE, Into::into))
}
