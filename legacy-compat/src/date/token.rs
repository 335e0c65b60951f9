//! The bytes of one form read from left to right, and the words in them.

/// The bytes of one form, read from left to right.
pub(super) struct Token<'a> {
    pub text: &'a [u8],
    pub at: usize,
}

impl<'a> Token<'a> {
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at.min(self.text.len())..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next number of at most so many digits; what stands before it is skipped.
    pub(super) fn number(&mut self, most: usize) -> Option<i64> {
        self.digits(most).map(|(number, _)| number)
    }

    pub(super) fn digits(&mut self, most: usize) -> Option<(i64, usize)> {
        let skip = self.rest().iter().position(u8::is_ascii_digit)?;
        self.at += skip;
        let len = self.rest().iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let number = self.rest()[..len]
            .iter()
            .fold(0i64, |sum, digit| sum.saturating_mul(10).saturating_add(i64::from(digit - b'0')));
        self.at += len;
        Some((number, len))
    }

    /// A year of one or two digits is one of 1970 to 2069.
    pub(super) fn year(&mut self) -> Option<i64> {
        let (year, len) = self.digits(4)?;
        Some(full_year(year, len))
    }

    /// A number with any signs before it.
    pub(super) fn signed(&mut self, most: usize) -> i64 {
        let digits = self.rest().iter().position(u8::is_ascii_digit).unwrap_or(0);
        let minus = self.rest()[..digits].iter().filter(|byte| **byte == b'-').count();
        let number = self.number(most).unwrap_or(0);
        if minus % 2 == 1 { -number } else { number }
    }

    pub(super) fn fraction(&mut self) -> i64 {
        let digits = self.rest().iter().skip(1).take_while(|byte| byte.is_ascii_digit());
        let micros = digits
            .clone()
            .chain(std::iter::repeat(&b'0'))
            .take(6)
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        self.at += 1 + digits.count();
        micros
    }

    pub(super) fn word(&mut self) -> String {
        let skip =
            self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'-' | b'.' | b'/')).count();
        self.at += skip;
        let len = self.rest().iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte >= 0x80).count();
        let word = String::from_utf8_lossy(&self.rest()[..len]).to_lowercase();
        self.at += len;
        word
    }

    pub(super) fn month(&mut self) -> Option<i64> {
        month_of(&self.word())
    }

    pub(super) fn skip_blanks(&mut self) {
        self.at += self.rest().iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    }

    /// Twelve-hour clock to twenty-four.
    pub(super) fn meridian(&mut self, hour: i64) -> i64 {
        let letter = self.rest().iter().find(|byte| b"aApP".contains(byte)).copied().unwrap_or(b'a');
        self.at = self.text.len();
        match letter {
            b'a' | b'A' if hour == 12 => 0,
            b'p' | b'P' if hour != 12 => hour + 12,
            _ => hour,
        }
    }

    /// `10`, `10:20` or `10:20:30`.
    pub(super) fn clock(&mut self) -> (i64, i64, i64) {
        let hour = self.number(2).unwrap_or(0);
        let mut next = || {
            let more = matches!(self.peek(), Some(b':' | b'.'));
            if more { self.number(2).unwrap_or(0) } else { 0 }
        };
        (hour, next(), next())
    }
}

/// The year that one of `len` digits means.
pub(super) fn full_year(year: i64, len: usize) -> i64 {
    match year {
        _ if len >= 4 => year,
        0..70 => year + 2000,
        70..100 => year + 1900,
        _ => year,
    }
}

/// A month by its name, abbreviation or Roman number.
pub(super) fn month_of(word: &str) -> Option<i64> {
    const ROMAN: [&str; 12] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"];
    let named = super::format::MONTHS.iter().position(|name| {
        let name = name.to_lowercase();
        word == name || word == &name[..3] || word == "sept" && name == "september"
    });
    named.or_else(|| ROMAN.iter().position(|roman| *roman == word)).map(|month| month as i64 + 1)
}

/// A day of the week by its name, 0 for Sunday.
pub(super) fn weekday_of(word: &str) -> Option<i64> {
    let found = super::format::DAYS.iter().position(|name| {
        let name = name.to_lowercase();
        word == name || word == &name[..3] || word.strip_suffix('s') == Some(&name)
    });
    found.map(|day| day as i64)
}

/// `first` … `twelfth`, `next`, `last`, `this`: the amount, and whether the current day counts.
pub(super) fn amount_of(word: &str) -> Option<(i64, i64)> {
    Some(match word {
        "first" | "next" => (1, 0),
        "second" => (2, 0),
        "third" => (3, 0),
        "fourth" => (4, 0),
        "fifth" => (5, 0),
        "sixth" => (6, 0),
        "seventh" => (7, 0),
        "eighth" | "eight" => (8, 0),
        "ninth" => (9, 0),
        "tenth" => (10, 0),
        "eleventh" => (11, 0),
        "twelfth" => (12, 0),
        "last" | "previous" => (-1, 0),
        "this" => (0, 1),
        _ => return None,
    })
}
