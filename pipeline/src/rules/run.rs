//! Runs the steps of a pipeline on one request.

use legacy_compat::{Array, Str, Value};

use super::counts::Seen;
use super::step::{Action, End, Report, Rule, Run, Step};
use crate::expr::error::{EvalError, Evaluated};
use crate::expr::eval::{Frame, Program};
use crate::expr::op::Id;
use crate::file::raw::Then;

/// The places of the variables that every pipeline has.
pub(crate) const ERRORS: usize = 0;
pub(crate) const WARNINGS: usize = 1;
pub(crate) const REPAIRS: usize = 2;
pub(crate) const DECODE_ERROR: usize = 3;
/// Reports and repairs beyond these end the request: no honest one has them.
const REPORTS_MAX: usize = 10_000;

/// One request on its way through the steps.
pub(crate) struct Walk<'p> {
    pub program: &'p Program,
    pub frame: Frame,
    pub seen: Seen,
    /// Which rules fired when they were asked last.
    fired: Vec<bool>,
    candidates: Vec<u32>,
}

/// Where it goes on.
#[derive(Debug)]
enum Flow {
    Next,
    Skip,
    Leave,
    Reject,
    End(End),
}

/// How the steps ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Passed,
    Rejected,
    Early(End),
}

/// An error, and the step or rule it happened in.
#[derive(Debug)]
pub(crate) struct Failed {
    pub at: Option<u32>,
    pub error: EvalError,
}

impl From<EvalError> for Failed {
    fn from(error: EvalError) -> Self {
        Self { at: None, error }
    }
}

type Flowing = Result<Flow, Failed>;

impl<'p> Walk<'p> {
    /// A walk with that frame, past so many rules of so many names.
    pub(crate) fn new(program: &'p Program, frame: Frame, rules: usize, names: usize) -> Self {
        Self { program, frame, seen: Seen::new(names), fired: vec![false; rules], candidates: Vec::new() }
    }

    /// Walks all steps.
    pub(crate) fn run(&mut self, steps: &[Step]) -> Result<Ended, Failed> {
        for step in steps {
            match self.step(step)? {
                Flow::Reject => return Ok(Ended::Rejected),
                Flow::End(end) => return Ok(Ended::Early(end)),
                Flow::Next | Flow::Skip | Flow::Leave => {}
            }
            if step.reject && self.frame.vars[ERRORS].as_array().is_some_and(|errors| !errors.is_empty()) {
                return Ok(Ended::Rejected);
            }
        }
        match self.frame.vars[ERRORS].as_array().is_some_and(|errors| !errors.is_empty()) {
            true => Ok(Ended::Rejected),
            false => Ok(Ended::Passed),
        }
    }

