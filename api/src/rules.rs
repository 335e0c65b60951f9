//! What a handler that is made of rules tells of a run: which of them it applied, and how each came out.

use std::sync::Arc;

/// One run's rules. A dry run's are evidence: the gate asks for every rule to have come out both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRun {
    /// All rules of the handler, by name, always in the same order: shared, not copied for each run.
    pub names: Arc<[Arc<str>]>,
    /// How each came out in this run, in that order. As many as there are names.
    pub outcomes: Box<[RuleOutcome]>,
}

/// How a rule came out in one run. A rule that is applied to each element of a list may come out both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleOutcome {
    /// It held somewhere.
    pub held: bool,
    /// It was broken somewhere.
    pub broken: bool,
}
