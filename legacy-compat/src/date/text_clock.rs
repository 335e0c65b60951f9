//! The forms that say a time of day: `10:20`, `10pm`, `back of 7`.

use super::grammar::Form;
use super::text::Reader;
use super::token::Token;

impl Reader<'_> {
    pub(super) fn clock_form(&mut self, form: Form, token: &mut Token<'_>) {
        match form {
            Form::GnuNoColon => self.no_colon(token),
            Form::BackOf => self.back_of(token),
            _ if !self.have_time() => {}
            Form::Time12 | Form::MsSqlTime => {
                let (hour, minute, second) = token.clock();
                if form == Form::MsSqlTime {
                    self.time.set_fraction(token.fraction());
                }
                self.time.set_time(token.meridian(hour), minute, second);
            }
            Form::IsoNoColon => {
                let (hour, minute, second) = (token.number(2), token.number(2), token.number(2));
                self.time.set_time(hour.unwrap_or(0), minute.unwrap_or(0), second.unwrap_or(0));
            }
            _ => {
                let (hour, minute, second) = token.clock();
                self.time.set_time(hour, minute, second);
                if token.peek() == Some(b'.') {
                    self.time.set_fraction(token.fraction());
                }
            }
        }
    }

    /// Four digits are a time of day; where there is one already, a year.
    fn no_colon(&mut self, token: &mut Token<'_>) {
        match self.time.times {
            0 => self.time.set_time(token.number(2).unwrap_or(0), token.number(2).unwrap_or(0), 0),
            1 => self.time.year = token.number(4),
            _ => return self.error("Double time specification"),
        }
        self.time.times += 1;
    }

    fn back_of(&mut self, token: &mut Token<'_>) {
        self.unhave_time();
        self.have_time();
        let back = token.text[0] == b'b';
        let mut hour = token.number(2).unwrap_or(0);
        if !back {
            hour -= 1;
        }
        if !token.rest().is_empty() {
            hour = token.meridian(hour);
        }
        self.time.set_time(hour, if back { 15 } else { 45 }, 0);
    }
}
