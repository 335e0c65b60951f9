//! `sscanf`: text read by a format.

use crate::call::{Args, Ctx, Outcome, Row, ok};
use crate::families::strings::scan_number::{scan_float, scan_int};
use crate::numeric::is_blank;
use crate::value::{Array, Value};

pub(crate) const ROWS: &[Row] = &[("sscanf(string $string, string $format, mixed &...$vars)", sscanf)];

/// More results than this are refused.
const MAX_RESULTS: usize = 255;

/// A part of a format.
enum Part {
    /// Any blanks, or none.
    Blanks,
    /// This byte.
    Byte(u8),
    Conversion(Conversion),
}

struct Conversion {
    /// The result's place; none for `%*…`, which is read and dropped.
    target: Option<usize>,
    /// At most so many bytes; 0 for no limit.
    width: usize,
    kind: Kind,
}

enum Kind {
    /// `%n`: how far the text is read.
    Offset,
    Int {
        base: u32,
        unsigned: bool,
    },
    Float,
    Text,
    Char,
    Set(Box<[bool; 256]>),
}

/// A format, and how many results it has.
struct Format {
    parts: Vec<Part>,
    results: usize,
}

fn until_nul(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn sscanf(ctx: &mut Ctx<'_>, args: &mut Args<'_>) -> Outcome {
    let variables = args.given().saturating_sub(2);
    let nothing = if variables > 0 { Value::Int(-1) } else { Value::Null };
    let format = match parse(until_nul(args.bytes(1)), variables) {
        Ok(format) => format,
        Err(message) => return ctx.value_error(nothing, message),
    };
    let (found, count) = match scan(until_nul(args.bytes(0)), &format) {
        Some(found) => found,
        None => return ok(nothing),
    };
    if variables == 0 {
        return ok(found.into_iter().map(Option::unwrap_or_default).collect::<Array>());
    }
    for (index, value) in found.into_iter().enumerate() {
        if let Some(value) = value {
            args.set(index + 2, value);
        }
    }
    ok(count)
}

/// Reads a format; every result must be set exactly once, and as many as there are variables, where there are any.
fn parse(format: &[u8], variables: usize) -> Result<Format, String> {
    let mut parser =
        Parser { format, at: 0, variables, next: 0, numbered: 0, sequential: false, set: Vec::new() };
    let mut parts = Vec::new();
    while let Some(byte) = parser.take() {
        parts.push(match byte {
            blank if is_blank(blank) => Part::Blanks,
            b'%' if parser.peek() == b'%' => {
                parser.at += 1;
                Part::Byte(b'%')
            }
            b'%' => Part::Conversion(parser.conversion()?),
            other => Part::Byte(other),
        });
    }
    let results = match variables {
        0 if parser.numbered > 0 => parser.numbered,
        0 => parser.next,
        given => given,
    };
    let times = |index: usize| parser.set.get(index).copied().unwrap_or(0);
    if (0..results).any(|index| times(index) > 1) {
        return Err("Variable is assigned by multiple \"%n$\" conversion specifiers".into());
    }
    if (variables > 0 || parser.numbered == 0) && (0..results).any(|index| times(index) == 0) {
        return Err("Variable is not assigned by any conversion specifiers".into());
    }
    Ok(Format { parts, results })
}

struct Parser<'a> {
    format: &'a [u8],
    at: usize,
    variables: usize,
    /// The place of the next result.
    next: usize,
    /// The largest `%n$`.
    numbered: usize,
    sequential: bool,
    /// How often each result is set.
    set: Vec<usize>,
}

