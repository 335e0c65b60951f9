//! `strftime`, `gmstrftime`: formatting as the C library does, which PHP only calls.

use super::civil;
use super::format::{DAYS, MONTHS};
use super::functions::default_zone;
use super::moment::{Fields, Moment};
use super::zone::{Zone, offset_text};
use crate::call::{Args, Ctx, Outcome, Row};
use crate::php::{Libc, Php};

pub(crate) const ROWS: &[Row] = &[
    ("8.0- gmstrftime(string $format, ?int $timestamp = null)", |c, a| call(c, a, Zone::Greenwich)),
    ("-7.4 gmstrftime(string $format, int $timestamp = ?): false", |c, a| call(c, a, Zone::Greenwich)),
    ("8.0- strftime(string $format, ?int $timestamp = null)", |c, a| call(c, a, default_zone(c.php))),
    ("-7.4 strftime(string $format, int $timestamp = ?): false", |c, a| call(c, a, default_zone(c.php))),
];

fn call(ctx: &mut Ctx<'_>, args: &mut Args<'_>, zone: Zone) -> Outcome {
    let timestamp = args.opt_int(1).unwrap_or(ctx.php.now);
    crate::call::or_false(strftime(ctx.php, args.bytes(0), &Moment::at(timestamp, zone)))
}

/// PHP gives up where the text reaches this length, in bytes.
const LONGEST: usize = 4096;

/// `strftime($format, $timestamp)` in the zone of a moment, in the C locale. None is PHP's false, for an empty text too.
#[doc(alias = "gmstrftime")]
pub fn strftime(php: &Php, format: &[u8], moment: &Moment) -> Option<Vec<u8>> {
    let mut writer = Writer { php, moment, fields: moment.fields(), out: Vec::new() };
    // C's text ends at the first NUL.
    writer.all(&format[..memchr::memchr(0, format).unwrap_or(format.len())])?;
    (1..LONGEST).contains(&writer.out.len()).then_some(writer.out)
}

struct Writer<'a> {
    php: &'a Php,
    moment: &'a Moment,
    fields: Fields,
    out: Vec<u8>,
}

/// How a conversion is padded.
#[derive(Clone, Copy, Default)]
struct Style {
    /// `_`, `-`, `0`
    pad: Option<u8>,
    /// `^`
    upper: bool,
    /// `#`
    swap: bool,
    /// `+`, which musl alone knows.
    plus: bool,
    width: usize,
}

