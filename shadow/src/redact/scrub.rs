//! Finds personal data in text by its form and puts a placeholder of the same form in its place.
//!
//! Placeholders come from a keyed hash: equal values get equal placeholders, and nobody without the key can test a
//! guess. A redacted mail is still a valid mail, a card number still passes Luhn's check.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

static MAIL: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));
static CARD: LazyLock<Regex> = LazyLock::new(|| regex(r"\b[0-9](?:[ -]?[0-9]){12,18}\b"));
static TOKEN: LazyLock<Regex> = LazyLock::new(|| regex(r"[A-Za-z0-9_+-]{20,}=*(?:\.[A-Za-z0-9_-]+){0,4}"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|fault| unreachable!("a fixed pattern: {fault}"))
}

/// The secret that placeholders are made with. All processes that fill one store share it.
#[derive(Clone)]
pub struct RedactionKey([u8; 32]);

impl RedactionKey {
    /// A key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key in that file; a new random one is written there, readable by its owner only, when there is none.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        use std::io::Write;
        use std::os::unix::fs::OpenOptionsExt;

        let mut key = [0; 32];
        SystemRandom::new()
            .fill(&mut key)
            .map_err(|_| io::Error::other("the system gives no random bytes"))?;
        match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => file.write_all(&key).and_then(|()| file.sync_all())?,
            Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => return Self::load(path),
            Err(fault) => return Err(fault),
        }
        Ok(Self(key))
    }

    /// The key in that file, which somebody else has made: for processes that share one.
    pub fn load(path: &Path) -> io::Result<Self> {
        let key = std::fs::read(path)?.try_into().map_err(|_| {
            let what = "a redaction key is 32 bytes: remove the file to get a new one";
            io::Error::new(io::ErrorKind::InvalidData, what)
        })?;
        Ok(Self(key))
    }
}

impl std::fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedactionKey(…)")
    }
}

/// Puts placeholders into text.
pub(crate) struct Scrubber {
    key: hmac::Key,
}

impl Scrubber {
    pub(crate) fn new(key: &RedactionKey) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &key.0) }
    }

    /// The text with mails, card numbers and tokens replaced.
    pub(crate) fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = replaced(&MAIL, Cow::Borrowed(text), |mail, _| Some(self.mail(mail)));
        let text = replaced(&CARD, text, |card, around| {
            (luhn(card) && !is_fractional(around)).then(|| self.card(card))
        });
        replaced(&TOKEN, text, |token, _| looks_secret(token).then(|| self.like(token)))
    }

    fn mail(&self, mail: &str) -> String {
        let hash = hmac::sign(&self.key, mail.to_ascii_lowercase().as_bytes());
        let name: String = hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{name}@redacted.example")
    }

    /// Same length, first digit and separators, other digits, with a right check digit. Where one is too large for an integer of
    /// 64 bits the other is, too: it may be a number, which would be written otherwise.
    fn card(&self, card: &str) -> String {
        let digits: String = card.chars().filter(char::is_ascii_digit).collect();
        let mut stream = self.stream(digits.as_bytes());
        let mut fakes = std::iter::repeat_with(|| {
            let others = digits.bytes().skip(1).map(|_| b'0' + stream.next().unwrap_or(0) % 10);
            checked(digits.bytes().take(1).chain(others).collect())
        });
        let is_small = |digits: &str| digits.parse::<i64>().is_ok();
        let fake = fakes.by_ref().take(FAKES).find(|fake| is_small(fake) == is_small(&digits));
        let mut fake = fake.or_else(|| fakes.next()).unwrap_or_default().into_bytes().into_iter();
        card.chars()
            .map(|c| if c.is_ascii_digit() { char::from(fake.next().unwrap_or(b'0')) } else { c })
            .collect()
    }

    /// Another text of the same length, each letter and digit by one of the same kind: for what is never kept, whatever
    /// it looks like. A number that begins with no zero gets none, which JSON would not take for a number.
    pub(crate) fn like(&self, text: &str) -> String {
        let mut stream = self.stream(text.as_bytes());
        let mut pick = |from: u8, count: u8| char::from(from + stream.next().unwrap_or(0) % count);
        let before = std::iter::once(' ').chain(text.chars());
        text.chars()
            .zip(before)
            .map(|(c, before)| match c {
                '1'..='9' if !before.is_ascii_digit() => pick(b'1', 9),
                '0'..='9' => pick(b'0', 10),
                'a'..='f' => pick(b'a', 6),
                'g'..='z' => pick(b'g', 20),
                'A'..='Z' => pick(b'A', 26),
                other => other,
            })
            .collect()
    }

    /// As many bytes as are asked for, made from the value by the key.
    fn stream(&self, value: &[u8]) -> impl Iterator<Item = u8> {
        let mut block = hmac::sign(&self.key, value);
        let key = self.key.clone();
        let mut at = 0;
        std::iter::from_fn(move || {
            if at == block.as_ref().len() {
                block = hmac::sign(&key, block.as_ref());
                at = 0;
            }
            at += 1;
            Some(block.as_ref()[at - 1])
        })
    }
}

