//! What can go wrong while an expression runs. The request then falls back to legacy.

use legacy_compat::Thrown;

/// Why an expression has no value. The kinds are those of CEL.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EvalError {
    /// A field or key that is not there.
    NoSuchKey(Box<str>),
    /// The operator or function does not take values of these types.
    NoOverload(&'static str),
    /// The result is no 64-bit integer.
    Overflow,
    /// `x / 0`
    DivisionByZero,
    /// `x % 0`
    RemainderByZero,
    /// A list has no element there.
    OutOfBounds,
    /// A map with the same key twice.
    DuplicateKey,
    /// A function refused its arguments.
    Function(&'static str, Box<str>),
    /// What PHP throws.
    Thrown(Box<Thrown>),
    /// A limit of the pipeline was reached.
    Limit(&'static str),
}

impl std::fmt::Display for EvalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSuchKey(key) => write!(f, "there is no key `{key}`"),
            Self::NoOverload(what) => write!(f, "`{what}` does not take values of these types"),
            Self::Overflow => f.write_str("the result is out of the range of integers"),
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::RemainderByZero => f.write_str("remainder by zero"),
            Self::OutOfBounds => f.write_str("the list has no element there"),
            Self::DuplicateKey => f.write_str("the map has the same key twice"),
            Self::Function(name, why) => write!(f, "`{name}`: {why}"),
            Self::Thrown(thrown) => write!(f, "PHP throws: {thrown}"),
            Self::Limit(which) => write!(f, "the limit on {which} is reached"),
        }
    }
}

impl std::error::Error for EvalError {}

/// A value, or why there is none.
pub(crate) type Evaluated<T> = Result<T, EvalError>;
