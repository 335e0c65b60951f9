//! The token that the forms of somebody's pages carry, and no page of elsewhere can read.

use maud::{Markup, html};
use ring::hmac;

/// Makes tokens; a new one with each process.
pub(in crate::admin) struct TokenKey(hmac::Key);

impl TokenKey {
    /// A key of random bytes.
    pub(super) fn new() -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()))
    }

    /// The token of whoever is told apart by that text.
    pub(super) fn token(&self, of: &str) -> Token {
        Token(hex(&hmac::sign(&self.0, of.as_bytes()).as_ref()[..16]))
    }
}

/// A token.
#[derive(Clone, Debug)]
pub(in crate::admin) struct Token(String);

impl Token {
    /// The field that a form carries it in.
    pub(in crate::admin) fn field(&self) -> Markup {
        html! { input type="hidden" name="token" value=(self.0); }
    }

    /// Whether that is it.
    pub(in crate::admin) fn is(&self, given: &str) -> bool {
        same(&self.0, given)
    }
}

/// Whether two secrets are the same, in a time that does not tell how much of them is.
pub(super) fn same(mine: &str, given: &str) -> bool {
    let differs = mine.bytes().zip(given.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    given.len() == mine.len() && differs == 0
}

/// Random bytes.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A secret of 256 random bits, in hex.
pub(crate) fn secret() -> String {
    hex(&random::<32>())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_token_is_it() {
        let key = TokenKey::new();
        let mine = key.token("ann");
        assert!(mine.is(&mine.0) && mine.is(&key.token("ann").0));
        let others = [
            key.token("bob").0,
            TokenKey::new().token("ann").0,
            mine.0[1..].to_owned(),
            format!("{}0", mine.0),
        ];
        for given in others.iter().map(String::as_str).chain([""]) {
            assert!(!mine.is(given), "{given}");
        }
    }
}
