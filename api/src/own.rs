//! An effect of the application's own, and what is known of it once it is done.

use bytes::Bytes;

/// An effect of the application's own: a row, a file, a message to another system.
///
/// It is data, as a record is, and it is all that who [commits](crate::Commit) it is given: what is compared with legacy's is
/// what is done. Of one kind both sides' effects are compared as a multiset, those of one key with each other.
///
/// ```
/// # use handover_api::{Answer, Own, Response};
/// let report = Own::new("reports", r#"{"flight":"UA1545","text":"late"}"#).key("UA1545").receipt("report", "0");
/// let answer = Answer::new(Response::new(201)).with(report).finish(|response, receipts| {
///     Ok(response.body(format!(r#"{{"id":{}}}"#, receipts.get("report")?)))
/// });
/// # assert_eq!(answer.effects.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Own {
    /// Its kind: the name under which the application registers who commits it.
    pub kind: String,
    /// What it is about: a row's key, a path. `None` where that is known only when it is done.
    pub key: Option<Bytes>,
    /// What is done: a JSON text. What no two runs have alike, such as an insert id, is no part of it.
    pub value: Bytes,
    /// The receipt that the response is finished by.
    pub receipt: Option<Awaited>,
}

/// A receipt that is there once an effect is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The name by which [`Receipts`] have it, and `inject` in the file.
    pub name: String,
    /// What stands for it in a dry run that is not given legacy's.
    pub stand_in: String,
}

impl Own {
    /// An effect of that kind; what it does is a JSON text that is already encoded.
    pub fn new(kind: impl Into<String>, json: impl Into<Bytes>) -> Self {
        Self { kind: kind.into(), key: None, value: json.into(), receipt: None }
    }

    /// Says what it is about.
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Has the response get its receipt under that name.
    ///
    /// A dry run commits nothing. There the receipt is what `inject` in the route's `shadow` table takes of legacy's answer for
    /// that name, and else `stand_in`: of the form of a receipt, so that the response can be made, and such as none is ("0"
    /// where ids count from 1), so that what it makes of the response shows as the difference that it is.
    pub fn receipt(mut self, name: impl Into<String>, stand_in: impl Into<String>) -> Self {
        self.receipt = Some(Awaited { name: name.into(), stand_in: stand_in.into() });
        self
    }
}

/// What is known of an effect once it is done: an insert id, a number that another system gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt(Option<String>);

impl Receipt {
    /// There is nothing to tell.
    pub const fn none() -> Self {
        Self(None)
    }

    /// This, as a text.
    pub fn of(told: impl ToString) -> Self {
        Self(Some(told.to_string()))
    }

    /// The text; `None` where there is none.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// The receipts of an answer's effects, by their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipts(Vec<(String, String)>);

/// An answer is finished by a receipt that it has not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoReceipt {
    /// No effect awaits it, or who committed that told none.
    #[error("there is no receipt `{0}`: no effect of the answer awaits it, or who committed that told none")]
    None(String),
    /// Several effects await it.
    #[error("several effects of the answer have a receipt `{0}`: give each a name of its own")]
    Several(String),
}

impl Receipts {
    /// Those of an answer of which nothing is done yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Keeps what is known of an effect, where the response awaits that.
    pub fn add(&mut self, effect: &Own, receipt: &Receipt) {
        if let (Some(awaited), Some(text)) = (&effect.receipt, receipt.text()) {
            self.0.push((awaited.name.clone(), text.to_owned()));
        }
    }

    /// The receipt of that name.
    pub fn get(&self, name: &str) -> Result<&str, NoReceipt> {
        let mut of_name = self.0.iter().filter(|(known, _)| known == name);
        match (of_name.next(), of_name.next()) {
            (Some((_, text)), None) => Ok(text),
            (None, _) => Err(NoReceipt::None(name.to_owned())),
            (Some(_), Some(_)) => Err(NoReceipt::Several(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_is_had_by_the_name_of_the_one_effect_that_awaits_it() {
        let awaiting = |name: &str| Own::new("rows", "{}").receipt(name, "0");
        let mut receipts = Receipts::new();
        for (effect, receipt) in [
            (awaiting("a"), Receipt::of(7)),
            (awaiting("twice"), Receipt::of(8)),
            (awaiting("twice"), Receipt::of(9)),
            (awaiting("silent"), Receipt::none()),
            (Own::new("rows", "{}"), Receipt::of(10)),
        ] {
            receipts.add(&effect, &receipt);
        }
        assert_eq!(receipts.get("a"), Ok("7"));
        assert_eq!(receipts.get("twice"), Err(NoReceipt::Several("twice".to_owned())));
        for name in ["silent", "rows", "other"] {
            assert_eq!(receipts.get(name), Err(NoReceipt::None(name.to_owned())));
        }
    }
}
