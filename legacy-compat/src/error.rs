//! What PHP throws.

/// The class of what was thrown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// `Error`
    Error,
    /// `TypeError`
    TypeError,
    /// `ValueError`, from 8.0
    ValueError,
    /// `ArgumentCountError`, from 7.1
    ArgumentCountError,
    /// `ArithmeticError`
    ArithmeticError,
    /// `DivisionByZeroError`
    DivisionByZeroError,
    /// `Exception`
    Exception,
    /// `JsonException`, from 7.3
    JsonException,
    /// `DateMalformedStringException`, from 8.3
    DateMalformedStringException,
    /// `DateInvalidTimeZoneException`, from 8.3
    DateInvalidTimeZoneException,
    /// `DateMalformedIntervalStringException`, from 8.3
    DateMalformedIntervalStringException,
    /// `DateMalformedPeriodStringException`, from 8.3
    DateMalformedPeriodStringException,
    /// `InvalidArgumentException`, of `unserialize`
    InvalidArgumentException,
    /// `UnexpectedValueException`, of `unserialize`
    UnexpectedValueException,
}

impl ErrorClass {
    /// PHP's name of the class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "Error",
            Self::TypeError => "TypeError",
            Self::ValueError => "ValueError",
            Self::ArgumentCountError => "ArgumentCountError",
            Self::ArithmeticError => "ArithmeticError",
            Self::DivisionByZeroError => "DivisionByZeroError",
            Self::Exception => "Exception",
            Self::JsonException => "JsonException",
            Self::DateMalformedStringException => "DateMalformedStringException",
            Self::DateInvalidTimeZoneException => "DateInvalidTimeZoneException",
            Self::DateMalformedIntervalStringException => "DateMalformedIntervalStringException",
            Self::DateMalformedPeriodStringException => "DateMalformedPeriodStringException",
            Self::InvalidArgumentException => "InvalidArgumentException",
            Self::UnexpectedValueException => "UnexpectedValueException",
        }
    }
}

/// An exception or error that PHP would have thrown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", class.name())]
pub struct Thrown {
    /// Its class.
    pub class: ErrorClass,
    /// Its message, as PHP words it where known.
    pub message: String,
}

impl Thrown {
    /// What is thrown with this class and message.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into() }
    }

    /// What stands for PHP's end at its `memory_limit`, where an answer would be larger than that.
    pub fn out_of_memory() -> Self {
        Self::new(ErrorClass::Error, "Allowed memory size of 134217728 bytes exhausted")
    }
}