fn replaced<'t>(
    regex: &Regex,
    text: Cow<'t, str>,
    placeholder: impl Fn(&str, (&str, &str)) -> Option<String>,
) -> Cow<'t, str> {
    if !regex.is_match(&text) {
        return text;
    }
    let replace = |found: &Captures<'_>| {
        let range = found.get_match().range();
        let around = (&text[..range.start], &text[range.end..]);
        placeholder(&found[0], around).unwrap_or_else(|| found[0].to_owned())
    };
    Cow::Owned(regex.replace_all(&text, replace).into_owned())
}

/// So many are tried until one is as large as what it stands for. Of those that begin as the largest integer does a fifth is.
const FAKES: usize = 64;

/// With the last digit that Luhn's check asks for.
fn checked(mut digits: Vec<u8>) -> String {
    let last = digits.len() - 1;
    let right = (b'0'..=b'9').find(|check| {
        digits[last] = *check;
        luhn(&String::from_utf8_lossy(&digits))
    });
    digits[last] = right.unwrap_or(b'0');
    String::from_utf8_lossy(&digits).into_owned()
}

/// Whether digits are part of a number with a fraction: no card's, and others would be rounded otherwise.
fn is_fractional((before, behind): (&str, &str)) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    before.strip_suffix('.').is_some_and(|whole| whole.ends_with(is_digit))
        || behind.strip_prefix('.').is_some_and(|fraction| fraction.starts_with(is_digit))
}

/// Luhn's check, which card numbers pass and most other numbers don't.
fn luhn(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).rev().map(|b| u32::from(b - b'0'));
    let sum: u32 =
        digits.enumerate().map(|(at, d)| if at % 2 == 0 { d } else { d * 2 / 10 + d * 2 % 10 }).sum();
    sum.is_multiple_of(10)
}

/// Letters and digits mixed: neither a word, a path of words, nor a number; and no UUID, which is an id.
fn looks_secret(text: &str) -> bool {
    let uuid = text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    !uuid && digits >= 3 && letters >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubber(key: u8) -> Scrubber {
        Scrubber::new(&RedactionKey::new([key; 32]))
    }

    #[test]
    fn personal_data_keeps_its_form_and_nothing_else() {
        for (text, form) in [
            ("write to ann.lee@example.org.", r"^write to [0-9a-f]{12}@redacted\.example\.$"),
            ("card 4111 1111 1111 1111!", r"^card \d{4} \d{4} \d{4} \d{4}!$"),
            (
                "t=eyJhbGciOiJIUzI1NiJ9abc.eyJzdWIiOiIxMjM0.c2lnbmF0",
                r"^t=[A-Za-z0-9]+\.[A-Za-z0-9]+\.[A-Za-z0-9]+$",
            ),
            ("d41d8cd98f00b204e9800998ecf8427e", "^[0-9a-f]{32}$"),
        ] {
            let scrubbed = scrubber(1).scrub(text).into_owned();
            assert!(Regex::new(form).unwrap().is_match(&scrubbed), "{scrubbed}");
            assert_ne!(scrubbed, text);
            assert_eq!(scrubbed.len().min(40), text.len().max(scrubbed.len()).min(40));
        }
        let card = scrubber(1).scrub("4111111111111111").into_owned();
        assert!(luhn(&card) && card != "4111111111111111");
    }

    #[test]
    fn what_stands_for_a_number_is_one_that_is_written_alike() {
        for key in 0..50 {
            for card in
                ["4111111111111111", "6000000000000000004", "9000000000000000001", "9990000000000000003"]
            {
                let fake = scrubber(key).scrub(card).into_owned();
                assert!(luhn(card) && luhn(&fake) && fake != card, "{card}: {fake}");
                assert_eq!(fake.as_bytes()[0], card.as_bytes()[0]);
                assert_eq!(fake.parse::<i64>().is_ok(), card.parse::<i64>().is_ok(), "{card}: {fake}");
            }
            for number in ["10", "-7.05", "3"] {
                let fake = scrubber(key).like(number);
                assert!(serde_json::from_str::<serde_json::Number>(&fake).is_ok(), "{number}: {fake}");
            }
        }
    }

    #[test]
    fn what_is_nobodys_data_stays() {
        for text in [
            "JFK",
            "2013-01-01T10:00:00Z",
            "N14228",
            "4111111111111112",
            "0.4111111111111111",
            "4111111111111111.5",
            "1357034400",
            "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
            "a_rather_long_name_of_an_error_code",
            "/v1/flights/recent/and/more/of/it",
        ] {
            assert_eq!(scrubber(1).scrub(text), text);
        }
    }

    #[test]
    fn equal_values_get_equal_placeholders_under_one_key_only() {
        let (one, two) = (scrubber(1), scrubber(2));
        assert_eq!(one.scrub("a@b.org"), one.scrub("A@b.org"));
        assert_ne!(one.scrub("a@b.org"), one.scrub("c@b.org"));
        assert_ne!(one.scrub("a@b.org"), two.scrub("a@b.org"));
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = RedactionKey::load_or_create(&path).unwrap();
        assert_eq!(made.0, RedactionKey::load_or_create(&path).unwrap().0);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(RedactionKey::load_or_create(&path).unwrap_err().to_string().contains("32 bytes"));
    }
}
