//! Steps and rules as they run.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::RandomState;
use legacy_compat::{Key, Value};

use crate::decode::Decoder;
use crate::expr::op::Id;
use crate::file::raw::Then;
use crate::unpack::Unpack;

/// A step.
pub(crate) struct Step {
    pub when: Option<Id>,
    pub each: Option<Each>,
    pub decode: Option<Decode>,
    pub schema: Option<Schema>,
    pub unpack: Option<(Id, Vec<Unpack>)>,
    pub set: Vec<(u32, Id)>,
    pub runs: Vec<Run>,
    pub carry: Vec<(u32, Id)>,
    pub reject: bool,
}

/// A loop.
pub(crate) struct Each {
    pub list: Id,
    pub item: u32,
    /// What is computed in the loop.
    pub body: Range<Id>,
    /// The kept values of these, which hold for one turn.
    pub kept: Range<usize>,
}

/// Reads bytes into a variable.
pub(crate) struct Decode {
    pub decoder: Decoder,
    pub of: Id,
    pub into: u32,
    pub fail: Option<usize>,
}

/// Checks a variable.
pub(crate) struct Schema {
    pub of: u32,
    pub validator: jsonschema::Validator,
    pub code: String,
}

/// Rules one behind the other; those that nothing but their guards can hold back are looked up by these.
pub(crate) struct Run {
    pub rules: Vec<Rule>,
    pub index: Option<Index>,
}

/// Which rules can apply.
pub(crate) struct Index {
    /// Rules without a guard, in their order.
    pub always: Vec<u32>,
    pub by: Vec<Guards>,
}

/// The rules that ask an expression for one of a few constants.
pub(crate) struct Guards {
    pub of: Id,
    pub rules: HashMap<Key, Vec<u32>, RandomState>,
    /// All of them: where the expression has no value, each says so itself.
    pub all: Vec<u32>,
}

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its place among all rules of the pipeline.
    pub number: u32,
    /// The place of its id among all ids: a rule may stand at several places.
    pub name: u32,
    pub when: Option<Id>,
    pub check: Option<Id>,
    /// Only after this rule has fired.
    pub after: Option<u32>,
    /// Only where none of these has fired.
    pub unless: Vec<u32>,
    pub action: Box<Action>,
}

/// What a rule does when it fires.
#[derive(Debug, Default)]
pub(crate) struct Action {
    pub error: Option<Report>,
    pub warn: Option<Report>,
    pub repair: Option<Value>,
    pub set: Vec<(u32, Id)>,
    pub then: Then,
    pub end: Option<End>,
}

/// How the way ends early.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Respond(usize),
    Decline(String),
}

/// An entry for `errors` or `warnings`.
#[derive(Debug)]
pub(crate) struct Report {
    pub code: Id,
    pub field: Id,
    pub message: Id,
    pub value: Option<Id>,
}

impl Rule {
    /// Whether nothing but its conditions decides about it, and nothing after it hangs on it.
    pub(crate) fn is_pure(&self) -> bool {
        let action = &self.action;
        self.after.is_none()
            && self.unless.is_empty()
            && action.set.is_empty()
            && action.then == Then::Next
            && action.end.is_none()
    }
}
