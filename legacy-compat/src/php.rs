//! Which PHP is being answered for: its version and the settings that change what code observes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::int_size::IntSize;
use crate::request;

/// A PHP version, as far as behaviour depends on it: major and minor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    major: u8,
    minor: u8,
}

impl Version {
    /// PHP 5.6, the oldest one that is measured.
    pub const V5_6: Self = Self::new(5, 6);
    /// PHP 7.0.
    pub const V7_0: Self = Self::new(7, 0);
    /// PHP 7.1.
    pub const V7_1: Self = Self::new(7, 1);
    /// PHP 7.2.
    pub const V7_2: Self = Self::new(7, 2);
    /// PHP 7.3.
    pub const V7_3: Self = Self::new(7, 3);
    /// PHP 7.4.
    pub const V7_4: Self = Self::new(7, 4);
    /// PHP 8.0.
    pub const V8_0: Self = Self::new(8, 0);
    /// PHP 8.1.
    pub const V8_1: Self = Self::new(8, 1);
    /// PHP 8.2.
    pub const V8_2: Self = Self::new(8, 2);
    /// PHP 8.3.
    pub const V8_3: Self = Self::new(8, 3);
    /// PHP 8.4, the newest one that is measured.
    pub const V8_4: Self = Self::new(8, 4);

    /// The version `major.minor`.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// The first number of the version.
    pub const fn major(self) -> u8 {
        self.major
    }

    /// The second number of the version.
    pub const fn minor(self) -> u8 {
        self.minor
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a PHP version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a PHP version: write it as \"7.4\" or \"8.2.30\"")]
pub struct ParseVersionError {
    text: String,
}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads `7.4`, `7.4.33` or `7.4.33-ubuntu`; what follows the second number is ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim().splitn(3, '.');
        let mut number = || {
            let part = parts.next()?;
            let digits = part.find(|c: char| !c.is_ascii_digit()).map_or(part, |end| &part[..end]);
            digits.parse::<u8>().ok()
        };
        match (number(), number()) {
            (Some(major), Some(minor)) => Ok(Self::new(major, minor)),
            _ => Err(ParseVersionError { text: text.to_owned() }),
        }
    }
}

/// The versions that a row of a table holds for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    since: Version,
    until: Version,
}

impl Versions {
    /// Reads `8.0-`, `-7.4`, `7.0-7.4`, or nothing for all. Anything else is a fault of the table, and the tests read it all.
    pub(crate) fn parse(text: &str) -> Self {
        let (since, until) = text.split_once('-').unwrap_or(("", ""));
        let version =
            |text: &str, or| if text.is_empty() { or } else { text.parse().expect("a row's version") };
        Self {
            since: version(since, Version::new(0, 0)),
            until: version(until, Version::new(u8::MAX, u8::MAX)),
        }
    }

    pub(crate) fn contain(self, version: Version) -> bool {
        self.since <= version && version <= self.until
    }
}

/// The C library that PHP stands on, where what code observes is the library's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Libc {
    /// GNU's, of most Linux distributions. Its C locale has no characters above 127.
    Glibc,
    /// Alpine's. Its C locale has characters above 127.
    Musl,
    /// WebAssembly's of former years: musl, with a `strftime` of its own.
    Emscripten,
}

/// The PHP that is answered for: version and settings.
///
/// Every function of this crate whose answer depends on them takes a `&Php`. Nothing else is read: no
/// environment, no clock.
///
/// ```
/// use legacy_compat::{Php, Version, compare};
/// let old = Php::new(Version::V7_4);
/// let new = Php::new(Version::V8_0);
/// assert!(compare::loose_eq(&old, &0.into(), &"a".into()));
/// assert!(!compare::loose_eq(&new, &0.into(), &"a".into()));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Php {
    /// The version of PHP.
    pub version: Version,
    /// `precision`: significant digits of a float made a string; -1 for the shortest that reads back. Default 14.
    pub precision: i32,
    /// `serialize_precision`: the same for `json_encode` (from 7.1), `var_export`, `serialize`. Default 17 up to 7.0,
    /// then -1.
    pub serialize_precision: i32,
    /// `date.timezone`, the zone of `date()` and the like. Default `UTC`.
    pub timezone: Arc<str>,
    /// What `time()` answers, in seconds since 1970: the base of relative dates.
    pub now: i64,
    /// `max_input_vars`: how many variables a query or a form may set. Default 1000.
    pub max_input_vars: usize,
    /// `max_input_nesting_level`: how deep their brackets may nest. Default 64.
    pub max_input_nesting_level: usize,
    /// `default_charset`, which `text/…` types get. Default `UTF-8`, in 5.6 as well.
    pub default_charset: Arc<str>,
    /// How a request is read.
    pub input: request::Settings,
    /// The C library that PHP stands on. Default glibc.
    pub libc: Libc,
    /// The size of an integer: where numbers become floats, and what casts, bits and `%x` leave of larger ones. Default eight bytes.
    pub int_size: IntSize,
    /// Whether PHP was built with Argon2: then `password_hash` and its kin know argon2i from 7.2 and argon2id from 7.3. Default true.
    pub argon2: bool,
    /// `pcre.backtrack_limit`. Default 1,000,000.
    pub backtrack_limit: u32,
    /// `pcre.jit`: which error a pattern ends with that recurses for ever hangs on it. Default true, from 7.0, which brought it.
    pub pcre_jit: bool,
}

impl Php {
    /// PHP of this version with the settings it has without a `php.ini`, in UTC, at the epoch.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            precision: 14,
            serialize_precision: if version < Version::V7_1 { 17 } else { -1 },
            timezone: Arc::from("UTC"),
            now: 0,
            max_input_vars: 1000,
            max_input_nesting_level: 64,
            default_charset: Arc::from("UTF-8"),
            input: request::Settings::default(),
            libc: Libc::Glibc,
            int_size: IntSize::Eight,
            argon2: true,
            backtrack_limit: 1_000_000,
            pcre_jit: version >= Version::V7_0,
        }
    }

    /// The same, at another time (seconds since 1970).
    pub fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    /// The same, in another time zone (a name of the tz database).
    pub fn in_zone(mut self, timezone: &str) -> Self {
        self.timezone = Arc::from(timezone);
        self
    }

    /// PHP 8.0 or later: exceptions in place of warnings, sane comparison of numbers with strings.
    pub fn is_8(&self) -> bool {
        self.version >= Version::V8_0
    }

    /// PHP 5.6 or older.
    pub fn is_5(&self) -> bool {
        self.version < Version::V7_0
    }

    /// Whether this PHP takes a float for a finite one. Where PHP 5's `configure` finds neither `isnan` nor `isinf`, as in
    /// WebAssembly, it knows no NaN and only one infinity.
    pub(crate) fn takes_for_finite(&self, float: f64) -> bool {
        let is_blind = self.is_5() && self.libc == Libc::Emscripten;
        float.is_finite() || is_blind && float != f64::INFINITY
    }

    /// This version or a later one.
    pub fn since(&self, version: Version) -> bool {
        self.version >= version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_version_with_or_without_its_tail() {
        for text in ["7.4", "7.4.33", "7.4.33-1+deb11u5", " 7.4 ", "7.4rc1"] {
            assert_eq!(text.parse(), Ok(Version::V7_4), "{text}");
        }
        for text in ["", "7", "x.y", "7.", "999.1"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn orders_versions_by_number() {
        assert!(Version::V5_6 < Version::V7_0 && Version::V7_4 < Version::V8_0);
        assert!(Version::new(8, 10) > Version::V8_4);
    }
}