impl Writer<'_> {
    fn all(&mut self, format: &[u8]) -> Option<()> {
        let mut at = 0;
        while at < format.len() && self.out.len() < LONGEST {
            if format[at] != b'%' {
                self.out.push(format[at]);
                at += 1;
                continue;
            }
            let (style, letter) = style_at(&format[at + 1..], self.php.libc);
            let end = at + 1 + letter;
            match format.get(end) {
                Some(letter) if self.conversion(*letter, style) => at = end + 1,
                _ => at = self.unknown(format, at, end)?,
            }
        }
        Some(())
    }

    /// What is no conversion stands as it is; musl gives up.
    fn unknown(&mut self, format: &[u8], from: usize, to: usize) -> Option<usize> {
        if self.php.libc == Libc::Musl && (to < format.len() || to > from + 1) {
            return None;
        }
        let end = format.len().min(to + 1);
        self.out.extend_from_slice(&format[from..end]);
        Some(end)
    }

    /// A conversion; to musl the width is that of the years and days alone, and always filled with zeros.
    fn conversion(&mut self, letter: u8, style: Style) -> bool {
        if self.php.libc != Libc::Musl {
            return self.plain(letter, style);
        }
        let before = self.out.len();
        let known = self.plain(letter, Style { width: 0, ..style });
        if style.width > 0 && matches!(letter, b'C' | b'F' | b'G' | b'Y') {
            let text = self.out.split_off(before);
            self.widened(&text, style, if letter == b'C' { 3 } else { 5 });
        }
        known
    }

    /// A year, or what begins with one, made as wide as asked for: a plus stands before more digits than it has by itself.
    fn widened(&mut self, text: &[u8], style: Style, long: usize) {
        let text = text.strip_prefix(b"-").unwrap_or(text);
        let zeros = text.windows(2).take_while(|two| two[0] == b'0' && two[1].is_ascii_digit()).count();
        let text = &text[zeros..];
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut fill = style.width.saturating_sub(text.len());
        let sign = match self.fields.year {
            ..0 => Some(b'-'),
            _ if style.plus && digits + fill >= long => Some(b'+'),
            _ => None,
        };
        if let Some(sign) = sign {
            self.out.push(sign);
            fill = fill.saturating_sub(1);
        }
        self.out.extend(std::iter::repeat_n(b'0', fill));
        self.out.extend_from_slice(text);
    }

    fn plain(&mut self, letter: u8, style: Style) -> bool {
        let composed: &[u8] = match letter {
            b'c' if self.php.libc == Libc::Emscripten => b"%a %b %d %H:%M:%S %Y",
            b'c' => b"%a %b %e %H:%M:%S %Y",
            b'D' | b'x' => b"%m/%d/%y",
            b'F' => b"%Y-%m-%d",
            b'r' => b"%I:%M:%S %p",
            b'R' => b"%H:%M",
            b'T' | b'X' => b"%H:%M:%S",
            letter => return self.single(letter, style),
        };
        let before = self.out.len();
        let _ = self.all(composed);
        let text = self.out.split_off(before);
        self.text(&text, style);
        true
    }

    fn single(&mut self, letter: u8, style: Style) -> bool {
        let is_name = matches!(letter, b'a' | b'A' | b'b' | b'B' | b'h');
        let style = Style { upper: style.upper || style.swap && is_name, ..style };
        match self.number_of(letter) {
            Some((number, width, pad)) => self.number(number, width, pad, style),
            None => match self.text_of(letter, style) {
                Some(text) => self.text(text.as_bytes(), style),
                None => return false,
            },
        }
        true
    }

    /// The number of a conversion, its width and what fills it.
    fn number_of(&self, letter: u8) -> Option<(i64, usize, u8)> {
        let f = &self.fields;
        let weekday = civil::weekday(f.days);
        let of_year = civil::day_of_year(f.days);
        let (iso_year, iso_week) = civil::iso_week(f.days);
        let hour12 = if f.hour % 12 == 0 { 12 } else { f.hour % 12 };
        let glibc = self.php.libc == Libc::Glibc;
        Some(match letter {
            b'C' => (f.year.div_euclid(100), if glibc { 1 } else { 2 }, b'0'),
            b'd' => (f.day, 2, b'0'),
            b'e' => (f.day, 2, b' '),
            b'g' => (iso_year.rem_euclid(100), 2, b'0'),
            b'G' => (iso_year, if glibc { 0 } else { 4 }, b'0'),
            b'H' => (f.hour, 2, b'0'),
            b'I' => (hour12, 2, b'0'),
            b'j' => (of_year + 1, 3, b'0'),
            b'k' if glibc => (f.hour, 2, b' '),
            b'l' if glibc => (hour12, 2, b' '),
            b'm' => (f.month, 2, b'0'),
            b'M' => (f.minute, 2, b'0'),
            b's' if self.php.libc != Libc::Emscripten => (self.moment.timestamp, 0, b'0'),
            b'S' => (f.second, 2, b'0'),
            b'u' => (if weekday == 0 { 7 } else { weekday }, 0, b'0'),
            b'U' => ((of_year + 7 - weekday) / 7, 2, b'0'),
            b'V' => (iso_week, 2, b'0'),
            b'w' => (weekday, 0, b'0'),
            b'W' => ((of_year + 7 - (weekday + 6) % 7) / 7, 2, b'0'),
            b'y' => (f.year.rem_euclid(100), 2, b'0'),
            b'Y' => (f.year, if glibc { 0 } else { 4 }, b'0'),
            _ => return None,
        })
    }

    fn text_of(&self, letter: u8, style: Style) -> Option<String> {
        let f = &self.fields;
        let (day, month) = (DAYS[civil::weekday(f.days) as usize], MONTHS[f.month as usize - 1]);
        let half = if f.hour >= 12 { "PM" } else { "AM" };
        Some(match letter {
            b'a' => day[..3].to_owned(),
            b'A' => day.to_owned(),
            b'b' | b'h' => month[..3].to_owned(),
            b'B' => month.to_owned(),
            b'n' => "\n".to_owned(),
            b'p' if style.swap => half.to_ascii_lowercase(),
            b'p' => half.to_owned(),
            b'P' if self.php.libc == Libc::Glibc => half.to_ascii_lowercase(),
            b't' => "\t".to_owned(),
            b'z' => offset_text(f.local.offset, ""),
            b'Z' if style.swap => f.local.abbreviation.to_string_lossy().to_ascii_lowercase(),
            b'Z' => f.local.abbreviation.to_string_lossy(),
            b'%' => "%".to_owned(),
            _ => return None,
        })
    }

    fn number(&mut self, number: i64, width: usize, pad: u8, style: Style) {
        let (pad, width) = match style.pad {
            Some(b'_') => (b' ', width.max(style.width)),
            Some(b'-') => (pad, 0),
            Some(_) => (b'0', width.max(style.width)),
            None => (pad, width.max(style.width)),
        };
        let text = match pad {
            b' ' => format!("{number:width$}"),
            _ => format!("{number:0width$}"),
        };
        self.out.extend_from_slice(text.as_bytes());
    }

    fn text(&mut self, text: &[u8], style: Style) {
        let fill = style.width.saturating_sub(text.len()).min(LONGEST);
        self.out.extend(std::iter::repeat_n(if style.pad == Some(b'0') { b'0' } else { b' ' }, fill));
        match style.upper {
            true => self.out.extend(text.to_ascii_uppercase()),
            false => self.out.extend_from_slice(text),
        }
    }
}

