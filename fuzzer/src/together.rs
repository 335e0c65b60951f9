//! Which literals of a source belong together: members of one array, cases of one `switch`, parts of one text.

use std::collections::HashMap;

use crate::scan::Token;
use crate::sources::Literal;

/// A group with more members is no list of cases but a table.
const MEMBERS_MAX: usize = 200;

/// Brackets that are open.
enum Open {
    /// `array(` or `[`: keys, values, and the element that has been begun.
    Array { keys: Vec<Vec<u8>>, values: Vec<Vec<u8>>, element: Element },
    /// `switch (…) {`: its cases.
    Switch(Vec<Vec<u8>>),
    /// Anything else.
    Other,
}

/// What an array's element has so far.
#[derive(Clone, PartialEq, Eq)]
enum Element {
    Nothing,
    Text(Vec<u8>),
    Else,
}

impl Element {
    fn grow(&mut self, token: &Token) {
        *self = match (&self, token) {
            (Self::Nothing, Token::Literal(Literal::Text(text))) => Self::Text(text.clone()),
            _ => Self::Else,
        };
    }

    fn end(&mut self, to: &mut Vec<Vec<u8>>) {
        if let Self::Text(text) = std::mem::replace(self, Self::Nothing)
            && !text.is_empty()
            && !to.contains(&text)
        {
            to.push(text);
        }
    }
}

/// The texts that stand together, two or more each: keys of an array, values of an array, cases of a `switch`.
pub(crate) fn groups(tokens: &[(u32, Token)]) -> Vec<Vec<Vec<u8>>> {
    let (mut groups, mut open) = (Vec::new(), Vec::<Open>::new());
    let mut switches = false;
    let mut before: Option<&Token> = None;
    for (at, (_, token)) in tokens.iter().enumerate() {
        match token {
            Token::Sign(sign @ (b'(' | b'[' | b'{')) => {
                if let Some(Open::Array { element, .. }) = open.last_mut() {
                    element.grow(token);
                }
                let array =
                    || Open::Array { keys: Vec::new(), values: Vec::new(), element: Element::Nothing };
                let is_index = match before {
                    Some(Token::Name(name)) => !matches!(name.as_slice(), b"return" | b"yield"),
                    Some(Token::Sign(sign)) => matches!(sign, b')' | b']' | b'}'),
                    Some(Token::Literal(_)) | None => false,
                };
                open.push(match sign {
                    b'(' if matches!(before, Some(Token::Name(name)) if name.eq_ignore_ascii_case(b"array")) => array(),
                    b'[' if !is_index => array(),
                    b'{' if std::mem::take(&mut switches) => Open::Switch(Vec::new()),
                    _ => Open::Other,
                });
            }
            Token::Sign(b')' | b']' | b'}') => match open.pop() {
                Some(Open::Array { keys, mut values, mut element }) => {
                    element.end(&mut values);
                    groups.extend([keys, values]);
                }
                Some(Open::Switch(cases)) => groups.push(cases),
                Some(Open::Other) | None => {}
            },
            _ => {
                switches |= matches!(token, Token::Name(name) if name.eq_ignore_ascii_case(b"switch"));
                let next = tokens.get(at + 1).map(|(_, next)| next);
                match open.last_mut() {
                    Some(Open::Array { keys, values, element }) => match token {
                        Token::Sign(b',') => element.end(values),
                        Token::Sign(b'=') if next == Some(&Token::Sign(b'>')) => element.end(keys),
                        Token::Sign(b'>') if before == Some(&Token::Sign(b'=')) => {}
                        _ => element.grow(token),
                    },
                    Some(Open::Switch(cases)) => {
                        let is_case =
                            matches!(before, Some(Token::Name(name)) if name.eq_ignore_ascii_case(b"case"));
                        if let (true, Token::Literal(Literal::Text(text))) = (is_case, token) {
                            cases.push(text.clone());
                        }
                    }
                    Some(Open::Other) | None => {}
                }
            }
        }
        before = Some(token);
    }
    groups.retain(|group| (2..=MEMBERS_MAX).contains(&group.len()));
    groups
}

/// A part of a text that dots put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// As it stands there.
    Text(Vec<u8>),
    /// What a constant has.
    Constant(Vec<u8>),
}

/// Texts of two or more parts, with the lines that they begin on.
pub(crate) fn parted(tokens: &[(u32, Token)]) -> Vec<(u32, Vec<Part>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (line, mut parts) = (tokens[at].0, Vec::new());
        while let Some((part, length)) = part(&tokens[at..]) {
            parts.push(part);
            at += length;
            match tokens.get(at..) {
                Some([(_, Token::Sign(b'.')), rest @ ..]) if self::part(rest).is_some() => at += 1,
                _ => break,
            }
        }
        match parts.len() {
            0 => at += 1,
            1 => {}
            _ => found.push((line, parts)),
        }
    }
    found
}

/// The part that tokens begin with, and how many of them it is. A constant of a class goes by its own name.
fn part(tokens: &[(u32, Token)]) -> Option<(Part, usize)> {
    let is_constant = |name: &[u8]| {
        name.first().is_some_and(u8::is_ascii_uppercase) && !name.iter().any(u8::is_ascii_lowercase)
    };
    match tokens {
        [(_, Token::Literal(Literal::Text(text))), ..] => Some((Part::Text(text.clone()), 1)),
        [(_, Token::Name(_)), (_, Token::Sign(b':')), (_, Token::Sign(b':')), (_, Token::Name(name)), ..]
            if is_constant(name) =>
        {
            Some((Part::Constant(name.clone()), 4))
        }
        [(_, Token::Name(name)), ..] if is_constant(name) => Some((Part::Constant(name.clone()), 1)),
        _ => None,
    }
}

/// The constants that a source gives one text: `define('NAME', '…')`, `const NAME = '…'`.
pub(crate) fn constants(tokens: &[(u32, Token)]) -> HashMap<Vec<u8>, Vec<u8>> {
    let text = |token: &Token| match token {
        Token::Literal(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let mut constants = HashMap::new();
    for window in tokens.windows(6) {
        let [first, second, third, fourth, fifth, _] = window else { continue };
        let found = match (&first.1, &second.1, &third.1, &fourth.1, &fifth.1) {
            (Token::Name(define), Token::Sign(b'('), name, Token::Sign(b','), value)
                if define.eq_ignore_ascii_case(b"define") =>
            {
                text(name).zip(text(value))
            }
            (Token::Name(keyword), Token::Name(name), Token::Sign(b'='), value, Token::Sign(b';'))
                if keyword.eq_ignore_ascii_case(b"const") =>
            {
                text(value).map(|value| (name.clone(), value))
            }
            _ => None,
        };
        constants.extend(found);
    }
    constants
}
