//! What a request has of numbers: digits in its values, lengths of its texts and of its body, items of its lists, how far
//! its times are from now. A bound is somewhere on such an axis.

use std::mem::discriminant;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::draft::{Body, Draft, Pair};
use crate::mutate::slot::{self, Slot};
use crate::node::{Node, Place};

/// No text, list or body is made longer: in bytes, in elements.
const LONGEST: i64 = 1 << 18;
const MOST: i64 = 2_000;

/// The most digits of a number that is moved.
const DIGITS_MAX: usize = 15;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const TEN_YEARS: i64 = 3_652 * DAY;

/// A number that a request has, and that can be another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// A run of digits in the value of a place, counted from 0: `5:17 PM` has two.
    Digits(Slot, usize),
    /// How many bytes the text of a place has.
    Length(Slot),
    /// How many elements a list of the body has, or entries its object.
    Count(Place),
    /// How many fields of that name a form has, by one of them: `list[]`.
    Repeated(usize),
    /// How many items a text has that lists them: `a, b`.
    Items(Slot),
    /// How many seconds after now the time of a place is.
    Clock(Slot),
    /// How many bytes the body has.
    Body,
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Seconds,
    At,
    Iso,
}

impl Axis {
    /// All of a request, with the names of their places.
    pub(super) fn all(draft: &Draft) -> Vec<(String, Self)> {
        let mut all = Vec::new();
        for (slot, name) in slot::slots(draft) {
            let Some(value) = slot::get(draft, &slot) else {
                if let (Slot::Json(place), Body::Json(_, node)) = (&slot, &draft.body)
                    && matches!(node.at(place), Some(Node::Array(elements)) if !elements.is_empty())
                {
                    all.push((name, Self::Count(place.clone())));
                }
                continue;
            };
            let runs = runs(&value.bytes).len().min(8);
            all.extend((0..runs).map(|n| (name.clone(), Self::Digits(slot.clone(), n))));
            if form(&value.bytes).is_some() {
                all.push((name.clone(), Self::Clock(slot.clone())));
            }
            if separator(&value.bytes).is_some() {
                all.push((name.clone(), Self::Items(slot.clone())));
            }
            if let (Slot::Form(n), Body::Form(pairs)) = (&slot, &draft.body)
                && pairs[*n].plain_name().ends_with("[]")
            {
                all.push((name.clone(), Self::Repeated(*n)));
            }
            if !is_number(&value.bytes) {
                all.push((name, Self::Length(slot)));
            }
        }
        match &draft.body {
            Body::Json(_, Node::Object(_)) => all.push((String::new(), Self::Count(Vec::new()))),
            Body::Json(..) | Body::Form(_) | Body::Raw(_) => {}
        }
        all.push((String::new(), Self::Body));
        all
    }

