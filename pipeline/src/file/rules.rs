//! Compiles the rules of a step.

use legacy_compat::Value;
use toml::Spanned;

use super::build::{Builder, flat, in_order};
use super::raw::{self, At, OneOrMore};
use crate::expr::op::Id;
use crate::rules::step::{Action, End, Index, Report, Rule, Run};

impl Builder<'_> {
    /// The rules of a step, those that can be looked up together.
    pub(super) fn runs(&mut self, raw: &[Spanned<raw::Rule>]) -> Option<Vec<Run>> {
        let mut named: Vec<(String, u32)> = Vec::new();
        let mut runs: Vec<(bool, Vec<Rule>)> = Vec::new();
        let mut sound = true;
        for raw in raw {
            let Some(rule) = self.rule(raw, &named) else {
                sound = false;
                continue;
            };
            named.push((raw.get_ref().id.clone(), rule.number));
            let pure = rule.is_pure();
            match runs.last_mut() {
                Some((alike, rules)) if *alike == pure => rules.push(rule),
                _ => runs.push((pure, vec![rule])),
            }
        }
        let run = |(pure, rules): (bool, Vec<Rule>)| {
            let index = if pure { Index::of(&rules, &self.compiler) } else { None };
            Run { rules, index }
        };
        sound.then(|| runs.into_iter().map(run).collect())
    }

    fn rule(&mut self, raw: &Spanned<raw::Rule>, before: &[(String, u32)]) -> Option<Rule> {
        let rule = raw.get_ref();
        let span = raw.span();
        if rule.id.is_empty() {
            self.fault(span.clone(), "`id` is missing: a rule is counted by it");
        }
        if rule.when.is_none() && rule.check.is_none() && rule.after.is_none() && rule.unless.is_none() {
            self.fault(span.clone(), "the rule has neither `when` nor `check`: it would always fire");
        }
        let when = self.condition(rule.when.as_ref());
        let check = self.condition(rule.check.as_ref());
        let after = rule.after.as_ref().map(|name| self.earlier(name.get_ref(), name.span(), before));
        let unless = match &rule.unless {
            None => Vec::new(),
            Some(OneOrMore::One(name)) => vec![self.earlier(name, span.clone(), before)],
            Some(OneOrMore::More(names)) => {
                names.iter().map(|name| self.earlier(name, span.clone(), before)).collect()
            }
        };
        let action = self.action(rule);
        let number = self.rules;
        self.rules += 1;
        let name = self.names.insert_full(rule.id.clone()).0 as u32;
        Some(Rule {
            number,
            name,
            when: when?,
            check: check?,
            after: match after {
                Some(after) => Some(after?),
                None => None,
            },
            unless: unless.into_iter().collect::<Option<_>>()?,
            action: Box::new(action?),
        })
    }

    /// The number of a rule that stands before in the same step.
    fn earlier(&mut self, id: &str, span: std::ops::Range<usize>, before: &[(String, u32)]) -> Option<u32> {
        let found = before.iter().rfind(|(known, _)| known == id).map(|(_, number)| *number);
        if found.is_none() {
            self.fault(span, format!("there is no rule `{id}` before this one in the same step"));
        }
        found
    }

    fn action(&mut self, rule: &raw::Rule) -> Option<Action> {
        let error = rule.error.as_ref().map(|message| self.report(rule, message));
        let warn = rule.warn.as_ref().map(|message| self.report(rule, message));
        let mut compiled = Vec::new();
        for (name, value) in in_order(&rule.set) {
            match self.expr(value) {
                Some(typed) => compiled.push((name, typed)),
                None => drop(self.set(name, crate::expr::types::Type::Dyn, false)),
            }
        }
        let complete = compiled.len() == rule.set.len();
        let set: Vec<(u32, Id)> =
            compiled.into_iter().map(|(name, typed)| (self.set(name, typed.ty, true), typed.id)).collect();
        for list in ["errors", "warnings", "repairs"] {
            let emits = match list {
                "errors" => error.is_some(),
                "warnings" => warn.is_some(),
                _ => rule.repair,
            };
            if emits {
                self.compiler.may_have_changed(list, None);
            }
        }
        let end = match (&rule.respond, &rule.decline) {
            (Some(name), _) => Some(End::Respond(self.response(name)?)),
            (None, Some(reason)) => Some(End::Decline(reason.clone())),
            (None, None) => None,
        };
        Some(Action {
            error: flat(error)?,
            warn: flat(warn)?,
            repair: rule.repair.then(|| Value::string(&rule.id)),
            set: complete.then_some(set)?,
            then: rule.then,
            end,
        })
    }

    fn report(&mut self, rule: &raw::Rule, message: &At) -> Option<Report> {
        let message = self.template(message);
        let text = |builder: &mut Self, given: &Option<At>, default: &str| match given {
            Some(given) => builder.template(given),
            None => Some(builder.constant(default)),
        };
        let code = text(self, &rule.code, &rule.id);
        let field = text(self, &rule.field, "");
        let value = rule.value.as_ref().map(|value| self.expr(value).map(|typed| typed.id));
        Some(Report { code: code?, field: field?, message: message?, value: flat(value)? })
    }

    fn constant(&mut self, text: &str) -> Id {
        let id = self.compiler.constant(Value::string(text));
        self.roots.push(id);
        id
    }
}