/// The flags, width and modifier before a conversion, and how long they are.
fn style_at(format: &[u8], libc: Libc) -> (Style, usize) {
    let mut style = Style::default();
    let mut at = match libc {
        Libc::Glibc => glibc_flags(format, &mut style),
        Libc::Musl => musl_flags(format, &mut style),
        Libc::Emscripten => 0,
    };
    if libc != Libc::Emscripten {
        let digits = format[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        for digit in &format[at..at + digits] {
            style.width = (style.width * 10 + usize::from(digit - b'0')).min(LONGEST);
        }
        // To musl a width of 0 is one of 1.
        style.width = style.width.max(usize::from(digits > 0 && libc == Libc::Musl));
        at += digits;
    }
    if matches!(format.get(at), Some(b'E' | b'O')) {
        at += 1;
    }
    (style, at)
}

/// Any number of flags.
fn glibc_flags(format: &[u8], style: &mut Style) -> usize {
    let is_flag = |byte: &&u8| matches!(byte, b'_' | b'-' | b'0' | b'^' | b'#');
    let count = format.iter().take_while(is_flag).count();
    for flag in &format[..count] {
        match flag {
            b'^' => style.upper = true,
            b'#' => style.swap = true,
            pad => style.pad = Some(*pad),
        }
    }
    count
}

/// One that says how to fill, and a plus.
fn musl_flags(format: &[u8], style: &mut Style) -> usize {
    style.pad = format.first().copied().filter(|byte| matches!(byte, b'_' | b'-' | b'0'));
    let at = usize::from(style.pad.is_some());
    style.plus = format.get(at) == Some(&b'+');
    at + usize::from(style.plus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::php::Version;

    #[test]
    fn formats_as_the_c_library_does() {
        let php = Php::new(Version::V7_4);
        let moment = Moment::at(1_700_000_000, Zone::Greenwich);
        let text = |format: &str| {
            strftime(&php, format.as_bytes(), &moment).map(|text| String::from_utf8(text).unwrap())
        };
        for (format, expected) in [
            ("%Y-%m-%d %H:%M:%S", "2023-11-14 22:13:20"),
            ("%a %A %b %B %c", "Tue Tuesday Nov November Tue Nov 14 22:13:20 2023"),
            ("%C %g %G %V %U %W %j %u %w", "20 23 2023 46 46 46 318 2 2"),
            ("%k|%l|%P|%s|%Z %z|%q|%", "22|10|pm|1700000000|GMT +0000|%q|%"),
            ("%-d %_m %^a %5d %05e", "14 11 TUE 00014 00014"),
        ] {
            assert_eq!(text(format).as_deref(), Some(expected), "{format}");
        }
        assert_eq!(text(""), None);
        let musl = Php { libc: Libc::Musl, ..php };
        let text = strftime(&musl, b"%5Y %-m %_d %3d %+6Y %F", &moment);
        assert_eq!(text.as_deref(), Some(&b"02023 11 14 14 +02023 2023-11-14"[..]));
    }
}