    /// Whether it is the same of another request.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Digits(_, nth), Self::Digits(_, other)) => nth == other,
            _ => discriminant(self) == discriminant(other),
        }
    }

    /// Where a request is on it.
    pub(super) fn of(&self, draft: &Draft) -> Option<i64> {
        match self {
            Self::Digits(slot, nth) => {
                let value = slot::get(draft, slot)?.bytes;
                let (from, to) = *runs(&value).get(*nth)?;
                std::str::from_utf8(&value[from..to]).ok()?.parse().ok()
            }
            Self::Length(slot) => i64::try_from(slot::get(draft, slot)?.bytes.len()).ok(),
            Self::Count(place) => match (&draft.body, list(draft, place)?) {
                (_, Node::Array(elements)) => i64::try_from(elements.len()).ok(),
                (_, Node::Object(entries)) => i64::try_from(entries.len()).ok(),
                (_, Node::Scalar(_)) => None,
            },
            Self::Repeated(n) => {
                let Body::Form(pairs) = &draft.body else { return None };
                let name = &pairs.get(*n)?.name;
                i64::try_from(pairs.iter().filter(|pair| pair.name == *name).count()).ok()
            }
            Self::Items(slot) => {
                let value = slot::get(draft, slot)?.bytes;
                let separator = separator(&value)?;
                i64::try_from(value.split(|byte| *byte == separator).count()).ok()
            }
            Self::Clock(_) => Some(0),
            Self::Body => i64::try_from(draft.content().len()).ok(),
        }
    }

    /// The request, moved there; `None` where it has no such place.
    pub(super) fn moved(&self, draft: &Draft, to: i64) -> Option<Draft> {
        let mut moved = draft.clone();
        match self {
            Self::Digits(slot, nth) => {
                let mut value = slot::get(draft, slot)?.bytes;
                let (from, end) = *runs(&value).get(*nth)?;
                let digits = written(&value[from..end], to, end - from == value.len())?;
                value.splice(from..end, digits);
                slot::put(&mut moved, slot, &value);
            }
            Self::Length(slot) => {
                let mut value = slot::get(draft, slot)?.bytes;
                let to = usize::try_from(to).ok().filter(|to| *to as i64 <= LONGEST)?;
                value.resize(to, b'x');
                slot::put(&mut moved, slot, &value);
            }
            Self::Count(place) => counted(&mut moved, place, few(to)?)?,
            Self::Repeated(n) => repeated(&mut moved, *n, few(to)?)?,
            Self::Items(slot) => {
                let value = slot::get(draft, slot)?.bytes;
                let separator = separator(&value)?;
                let mut items: Vec<&[u8]> = value.split(|byte| *byte == separator).collect();
                let last = *items.last()?;
                items.resize(few(to)?, last);
                slot::put(&mut moved, slot, &items.join(&separator));
            }
            Self::Clock(slot) => {
                let value = slot::get(draft, slot)?.bytes;
                slot::put(&mut moved, slot, time(form(&value)?, to)?.as_bytes());
            }
            Self::Body => padded(&mut moved, to)?,
        }
        Some(moved)
    }

    /// Where to look first: between two of these that do not reach the same, there is a bound.
    pub(super) fn samples(&self, draft: &Draft) -> Vec<i64> {
        let Some(now) = self.of(draft) else { return Vec::new() };
        let mut samples = match self {
            Self::Digits(slot, _) => {
                let value = slot::get(draft, slot).map(|value| value.bytes).unwrap_or_default();
                let next = 10_i64.saturating_pow(now.checked_ilog10().unwrap_or(0) + 1);
                let below = is_number(&value).then(|| [-1, next.saturating_mul(-10)]);
                [now, 0, 1, next, next.saturating_mul(100)]
                    .into_iter()
                    .chain(below.into_iter().flatten())
                    .collect()
            }
            Self::Length(_) => vec![now, 1, now.saturating_add(10_000)],
            Self::Count(_) | Self::Repeated(_) | Self::Items(_) => vec![now, 1, 25, 200],
            Self::Clock(_) => vec![-TEN_YEARS, -DAY, -HOUR, 0, HOUR, DAY, TEN_YEARS],
            Self::Body => vec![now, LONGEST],
        };
        samples.sort_unstable();
        samples.dedup();
        samples
    }

    /// A request between two that are next to each other, where a number need not be whole.
    pub(super) fn half(&self, draft: &Draft, above: i64) -> Option<Draft> {
        let Self::Digits(slot, _) = self else { return None };
        let value = slot::get(draft, slot)?;
        let is_whole = is_number(&value.bytes) && above >= 0;
        let mut half = draft.clone();
        slot::put(&mut half, slot, format!("{above}.5").as_bytes());
        is_whole.then_some(half)
    }
}

fn list<'d>(draft: &'d Draft, place: &[usize]) -> Option<&'d Node> {
    match &draft.body {
        Body::Json(_, node) => node.at(place),
        Body::Form(_) | Body::Raw(_) => None,
    }
}

/// Runs of digits, from where to where; of a whole number its sign, too.
fn runs(value: &[u8]) -> Vec<(usize, usize)> {
    if is_number(value) {
        return vec![(0, value.len())];
    }
    let mut runs = Vec::new();
    let mut at = 0;
    for run in value.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        if run[0].is_ascii_digit() && run.len() <= DIGITS_MAX {
            runs.push((at, at + run.len()));
        }
        at += run.len();
    }
    runs
}