impl Parser<'_> {
    fn peek(&self) -> u8 {
        self.format.get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.format.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte
    }

    fn number(&mut self) -> usize {
        let digits = self.format[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = &self.format[self.at..self.at + digits];
        self.at += digits;
        text.iter()
            .fold(0usize, |sum, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
    }

    /// What follows a `%`.
    fn conversion(&mut self) -> Result<Conversion, String> {
        let dropped = self.peek() == b'*';
        if dropped {
            self.at += 1;
        } else {
            self.position()?;
        }
        let width = self.number();
        if matches!(self.peek(), b'l' | b'L' | b'h') {
            self.at += 1;
        }
        if !dropped && self.variables > 0 && self.next >= self.variables {
            return Err(self.bad_index());
        }
        let kind = self.kind()?;
        let target = (!dropped).then(|| self.claim());
        Ok(Conversion { target, width, kind })
    }

    fn bad_index(&self) -> String {
        match self.numbered > 0 {
            true => "\"%n$\" argument index out of range".into(),
            false => "Different numbers of variable names and field specifiers".into(),
        }
    }

    /// `2$` says which result is meant; a format has such numbers everywhere or nowhere.
    fn position(&mut self) -> Result<(), String> {
        let start = self.at;
        let value = self.number();
        let numbered = self.at > start && self.peek() == b'$';
        if !numbered {
            self.at = start;
            self.sequential = true;
        }
        if numbered && self.sequential || !numbered && self.numbered > 0 {
            return Err("cannot mix \"%\" and \"%n$\" conversion specifiers".into());
        }
        if numbered {
            self.at += 1;
            self.numbered = self.numbered.max(value.clamp(1, MAX_RESULTS));
            let most = if self.variables > 0 { self.variables } else { MAX_RESULTS };
            if !(1..=most).contains(&value) {
                return Err(self.bad_index());
            }
            self.next = value - 1;
        }
        Ok(())
    }

    fn claim(&mut self) -> usize {
        let index = self.next;
        if self.set.len() <= index {
            self.set.resize(index + 1, 0);
        }
        self.set[index] += 1;
        self.next += 1;
        index
    }

    fn kind(&mut self) -> Result<Kind, String> {
        let letter = self.take().unwrap_or(0);
        let int = |base| Kind::Int { base, unsigned: false };
        Ok(match letter {
            b'n' => Kind::Offset,
            b'd' | b'D' => int(10),
            b'i' => int(0),
            b'o' => int(8),
            b'x' | b'X' => int(16),
            b'u' => Kind::Int { base: 10, unsigned: true },
            b'f' | b'e' | b'E' | b'g' => Kind::Float,
            b's' => Kind::Text,
            b'c' => Kind::Char,
            b'[' => Kind::Set(self.set_of_bytes()?),
            other => return Err(format!("Bad scan conversion character \"{}\"", char::from(other))),
        })
    }

    /// What stands between `[` and `]`: bytes and ranges, or with `^` all others.
    fn set_of_bytes(&mut self) -> Result<Box<[bool; 256]>, String> {
        let excluded = self.peek() == b'^';
        self.at += usize::from(excluded);
        let rest = &self.format[self.at.min(self.format.len())..];
        let first = usize::from(rest.first() == Some(&b']'));
        let end = rest.iter().skip(first).position(|byte| *byte == b']').map(|place| place + first);
        let Some(end) = end else { return Err("Unmatched [ in format string".into()) };
        self.at += end + 1;
        let mut set = members(&rest[..end]);
        if excluded {
            set.iter_mut().for_each(|member| *member = !*member);
        }
        Ok(set)
    }
}

fn members(text: &[u8]) -> Box<[bool; 256]> {
    let mut set = Box::new([false; 256]);
    let mut start = text.first().copied().unwrap_or(0);
    let mut at = 0;
    if let Some(first @ (b']' | b'-')) = text.first() {
        set[usize::from(*first)] = true;
        at = 1;
    }
    while let Some(byte) = text.get(at).copied() {
        match (byte, text.get(at + 1)) {
            (_, Some(b'-')) => start = byte,
            (b'-', None) => {
                set[usize::from(start)] = true;
                set[usize::from(b'-')] = true;
            }
            (b'-', Some(last)) => {
                // C compares signed characters.
                let (low, high) = ((start as i8).min(*last as i8), (start as i8).max(*last as i8));
                (low..=high).for_each(|member| set[usize::from(member as u8)] = true);
                at += 1;
            }
            (other, _) => set[usize::from(other)] = true,
        }
        at += 1;
    }
    set
}

/// The results and how many conversions were done; none where the text ended before the first.
fn scan(text: &[u8], format: &Format) -> Option<(Vec<Option<Value>>, usize)> {
    let mut found = vec![None; format.results];
    let (mut at, mut count) = (0, 0);
    for part in &format.parts {
        match part {
            Part::Blanks => at += blanks(&text[at..]),
            Part::Byte(byte) => {
                if at == text.len() {
                    return (count > 0).then_some((found, count));
                }
                at += 1;
                if text[at - 1] != *byte {
                    return Some((found, count));
                }
            }
            Part::Conversion(conversion) => {
                match convert(text, &mut at, conversion) {
                    Converted::Value(value) => {
                        if let Some(slot) = conversion.target.and_then(|target| found.get_mut(target)) {
                            *slot = Some(value);
                        }
                    }
                    Converted::Mismatch => return Some((found, count)),
                    Converted::Ended => return (count > 0).then_some((found, count)),
                }
                count += 1;
            }
        }
    }
    Some((found, count))
}

enum Converted {
    Value(Value),
    /// The text does not fit.
    Mismatch,
    /// There is no text left.
    Ended,
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_blank(**byte)).count()
}

