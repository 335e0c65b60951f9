//! Finds the rules that can apply by what their conditions ask for: `carrier == 'HA' && …`.

use std::collections::HashMap;

use legacy_compat::{Key, Value};

use super::step::{Guards, Index, Rule};
use crate::expr::compile::Compiler;
use crate::expr::eval::{Frame, Program};
use crate::expr::op::{Binary, Id, Op};

/// Fewer rules are asked one by one.
const WORTH_IT: usize = 8;

/// Which constants a rule's condition asks an expression for.
struct Guard {
    of: Id,
    keys: Vec<Key>,
}

impl Index {
    /// An index of these rules; `None` where it would not pay.
    pub(crate) fn of(rules: &[Rule], compiler: &Compiler) -> Option<Self> {
        let guards: Vec<Vec<Guard>> = rules.iter().map(|rule| guards(rule, compiler)).collect();
        let mut values: HashMap<Id, std::collections::HashSet<&Key>> = HashMap::new();
        for guard in guards.iter().flatten() {
            values.entry(guard.of).or_default().extend(&guard.keys);
        }
        let (mut always, mut by) = (Vec::new(), Vec::<Guards>::new());
        for (number, guards) in guards.iter().enumerate() {
            // the fewer keys of the more there are, the less often it holds
            let chance = |guard: &Guard| guard.keys.len() as f64 / values[&guard.of].len() as f64;
            match guards.iter().min_by(|a, b| chance(a).total_cmp(&chance(b))) {
                Some(guard) => insert(&mut by, guard, number as u32),
                None => always.push(number as u32),
            }
        }
        (rules.len() - always.len() >= WORTH_IT).then_some(Self { always, by })
    }

    /// The rules that can apply, in their order.
    pub(crate) fn candidates(&self, program: &Program, frame: &Frame, into: &mut Vec<u32>) {
        into.clear();
        into.extend_from_slice(&self.always);
        for guards in &self.by {
            let found = match program.get(guards.of, frame) {
                Ok(value) => guards.found(&value),
                Err(_) => Some(&guards.all),
            };
            into.extend(found.into_iter().flatten());
        }
        if self.by.len() > 1 || !self.always.is_empty() {
            into.sort_unstable();
        }
    }
}

impl Guards {
    fn found(&self, value: &Value) -> Option<&Vec<u32>> {
        match value {
            Value::Int(int) => self.rules.get(&Key::Int(*int)),
            Value::Str(text) => self.rules.get(&text_key(text)),
            // 5.0 equals 5
            Value::Float(_) => Some(&self.all),
            _ => None,
        }
    }
}

/// A text is no number here: "5" is not 5.
fn text_key(text: &legacy_compat::Str) -> Key {
    Key::Str(text.clone())
}

fn insert(by: &mut Vec<Guards>, guard: &Guard, number: u32) {
    let at = by.iter().position(|guards| guards.of == guard.of).unwrap_or_else(|| {
        by.push(Guards { of: guard.of, rules: HashMap::default(), all: Vec::new() });
        by.len() - 1
    });
    for key in &guard.keys {
        by[at].rules.entry(key.clone()).or_default().push(number);
    }
    by[at].all.push(number);
}

/// The guards of a rule: parts of its condition that must all hold.
fn guards(rule: &Rule, compiler: &Compiler) -> Vec<Guard> {
    let mut guards = Vec::new();
    let mut waiting: Vec<Id> = rule.when.into_iter().collect();
    while let Some(id) = waiting.pop() {
        let (of, keys) = match &compiler.program.ops[id as usize] {
            Op::And(a, b) => {
                waiting.extend([*a, *b]);
                continue;
            }
            Op::Binary(Binary::Eq, a, b) => match (compiler.as_constant(*a), compiler.as_constant(*b)) {
                (None, Some(constant)) => (*a, key(constant).map(|key| vec![key])),
                (Some(constant), None) => (*b, key(constant).map(|key| vec![key])),
                _ => continue,
            },
            Op::InSet(of, set) => (*of, compiler.program.sets[*set as usize].keys()),
            _ => continue,
        };
        guards.extend(keys.map(|mut keys| {
            keys.sort_unstable_by_key(|key| format!("{key:?}"));
            keys.dedup();
            Guard { of, keys }
        }));
    }
    guards
}

fn key(value: &Value) -> Option<Key> {
    match value {
        Value::Int(int) => Some(Key::Int(*int)),
        Value::Str(text) => Some(text_key(text)),
        _ => None,
    }
}