/// Whether it is a whole number.
pub(super) fn is_number(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"-").unwrap_or(value);
    (1..=DIGITS_MAX).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

/// A number in the place of these digits: as wide as they, unless they are all there is and begin with no 0.
fn written(digits: &[u8], number: i64, is_all: bool) -> Option<Vec<u8>> {
    let is_bare = is_all && (digits.len() == 1 || digits[0] != b'0');
    match (is_bare, number < 0) {
        (true, _) => Some(number.to_string().into_bytes()),
        (false, true) => None,
        (false, false) => Some(format!("{number:0width$}", width = digits.len()).into_bytes()),
    }
}

/// As many as one may have.
fn few(count: i64) -> Option<usize> {
    usize::try_from(count).ok().filter(|_| count <= MOST)
}

/// What stands between the items of a text that lists some.
fn separator(value: &[u8]) -> Option<u8> {
    value.iter().copied().find(|byte| matches!(byte, b',' | b';' | b'|'))
}

/// A form with so many fields of that name.
fn repeated(draft: &mut Draft, nth: usize, to: usize) -> Option<()> {
    let Body::Form(pairs) = &mut draft.body else { return None };
    let one = pairs.get(nth)?.clone();
    let mut left = to;
    pairs.retain(|pair| {
        let is_one = pair.name == one.name;
        let stays = !is_one || left > 0;
        left = left.saturating_sub(usize::from(is_one));
        stays
    });
    pairs.extend(std::iter::repeat_n(one, left));
    Some(())
}

/// A list with so many elements, an object with so many entries.
fn counted(draft: &mut Draft, place: &[usize], to: usize) -> Option<()> {
    let Body::Json(_, node) = &mut draft.body else { return None };
    match node.at_mut(place)? {
        Node::Array(elements) => {
            let last = elements.last()?.clone();
            elements.resize(to, last);
        }
        Node::Object(entries) => {
            let more = entries.len()..to;
            entries.truncate(to);
            entries.extend(more.map(|n| (format!("x{n}"), Node::Scalar("1".to_owned()))));
        }
        Node::Scalar(_) => return None,
    }
    Some(())
}

/// The same body, with what means nothing behind it.
fn padded(draft: &mut Draft, to: i64) -> Option<()> {
    let mut content = draft.content().to_vec();
    let to = usize::try_from(to).ok().filter(|to| *to as i64 <= LONGEST && *to >= content.len())?;
    let filler = if matches!(draft.body, Body::Form(_)) { b'&' } else { b' ' };
    content.resize(to, filler);
    draft.body = Body::Raw(content);
    Some(())
}

