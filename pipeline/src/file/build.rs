//! Compiles the whole file, step by step, as a request will walk it.

use std::sync::Arc;

use indexmap::IndexSet;
use legacy_compat::{Php, Version};
use toml::Spanned;

use super::raw::{self, At, Named, Semantics};
use crate::decode::Decoder;
use crate::expr::compile::{Compiler, Function};
use crate::expr::op::Id;
use crate::expr::source::Source;
use crate::expr::types::Type;
use crate::fault::{Fault, Faults};
use crate::pipeline::{Pipeline, Settings};
use crate::request::VARIABLES;
use crate::rules::step::{Decode, Each, Schema, Step};
use crate::unpack::{Unpack, type_named};

/// Compiles a file.
pub(crate) fn compile(text: &str) -> Result<Pipeline, Faults> {
    let file: raw::File = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Faults::of(text, vec![Fault::new(span, error.message())])
    })?;
    Builder::new(text, &file).build(&file)
}

/// What the file is compiled with.
pub(super) struct Builder<'t> {
    text: &'t str,
    pub(super) compiler: Compiler,
    /// All expressions that a request may ask for.
    pub(super) roots: Vec<Id>,
    /// How many rules there are so far.
    pub(super) rules: u32,
    /// Their ids, each once, by their name's place.
    pub(super) names: IndexSet<String>,
    pub(super) responses: Vec<String>,
    settings: Settings,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, file: &raw::File) -> Self {
        let version = file.php.as_ref().map(|php| php.get_ref().parse::<Version>());
        let mut php = Php::new(version.as_ref().and_then(|v| v.clone().ok()).unwrap_or(Version::V8_2));
        if let Some(zone) = &file.timezone {
            php = php.in_zone(zone.get_ref());
        }
        let mut compiler = Compiler::new(php.clone(), file.semantics == Semantics::Strict);
        if let (Some(Err(why)), Some(given)) = (version, &file.php) {
            compiler.faults.push(Fault::new(given.span(), why.to_string()));
        }
        let settings = Settings {
            php,
            tables: file.tables.clone(),
            now: file.now.clone(),
            ids: file.ids.iter().map(|(name, form)| (name.clone(), *form)).collect(),
            steps: file.limits.steps,
            json_flags: file.json_flags,
            semantics: file.semantics,
        };
        let responses = file.response.keys().cloned().collect();
        Self { text, compiler, roots: Vec::new(), rules: 0, names: IndexSet::new(), responses, settings }
    }

    fn build(mut self, file: &raw::File) -> Result<Pipeline, Faults> {
        for (name, ty) in VARIABLES {
            self.compiler.declare(name, ty());
        }
        self.compiler.tables =
            file.tables.iter().map(|name| (name.clone(), Type::Map(Type::Text.into()))).collect();
        self.constants(&file.constants);
        self.functions(file);
        let mut steps: Vec<Step> =
            file.step.iter().filter_map(|step| self.step(step, &file.limits)).collect();
        let ids = file.ids.keys().map(|name| self.compiler.declare(name, Type::Text)).collect();
        let ends = self.ends(file);
        let Self { text, compiler, roots, rules, names, settings, .. } = self;
        let slots = compiler.variables.len();
        let (program, faults) = compiler.finish(&roots);
        let (Some(ends), true) = (ends, faults.is_empty()) else { return Err(Faults::of(text, faults)) };
        for each in steps.iter_mut().filter_map(|step| step.each.as_mut()) {
            each.kept = program.kept_in(each.body.clone());
        }
        Ok(Pipeline::new(program, steps, ends, (rules as usize, names), ids, slots, settings))
    }

    /// Compiles an expression that requests ask for.
    pub(super) fn expr(&mut self, value: &At) -> Option<crate::expr::compile::Typed> {
        let source = Source::of(self.text, value);
        let typed = self.compiler.compile(&source)?;
        self.roots.push(typed.id);
        Some(typed)
    }

    /// Compiles a condition.
    pub(super) fn condition(&mut self, value: Option<&At>) -> Option<Option<Id>> {
        let Some(value) = value else { return Some(None) };
        let source = Source::of(self.text, value);
        let typed = self.compiler.compile_as(&source, &Type::Bool)?;
        self.roots.push(typed.id);
        Some(Some(typed.id))
    }

    /// Compiles a text with expressions in it.
    pub(super) fn template(&mut self, value: &At) -> Option<Id> {
        let source = Source::of(self.text, value);
        let typed = self.compiler.template(&source)?;
        self.roots.push(typed.id);
        Some(typed.id)
    }

    pub(super) fn fault(&mut self, span: std::ops::Range<usize>, message: impl Into<String>) {
        self.compiler.faults.push(Fault::new(span, message));
    }

    fn constants(&mut self, constants: &Named) {
        for (name, value) in in_order(constants) {
            let source = Source::of(self.text, value);
            let Some(typed) = self.compiler.compile(&source) else { continue };
            match self.compiler.as_constant(typed.id) {
                Some(_) => drop(self.compiler.named.insert(name.clone(), typed)),
                None => self.fault(value.span(), format!("`{name}` is no constant: it hangs on the request")),
            }
        }
    }

    fn functions(&mut self, file: &raw::File) {
        for (name, function) in &file.functions {
            let source = Source::of(self.text, &function.is);
            if let Some(body) = self.compiler.parse(&source) {
                let function = Function { parameters: function.of.clone(), body: Arc::new(body) };
                self.compiler.functions.insert(name.clone(), function);
            }
        }
    }

    fn step(&mut self, raw: &Spanned<raw::Step>, limits: &raw::Limits) -> Option<Step> {
        let step = raw.get_ref();
        let when = self.condition(step.when.as_ref());
        let list = step.each.as_ref().map(|each| self.each(step, each));
        let set_here = self.set_in(step);
        let begin = self.compiler.program.ops.len() as Id;
        if list.is_some() {
            set_here.iter().for_each(|name| self.compiler.may_have_changed(name, None));
        }
        let decode = step.decode.as_ref().map(|decode| self.decode(decode, limits));
        let schema = step.schema.as_ref().map(|schema| self.schema(schema));
        let unpack = step.unpack.as_ref().map(|unpack| self.unpack(unpack));
        let set = self.assign(&step.set, step.when.is_some());
        let runs = self.runs(&step.rule);
        let carry = self.assign(&step.carry, true);
        let end = self.compiler.program.ops.len() as Id;
        if list.is_some() || step.when.is_some() {
            set_here.iter().for_each(|name| self.compiler.may_have_changed(name, None));
        }
        let each = match list {
            Some(list) => {
                let (list, item) = list?;
                Some(Each { list, item, body: begin..end, kept: 0..0 })
            }
            None => None,
        };
        Some(Step {
            when: when?,
            each,
            decode: flat(decode)?,
            schema: flat(schema)?,
            unpack: flat(unpack)?,
            set: set?,
            runs: runs?,
            carry: carry?,
            reject: step.reject,
        })
    }

    fn each(&mut self, step: &raw::Step, each: &At) -> Option<(Id, u32)> {
        let typed = self.expr(each)?;
        let Some(name) = &step.item else {
            self.fault(each.span(), "`as` is missing: under which name do the rules know the item?");
            return None;
        };
        match typed.ty.not_null() {
            Type::List(item) => Some((typed.id, self.compiler.declare(name, Type::clone(item)))),
            Type::Dyn => Some((typed.id, self.compiler.declare(name, Type::Dyn))),
            other => {
                let message = format!("a loop goes over a list, this is {other}");
                self.fault(each.span(), message);
                None
            }
        }
    }

    /// The variables that something in a step may set.
    fn set_in(&self, step: &raw::Step) -> Vec<String> {
        let mut names: Vec<String> = ["errors", "warnings", "repairs"].map(str::to_owned).into();
        names.extend(step.item.iter().cloned());
        names.extend(step.set.keys().chain(step.carry.keys()).cloned());
        names.extend(step.decode.iter().map(|decode| decode.into.clone()));
        names.extend(step.unpack.iter().flat_map(|unpack| unpack.fields.keys().cloned()));
        names.extend(step.rule.iter().flat_map(|rule| rule.get_ref().set.keys().cloned()));
        names
    }

    fn decode(&mut self, decode: &raw::Decode, limits: &raw::Limits) -> Option<Decode> {
        let of = match &decode.of {
            Some(of) => self.expr(of).map(|typed| typed.id),
            None => Some(self.variable("raw")),
        };
        let into = self.compiler.declare(&decode.into, Type::Dyn);
        let fail = flat(decode.fail.as_ref().map(|name| self.response(name)))?;
        let decoder = Decoder::new(decode.forms.clone(), self.settings.semantics, limits);
        Some(Decode { decoder, of: of?, into, fail })
    }

    fn variable(&mut self, name: &str) -> Id {
        let at = Spanned::new(0..0, name.to_owned());
        self.expr(&at).map_or(0, |typed| typed.id)
    }

    /// The place of a response.
    pub(super) fn response(&mut self, name: &At) -> Option<usize> {
        let place = self.responses.iter().position(|known| known == name.get_ref());
        if place.is_none() {
            let message = format!("there is no `[response.{}]`", name.get_ref());
            self.fault(name.span(), message);
        }
        place
    }

    fn schema(&mut self, raw: &Spanned<raw::Schema>) -> Option<Schema> {
        let schema = raw.get_ref();
        let json = serde_json::to_value(&schema.is).ok()?;
        let validator = match jsonschema::validator_for(&json) {
            Ok(validator) => validator,
            Err(why) => {
                self.fault(raw.span(), format!("this is no JSON Schema: {why}"));
                return None;
            }
        };
        let Some(of) = self.compiler.variables.get(&schema.of).map(|variable| variable.slot) else {
            self.fault(raw.span(), format!("there is no variable `{}`", schema.of));
            return None;
        };
        self.compiler.declare(&schema.of, Type::of_schema(&json));
        Some(Schema { of, validator, code: schema.code.clone().unwrap_or_else(|| "schema".to_owned()) })
    }

    fn unpack(&mut self, unpack: &raw::Unpack) -> Option<(Id, Vec<Unpack>)> {
        let map = self.expr(&unpack.of);
        let mut fields = Vec::new();
        for (name, ty) in in_order(&unpack.fields) {
            match type_named(ty.get_ref()) {
                Some(ty) => {
                    let slot = self.compiler.declare(name, ty.clone());
                    fields.push(Unpack { field: name.as_str().into(), slot, ty });
                }
                None => {
                    let known = "int, double, string, bool, list, map or any, with a ? where it may be null";
                    self.compiler.faults.push(
                        Fault::new(ty.span(), format!("`{}` is no type", ty.get_ref()))
                            .hint(known.to_owned()),
                    );
                }
            }
        }
        Some((map?.id, fields))
    }

    /// Variables that are computed, each seeing the ones before it. `perhaps`: it may not come to that.
    fn assign(&mut self, set: &Named, perhaps: bool) -> Option<Vec<(u32, Id)>> {
        let mut assigned = Some(Vec::new());
        for (name, value) in in_order(set) {
            let Some(typed) = self.expr(value) else {
                assigned = None;
                // so that this fault is the only one
                self.compiler.declare(name, Type::Dyn);
                continue;
            };
            let slot = self.set(name, typed.ty, perhaps);
            assigned.iter_mut().for_each(|list| list.push((slot, typed.id)));
        }
        assigned
    }

    /// The slot of a variable that gets a value of that type.
    pub(super) fn set(&mut self, name: &str, ty: Type, perhaps: bool) -> u32 {
        let ty = if ty == Type::Null { Type::Dyn } else { ty };
        match (self.compiler.variables.get(name).map(|variable| variable.slot), perhaps) {
            (Some(slot), true) => {
                self.compiler.may_have_changed(name, Some(ty));
                slot
            }
            (None, true) => self.compiler.declare(name, ty.or_null()),
            (_, false) => self.compiler.declare(name, ty),
        }
    }
}

/// In the order of the file.
pub(super) fn in_order(named: &Named) -> Vec<(&String, &At)> {
    let mut named: Vec<_> = named.iter().collect();
    named.sort_by_key(|(_, value)| value.span().start);
    named
}

/// A part that is not there, or one that is sound.
pub(super) fn flat<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(part) => part.map(Some),
        None => Some(None),
    }
}
