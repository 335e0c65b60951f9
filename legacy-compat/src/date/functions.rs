//! `date`, `gmdate`, `idate`, `mktime`, `gmmktime`, `checkdate`, `strtotime`.

use super::civil;
use super::moment::Moment;
use super::text::read_to_fault;
use super::zone::Zone;
use crate::call::{Args, Ctx, Outcome, Row, ok, or_false};
use crate::php::{Php, Version};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- date(string $format, ?int $timestamp = null)", |c, a| {
        ok(date(c.php, a.bytes(0), timestamp(c, a, 1)))
    }),
    ("-7.4 date(string $format, int $timestamp = ?): false", |c, a| {
        ok(date(c.php, a.bytes(0), timestamp(c, a, 1)))
    }),
    ("8.0- gmdate(string $format, ?int $timestamp = null)", |c, a| {
        ok(gmdate(c.php, a.bytes(0), timestamp(c, a, 1)))
    }),
    ("-7.4 gmdate(string $format, int $timestamp = ?): false", |c, a| {
        ok(gmdate(c.php, a.bytes(0), timestamp(c, a, 1)))
    }),
    ("8.0- idate(string $format, ?int $timestamp = null)", idate),
    ("-7.4 idate(string $format, int $timestamp = ?): false", idate),
    ("checkdate(int $month, int $day, int $year): false", |_, a| ok(checkdate(a.int(0), a.int(1), a.int(2)))),
    (
        "8.0- mktime(int $hour, ?int $minute = null, ?int $second = null, ?int $month = null, ?int $day = null, ?int $year = null)",
        |c, a| call_mktime(c, a, false),
    ),
    (
        "7.0-7.4 mktime(int $hour = ?, int $min = ?, int $sec = ?, int $mon = ?, int $day = ?, int $year = ?): false",
        |c, a| call_mktime(c, a, false),
    ),
    (
        "-5.6 mktime(int $hour = ?, int $min = ?, int $sec = ?, int $mon = ?, int $day = ?, int $year = ?, int $dst = -1): false",
        |c, a| call_mktime(c, a, false),
    ),
    (
        "8.0- gmmktime(int $hour, ?int $minute = null, ?int $second = null, ?int $month = null, ?int $day = null, ?int $year = null)",
        |c, a| call_mktime(c, a, true),
    ),
    (
        "7.0-7.4 gmmktime(int $hour = ?, int $min = ?, int $sec = ?, int $mon = ?, int $day = ?, int $year = ?): false",
        |c, a| call_mktime(c, a, true),
    ),
    (
        "-5.6 gmmktime(int $hour = ?, int $min = ?, int $sec = ?, int $mon = ?, int $day = ?, int $year = ?, int $dst = -1): false",
        |c, a| call_mktime(c, a, true),
    ),
    ("8.0- strtotime(string $datetime, ?int $baseTimestamp = null)", call_strtotime),
    ("-7.4 strtotime(string $time, int $now = ?): false", call_strtotime),
    ("time()", |c, _| ok(c.php.now)),
    ("7.3- date_default_timezone_get()", |c, _| ok(&*c.php.timezone)),
    // It did not look at what it was given.
    ("-7.2 date_default_timezone_get(mixed ...$ignored)", |c, _| ok(&*c.php.timezone)),
];

fn timestamp(ctx: &Ctx<'_>, args: &Args<'_>, index: usize) -> i64 {
    args.opt_int(index).unwrap_or(ctx.php.now)
}

/// The zone of the settings; UTC where its name is none.
pub(super) fn default_zone(php: &Php) -> Zone {
    Zone::named(php, php.timezone.as_bytes()).unwrap_or_else(Zone::utc)
}

/// `date($format, $timestamp)` in the zone of the settings.
///
/// ```
/// use legacy_compat::{Php, Version, date};
/// let php = Php::new(Version::V7_4).in_zone("Europe/Paris");
/// assert_eq!(date::date(&php, b"Y-m-d H:i T", 1_700_000_000), b"2023-11-14 23:13 CET");
/// ```
pub fn date(php: &Php, format: &[u8], timestamp: i64) -> Vec<u8> {
    Moment::at(timestamp, default_zone(php)).format(php, format)
}

/// `gmdate($format, $timestamp)`: in UTC.
pub fn gmdate(php: &Php, format: &[u8], timestamp: i64) -> Vec<u8> {
    Moment::at(timestamp, Zone::Greenwich).format(php, format)
}

/// `checkdate($month, $day, $year)`: a day of the Gregorian calendar, of the years 1 to 32767.
pub fn checkdate(month: i64, day: i64, year: i64) -> bool {
    civil::checkdate(month, day, year)
}

fn idate(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let [letter] = args.bytes(0) else {
        return idate_refused(ctx, "idate(): Argument #1 ($format) must be one character");
    };
    let known = match letter {
        b'N' | b'o' => ctx.php.since(Version::V8_2),
        letter => b"BdghGHiIjLmnstUwWyYzZ".contains(letter),
    };
    if !known {
        return idate_refused(ctx, "idate(): Argument #1 ($format) must be a valid date format token");
    }
    let text = date(ctx.php, &[*letter], timestamp(ctx, args, 1));
    ok(crate::numeric::strtol(&text, 10) as i32) // PHP's int of 32 bits
}

fn idate_refused(ctx: &mut Ctx<'_>, message: &str) -> Outcome {
    ctx.warn(message);
    ok(false)
}

/// `mktime`: what is not given is now ([`Php::now`]); months and days carry over.
pub fn mktime(php: &Php, zone: &Zone, fields: [Option<i64>; 6]) -> i64 {
    let mut time = Moment::at(php.now, zone.clone()).as_time();
    let [hour, minute, second, month, day, year] = fields;
    let year = match year {
        Some(year @ 0..70) => Some(year + 2000),
        Some(year @ 70..=100) => Some(year + 1900),
        year => year,
    };
    for (field, given) in [
        (&mut time.hour, hour),
        (&mut time.minute, minute),
        (&mut time.second, second),
        (&mut time.month, month),
        (&mut time.day, day),
        (&mut time.year, year),
    ] {
        *field = given.or(*field);
    }
    time.resolve(php).timestamp
}

fn call_mktime(ctx: &mut Ctx<'_>, args: &mut Args<'_>, utc: bool) -> Outcome {
    let zone = if utc { Zone::utc() } else { default_zone(ctx.php) };
    // 5.6 could be told that the time is one of summer time.
    let summer = if args.opt_int(6) == Some(1) { 3600 } else { 0 };
    let at = mktime(ctx.php, &zone, std::array::from_fn(|index| args.opt_int(index)));
    or_false(Some(at.saturating_sub(summer)).filter(|at| ctx.php.int_size.holds(*at)))
}

fn call_strtotime(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let base = timestamp(ctx, args, 1);
    or_false(strtotime(ctx.php, args.bytes(0), base))
}

/// `strtotime($text, $base)`: none is PHP's false.
///
/// ```
/// use legacy_compat::{Php, Version, date};
/// let php = Php::new(Version::V7_4);
/// assert_eq!(date::strtotime(&php, b"2024-02-30", 0), Some(1_709_251_200)); // 1 March
/// assert_eq!(date::strtotime(&php, b"15 janvier 2024", 0), None);
/// ```
pub fn strtotime(php: &Php, text: &[u8], base: i64) -> Option<i64> {
    let mut time = read_to_fault(php, text);
    if !time.errors.is_empty() {
        return None;
    }
    time.fill(&Moment::at(base, default_zone(php)), false);
    Some(time.resolve(php).timestamp).filter(|at| php.int_size.holds(*at))
}