fn form(value: &[u8]) -> Option<Form> {
    let text = std::str::from_utf8(value).ok()?;
    let is_seconds = |text: &str| (9..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match text.strip_prefix('@') {
        Some(seconds) => is_seconds(seconds).then_some(Form::At),
        None if is_seconds(text) => Some(Form::Seconds),
        None => text.parse::<Timestamp>().is_ok().then_some(Form::Iso),
    }
}

/// The time so many seconds after now.
fn time(form: Form, after: i64) -> Option<String> {
    let now = Timestamp::try_from(SystemTime::now()).ok()?.as_second();
    let time = Timestamp::from_second(now.checked_add(after)?).ok()?;
    Some(match form {
        Form::Seconds => time.as_second().to_string(),
        Form::At => format!("@{}", time.as_second()),
        Form::Iso => time.to_string(),
    })
}

/// A place that is not there yet, with a value: where the body has fields.
pub(super) fn added(draft: &Draft, name: &str, value: &[u8]) -> Option<Draft> {
    let mut with = draft.clone();
    match &mut with.body {
        Body::Json(_, Node::Object(entries)) => {
            let text = String::from_utf8_lossy(value);
            let node = Node::parse(value).filter(|_| is_number(value));
            entries.push((name.to_owned(), node.unwrap_or_else(|| Node::string(&text))));
        }
        Body::Form(pairs) => pairs.push(Pair::of(name.as_bytes(), value)),
        Body::Json(..) | Body::Raw(_) => return None,
    }
    Some(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let body = br#"{"n":15,"at":"5:07 PM","list":["a"],"filed":"2013-01-15T10:00:00Z","delay":-3,"sec":"1358226000"}"#;
        Draft::of("POST", b"/a?q=x1", Vec::new(), body)
    }

    fn axes() -> Vec<(String, Axis)> {
        Axis::all(&draft())
    }

    fn moved(name: &str, nth: usize, to: i64) -> Option<String> {
        let axes = axes();
        let (_, axis) = axes.iter().filter(|(other, _)| other == name).nth(nth)?;
        let moved = axis.moved(&draft(), to)?;
        Some(format!(
            "{} {}",
            String::from_utf8_lossy(&moved.target()),
            String::from_utf8_lossy(&moved.content())
        ))
    }

    #[test]
    fn a_number_is_another_one_and_the_rest_stays() {
        let has = |name, nth, to, part: &str| {
            let text = moved(name, nth, to).unwrap();
            assert!(text.contains(part), "{name} {nth} {to}: {text}");
        };
        has("n", 0, 16, r#""n":16,"#);
        has("n", 0, -7, r#""n":-7,"#);
        has("delay", 0, -90, r#""delay":-90,"#);
        has("at", 0, 12, r#""at":"12:07 PM""#);
        has("at", 1, 8, r#""at":"5:08 PM""#);
        has("at", 2, 9, r#""at":"5:07 PMxx""#);
        has("list", 0, 3, r#""list":["a","a","a"]"#);
        has("q", 0, 2, "/a?q=x2 ");
        has("", 0, 8, r#""x6":1,"x7":1}"#);
        assert_eq!(moved("at", 0, -1), None);
        assert_eq!(moved("", 1, 400).unwrap().len(), "/a?q=x1 ".len() + 400);
    }

    #[test]
    fn a_list_has_so_many_items_however_it_is_written() {
        let fields = vec![("Content-Type".to_owned(), b"application/x-www-form-urlencoded".to_vec())];
        let draft = Draft::of("POST", b"/a", fields, b"l[]=1&t=a,+b&l[]=2");
        let axes = Axis::all(&draft);
        let moved = |wanted: fn(&Axis) -> bool, to| {
            let (_, axis) = axes.iter().find(|(_, axis)| wanted(axis)).unwrap();
            assert_eq!(axis.of(&draft), Some(2));
            String::from_utf8(axis.moved(&draft, to).unwrap().content().to_vec()).unwrap()
        };
        let is_repeated = |axis: &Axis| matches!(axis, Axis::Repeated(_));
        assert_eq!(moved(is_repeated, 3), "l[]=1&t=a,+b&l[]=2&l[]=1");
        assert_eq!(moved(is_repeated, 1), "l[]=1&t=a,+b");
        assert_eq!(moved(|axis| matches!(axis, Axis::Items(_)), 3), "l[]=1&t=a%2C+b%2C+b&l[]=2");
    }

    #[test]
    fn a_time_is_so_far_from_now_and_written_as_it_was() {
        let clocks: Vec<_> = axes().into_iter().filter(|(_, axis)| matches!(axis, Axis::Clock(_))).collect();
        assert_eq!(clocks.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["filed", "sec"]);
        let now = Timestamp::now().as_second();
        for (_, axis) in clocks {
            let later = axis.moved(&draft(), 300).unwrap();
            let Axis::Clock(slot) = &axis else { unreachable!() };
            let text = String::from_utf8(slot::get(&later, slot).unwrap().bytes).unwrap();
            let at = text.parse::<i64>().unwrap_or_else(|_| text.parse::<Timestamp>().unwrap().as_second());
            assert!((300..=302).contains(&(at - now)), "{text}");
        }
    }
}
