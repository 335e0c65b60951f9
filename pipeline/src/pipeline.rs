//! The compiled pipeline, as a handler.

use std::sync::Arc;

use handover_api::{
    Answer, Context, Decline, Effect, Handler, HandlerError, Outcome, Request, Response, RuleRun,
};
use indexmap::IndexSet;
use legacy_compat::{Php, Value};

use crate::ends::{Ends, STRICT_JSON, Writer};
use crate::expr::eval::{Frame, Program, Tables};
use crate::expr::op::Op;
use crate::fault::Faults;
use crate::file::raw::{IdForm, Semantics};
use crate::request::variables;
use crate::rules::counts::Counts;
use crate::rules::run::{Ended, Failed, Walk};
use crate::rules::step::{End, Step};

/// A pipeline: a file of rules, compiled.
///
/// Cheap to share and never changed: a reload makes a new one.
pub struct Pipeline {
    program: Program,
    steps: Vec<Step>,
    ends: Ends,
    rules: usize,
    /// The rules' ids, each once.
    names: Arc<[Arc<str>]>,
    counts: Counts,
    /// Which variables some expression asks for.
    used: Vec<bool>,
    /// The slots of the ids, in the order of [`Settings::ids`].
    ids: Vec<u32>,
    settings: Settings,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a pipeline of {} rules", self.rules)
    }
}

/// What the file says besides its steps.
pub(crate) struct Settings {
    pub php: Php,
    pub tables: Vec<String>,
    pub now: Option<String>,
    pub ids: Vec<(String, IdForm)>,
    pub steps: u32,
    pub json_flags: i64,
    pub semantics: Semantics,
}

/// What a rule has seen since its pipeline was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCount {
    /// The rule's id.
    pub id: Arc<str>,
    /// How many requests it was asked about and found nothing.
    pub passed: u64,
    /// How many requests it found something in.
    pub failed: u64,
}

impl RuleCount {
    /// How many requests it was asked about. A rule that can't apply by its guards is not asked.
    pub fn evaluated(&self) -> u64 {
        self.passed + self.failed
    }
}

/// An expression of the pipeline failed. The request falls back to legacy.
#[derive(Debug, thiserror::Error)]
#[error("the pipeline failed{}: {why}", .rule.as_ref().map(|id| format!(" in rule {id}")).unwrap_or_default())]
struct PipelineError {
    rule: Option<Arc<str>>,
    why: String,
}