fn convert(text: &[u8], at: &mut usize, conversion: &Conversion) -> Converted {
    if let Kind::Offset = conversion.kind {
        return Converted::Value((*at).into());
    }
    if !matches!(conversion.kind, Kind::Char | Kind::Set(_)) {
        *at += blanks(&text[*at..]);
    }
    if *at == text.len() {
        return Converted::Ended;
    }
    let rest = &text[*at..];
    let limit = |or: usize| if conversion.width == 0 { or } else { conversion.width };
    let read = match &conversion.kind {
        Kind::Offset => return Converted::Mismatch,
        Kind::Text => taken(rest, limit(usize::MAX), |byte| !is_blank(byte)),
        Kind::Char => taken(rest, limit(1), |byte| !is_blank(byte)),
        Kind::Set(set) => match taken(rest, limit(usize::MAX), |byte| set[usize::from(byte)]) {
            (_, 0) => return Converted::Mismatch,
            read => read,
        },
        Kind::Int { base, unsigned } => match scan_int(rest, conversion.width, *base, *unsigned) {
            Ok(read) => read,
            Err(len) => return if len == rest.len() { Converted::Ended } else { Converted::Mismatch },
        },
        Kind::Float => match scan_float(rest, conversion.width) {
            Ok(read) => read,
            Err(len) => return if len == rest.len() { Converted::Ended } else { Converted::Mismatch },
        },
    };
    *at += read.1;
    Converted::Value(read.0)
}

fn taken(text: &[u8], limit: usize, keep: impl Fn(u8) -> bool) -> (Value, usize) {
    let len = text.iter().take(limit).take_while(|byte| keep(**byte)).count();
    (Value::string(&text[..len]), len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str, format: &str) -> Option<(Vec<Option<Value>>, usize)> {
        let Ok(format) = parse(format.as_bytes(), 0) else { panic!("{format}") };
        scan(text.as_bytes(), &format)
    }

    #[test]
    fn reads_by_a_format() {
        let some = |value: Value| Some(value);
        let (found, count) = scanned("age: 25 0x1A -3.5e1x", "age: %d %i %f%c").unwrap();
        assert_eq!(count, 4);
        assert_eq!(found, [some(25.into()), some(26.into()), some(Value::Float(-35.0)), some("x".into())]);
        assert_eq!(scanned("abc-1", "%[a-c]%*d").unwrap().0, [some("abc".into())]);
        assert_eq!(scanned("", "%d"), None);
        assert_eq!(scanned("b a", "%2$s %1$s").unwrap().0, [some("a".into()), some("b".into())]);
    }

    #[test]
    fn refuses_formats_that_set_results_twice_or_never() {
        for (format, variables) in
            [("%1$d %1$d", 0), ("%d %1$d", 0), ("%d", 2), ("%d %d", 1), ("%[a", 0), ("%", 0)]
        {
            assert!(parse(format.as_bytes(), variables).is_err(), "{format}");
        }
    }
}
