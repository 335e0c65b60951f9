//! Time zones: names of the tz database, abbreviations, offsets.

mod abbreviation;
mod clock;
mod database;
mod old;
mod read;

pub(super) use abbreviation::by_abbreviation;
pub(super) use clock::Clock;
pub use database::Named;
pub(super) use read::{Reading, read};

use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};
use crate::value::Str;

/// A time zone, of one of PHP's three kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum Zone {
    /// What `gmdate` shows: `UTC` by name, `GMT` as abbreviation.
    Greenwich,
    /// `+02:00`, seconds east.
    Offset(i64),
    /// `EST`: seconds east of its standard time, and whether it is summer time, an hour more.
    Abbreviation(Str, i64, bool),
    /// `Europe/Paris`
    Named(Named),
}

/// What holds in a zone at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Seconds east of UTC.
    pub offset: i64,
    /// Summer time.
    pub dst: bool,
    /// `CEST`, or `GMT+0200`.
    pub abbreviation: Str,
}

impl Zone {
    /// UTC, by its name.
    pub fn utc() -> Self {
        Self::Named(Named::utc())
    }

    /// A zone of the tz database, whatever the case of its name.
    pub fn named(php: &Php, name: &[u8]) -> Option<Self> {
        Named::find(php, name).map(Self::Named)
    }

    /// `new DateTimeZone($text)`: a name, an abbreviation or an offset; what follows one is ignored up to 7.4.
    ///
    /// # Errors
    /// What PHP throws where it is none of these.
    #[doc(alias = "DateTimeZone")]
    #[doc(alias = "timezone_open")]
    pub fn new(php: &Php, text: &[u8]) -> Result<Self, Thrown> {
        if memchr::memchr(0, text).is_some() && php.is_8() {
            let message =
                "DateTimeZone::__construct(): Argument #1 ($timezone) must not contain any null bytes";
            return Err(Thrown::new(ErrorClass::ValueError, message));
        }
        let reading = read(php, text);
        let zone = match reading {
            Reading { zone: Some(zone), found: true, len } if len == text.len() || !php.is_8() => zone,
            _ => return Err(refused(php, "Unknown or bad timezone", text)),
        };
        match zone {
            Self::Offset(offset) if offset.abs() >= 100 * 3600 && php.is_8() => {
                Err(refused(php, "Timezone offset is out of range", text))
            }
            // Up to 7.4 summer time of an abbreviation is forgotten.
            Self::Abbreviation(name, offset, _) if !php.is_8() => Ok(Self::Abbreviation(name, offset, false)),
            zone => Ok(zone),
        }
    }

    /// What holds at a moment (seconds since 1970).
    pub fn at(&self, timestamp: i64) -> Local {
        match self {
            Self::Greenwich => Local { offset: 0, dst: false, abbreviation: Str::from("GMT") },
            Self::Offset(offset) => Local {
                offset: *offset,
                dst: false,
                abbreviation: Str::from(format!("GMT{:.5}", offset_text(*offset, ""))),
            },
            Self::Abbreviation(name, offset, dst) => {
                Local { offset: offset + i64::from(*dst) * 3600, dst: *dst, abbreviation: name.clone() }
            }
            Self::Named(zone) => zone.at(timestamp),
        }
    }

    /// `timezone_type`: 1 for an offset, 2 for an abbreviation, 3 for a name.
    pub fn kind(&self) -> i64 {
        match self {
            Self::Offset(_) => 1,
            Self::Abbreviation(..) => 2,
            Self::Greenwich | Self::Named(_) => 3,
        }
    }

    /// What `date('e')` shows.
    pub fn name(&self) -> Str {
        match self {
            Self::Greenwich => Str::from("UTC"),
            Self::Offset(offset) => Str::from(offset_text(*offset, ":")),
            Self::Abbreviation(name, ..) => name.clone(),
            Self::Named(zone) => zone.name().clone(),
        }
    }
}

fn refused(php: &Php, why: &str, text: &[u8]) -> Thrown {
    let class = match php.since(Version::V8_3) {
        true => ErrorClass::DateInvalidTimeZoneException,
        false => ErrorClass::Exception,
    };
    Thrown::new(class, format!("DateTimeZone::__construct(): {why} ({})", String::from_utf8_lossy(text)))
}

/// `+02:00` or, without a separator, `+0200`.
pub fn offset_text(offset: i64, separator: &str) -> String {
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60)
}