impl Pipeline {
    /// Compiles a file.
    ///
    /// # Errors
    /// All that is wrong with it, each with its place.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        crate::file::compile(text)
    }

    pub(crate) fn new(
        program: Program,
        steps: Vec<Step>,
        ends: Ends,
        (rules, names): (usize, IndexSet<String>),
        ids: Vec<u32>,
        slots: usize,
        settings: Settings,
    ) -> Self {
        let mut used = vec![false; slots];
        for op in &program.ops {
            if let Op::Var { slot, .. } = op {
                used[*slot as usize] = true;
            }
        }
        for step in &steps {
            if let Some(schema) = &step.schema {
                used[schema.of as usize] = true;
            }
        }
        let names = names.into_iter().map(Arc::from).collect();
        Self { program, steps, ends, rules, names, counts: Counts::default(), used, ids, settings }
    }

    /// What each rule has seen since this pipeline was loaded, in the order of the file. A rule that stands at several
    /// places counts as one.
    pub fn rule_counts(&self) -> Vec<RuleCount> {
        let count = |(place, id): (usize, &Arc<str>)| {
            let (passed, failed) = self.counts.of(place);
            RuleCount { id: Arc::clone(id), passed, failed }
        };
        self.names.iter().enumerate().map(count).collect()
    }

    /// The hot tables that it reads.
    pub fn tables(&self) -> &[String] {
        &self.settings.tables
    }

    /// The names of the times and ids that it reads from its context, which `inject` rules go by.
    pub fn ports(&self) -> impl Iterator<Item = &str> {
        let ids = self.settings.ids.iter().map(|(name, _)| name.as_str());
        self.settings.now.as_deref().into_iter().chain(ids)
    }

    fn frame(&self, request: &Request, now: i64, tables: Tables) -> Frame {
        let php = self.settings.php.clone().at(now);
        let vars = variables(request, now, &php, &self.used);
        Frame::new(&self.program, vars, php, tables, self.settings.steps)
    }

    fn error(&self, failed: Failed) -> HandlerError {
        let rule = failed.at.and_then(|name| self.names.get(name as usize)).cloned();
        HandlerError::new(PipelineError { rule, why: failed.error.to_string() })
    }

    fn writer<'f>(&'f self, frame: &'f Frame) -> Writer<'f> {
        let json_flags = match self.settings.semantics {
            Semantics::Php => self.settings.json_flags,
            Semantics::Strict => self.settings.json_flags | STRICT_JSON,
        };
        Writer { program: &self.program, frame, json_flags }
    }

    fn respond(&self, frame: &Frame, place: usize) -> Result<Response, HandlerError> {
        self.writer(frame).response(&self.ends.responses[place]).map_err(|error| self.error(error.into()))
    }

    fn effects(&self, frame: &Frame) -> Result<Vec<Effect>, HandlerError> {
        let writer = self.writer(frame);
        let once =
            self.ends.once.and_then(|once| writer.once(once).transpose()).map(|once| once.map(Effect::from));
        let records = self.ends.records.iter().filter_map(|record| writer.record(record).transpose());
        let records = records.map(|record| record.map(Effect::from));
        once.into_iter()
            .chain(records)
            .map(|effect| effect.map_err(|error| self.error(error.into())))
            .collect()
    }

    fn walk(&self, frame: Frame, cx: &Context) -> Result<(Frame, Ended), HandlerError> {
        let mut walk = Walk::new(&self.program, frame, self.rules, self.names.len());
        let ended = walk.run(&self.steps);
        self.counts.add(&walk.seen);
        cx.tell_rules(|| RuleRun {
            names: Arc::clone(&self.names),
            outcomes: walk.seen.outcomes(self.names.len()),
        });
        Ok((walk.frame, ended.map_err(|failed| self.error(failed))?))
    }
}

impl Handler for Pipeline {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let tables = self.settings.tables.iter().map(|name| cx.table(name)).collect::<Result<_, _>>()?;
        let now = match &self.settings.now {
            Some(name) => cx.now(name).await?.as_second(),
            None => 0,
        };
        let (mut frame, ended) = self.walk(self.frame(request, now, Tables(tables)), cx)?;
        match ended {
            Ended::Early(End::Decline(reason)) => Decline::because(reason).into(),
            Ended::Early(End::Respond(place)) => Answer::new(self.respond(&frame, place)?).into(),
            Ended::Rejected => Answer::new(self.respond(&frame, self.ends.fail)?).into(),
            Ended::Passed => {
                for ((name, form), slot) in self.settings.ids.iter().zip(&self.ids) {
                    let id = cx.id(name, |bytes: [u8; 16]| form.of(bytes)).await?;
                    frame.vars[*slot as usize] = Value::string(id);
                }
                let (response, effects) = (self.respond(&frame, self.ends.pass)?, self.effects(&frame)?);
                effects.into_iter().fold(Answer::new(response), Answer::with).into()
            }
        }
    }
}

impl IdForm {
    fn of(self, mut bytes: [u8; 16]) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match self {
            Self::Hex => hex(&bytes),
            Self::Uuid => {
                bytes[6] = bytes[6] & 0x0f | 0x40;
                bytes[8] = bytes[8] & 0x3f | 0x80;
                let parts = [&bytes[..4], &bytes[4..6], &bytes[6..8], &bytes[8..10], &bytes[10..]];
                parts.map(hex).join("-")
            }
        }
    }
}