    fn step(&mut self, step: &Step) -> Flowing {
        if let Some(when) = step.when
            && !self.program.truth(when, &self.frame)?
        {
            return Ok(Flow::Next);
        }
        let Some(each) = &step.each else { return self.turn(step) };
        let list = self.program.get(each.list, &self.frame)?.into_owned();
        let items = list.as_array().cloned().ok_or(EvalError::NoOverload("each"))?;
        for item in items.values() {
            self.frame.step()?;
            self.frame.vars[each.item as usize] = item.clone();
            self.frame.forget(each.kept.clone());
            match self.turn(step)? {
                Flow::Next | Flow::Skip => {}
                Flow::Leave => break,
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn turn(&mut self, step: &Step) -> Flowing {
        if let Some(decode) = &step.decode {
            let bytes = self.program.get(decode.of, &self.frame)?.into_owned();
            match decode.decoder.decode(&self.frame.php, bytes.as_bytes().unwrap_or_default()) {
                Ok(value) => self.frame.vars[decode.into as usize] = value,
                Err(error) => {
                    self.frame.vars[DECODE_ERROR] = error;
                    let end = decode
                        .fail
                        .map_or(End::Decline("the body cannot be decoded".to_owned()), End::Respond);
                    return Ok(Flow::End(end));
                }
            }
        }
        if let Some(schema) = &step.schema {
            let found = schema.faults(&self.frame.vars[schema.of as usize]);
            found.into_iter().try_for_each(|entry| push(&mut self.frame, ERRORS, entry))?;
        }
        if let Some((map, fields)) = &step.unpack {
            let map = self.program.get(*map, &self.frame)?.into_owned();
            for field in fields {
                self.frame.vars[field.slot as usize] = field.from(&map)?;
            }
        }
        self.assign(&step.set)?;
        for run in &step.runs {
            match self.rules(run)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        self.assign(&step.carry)?;
        Ok(Flow::Next)
    }

    fn assign(&mut self, set: &[(u32, Id)]) -> Evaluated<()> {
        for (slot, id) in set {
            self.frame.vars[*slot as usize] = self.program.get(*id, &self.frame)?.into_owned();
        }
        Ok(())
    }

    fn rules(&mut self, run: &Run) -> Flowing {
        let Some(index) = &run.index else {
            for rule in &run.rules {
                match self.rule(rule)? {
                    Flow::Next => {}
                    flow => return Ok(flow),
                }
            }
            return Ok(Flow::Next);
        };
        let mut candidates = std::mem::take(&mut self.candidates);
        index.candidates(self.program, &self.frame, &mut candidates);
        let done = candidates.iter().try_for_each(|number| self.rule(&run.rules[*number as usize]).map(drop));
        self.candidates = candidates;
        done.map(|()| Flow::Next)
    }

    fn rule(&mut self, rule: &Rule) -> Flowing {
        let fires = match self.fires(rule) {
            Ok(fires) => fires,
            Err(error) => return Err(Failed { at: Some(rule.name), error }),
        };
        let Some(fires) = fires else {
            self.fired[rule.number as usize] = false;
            return Ok(Flow::Next);
        };
        self.seen.note(rule.name, fires);
        self.fired[rule.number as usize] = fires;
        if !fires {
            return Ok(Flow::Next);
        }
        self.act(&rule.action).map_err(|error| Failed { at: Some(rule.name), error })
    }

    /// Whether the rule fires; `None` where it is not asked.
    fn fires(&self, rule: &Rule) -> Evaluated<Option<bool>> {
        let fired = |number: &u32| self.fired[*number as usize];
        if rule.after.as_ref().is_some_and(|number| !fired(number)) || rule.unless.iter().any(fired) {
            return Ok(None);
        }
        let when = match rule.when {
            Some(when) => self.program.truth(when, &self.frame)?,
            None => true,
        };
        match rule.check {
            None => Ok(Some(when)),
            Some(_) if !when => Ok(None),
            Some(check) => Ok(Some(!self.program.truth(check, &self.frame)?)),
        }
    }

    fn act(&mut self, action: &Action) -> Evaluated<Flow> {
        if let Some(report) = &action.error {
            let entry = self.entry(report, true)?;
            push(&mut self.frame, ERRORS, entry)?;
        }
        if let Some(report) = &action.warn {
            let entry = self.entry(report, false)?;
            push(&mut self.frame, WARNINGS, entry)?;
        }
        if let Some(id) = &action.repair {
            push(&mut self.frame, REPAIRS, id.clone())?;
        }
        // all are computed before the first is set: they see what the rule saw
        let values = action.set.iter().map(|(_, id)| Ok(self.program.get(*id, &self.frame)?.into_owned()));
        let values = values.collect::<Evaluated<Vec<_>>>()?;
        for ((slot, _), value) in action.set.iter().zip(values) {
            self.frame.vars[*slot as usize] = value;
        }
        Ok(match (&action.end, action.then) {
            (Some(end), _) => Flow::End(end.clone()),
            (None, Then::Next) => Flow::Next,
            (None, Then::Skip) => Flow::Skip,
            (None, Then::Leave) => Flow::Leave,
            (None, Then::Reject) => Flow::Reject,
        })
    }

    fn entry(&self, report: &Report, with_value: bool) -> Evaluated<Value> {
        let mut entry = Array::map_with_capacity(4);
        for (name, id) in [("code", report.code), ("field", report.field), ("message", report.message)] {
            entry.insert(name, self.program.get(id, &self.frame)?.into_owned());
        }
        if with_value {
            let value = report.value.map(|id| Ok(self.program.get(id, &self.frame)?.into_owned()));
            entry.insert("value", value.transpose()?.unwrap_or_default());
        }
        Ok(Value::Array(entry))
    }
}

fn push(frame: &mut Frame, list: usize, entry: Value) -> Evaluated<()> {
    let Value::Array(entries) = &mut frame.vars[list] else { return Err(EvalError::NoOverload("errors")) };
    if entries.len() >= REPORTS_MAX {
        return Err(EvalError::Limit("reports"));
    }
    entries.push(entry).map_err(|_| EvalError::Limit("reports"))
}

impl super::step::Schema {
    /// What the schema finds wrong, as entries of `errors`.
    fn faults(&self, value: &Value) -> Vec<Value> {
        let json = crate::json::to_json(value);
        let entry = |fault: jsonschema::ValidationError<'_>| {
            let mut entry = Array::map_with_capacity(4);
            entry.insert("code", Value::string(&self.code));
            entry.insert("field", Value::string(fault.instance_path().to_string()));
            entry.insert("message", Value::Str(Str::new(fault.to_string().as_bytes())));
            entry.insert("value", Value::Null);
            Value::Array(entry)
        };
        self.validator.iter_errors(&json).take(REPORTS_MAX).map(entry).collect()
    }
}
