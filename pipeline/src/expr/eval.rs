//! Runs the graph: an operation at a time, what several expressions share once a request.

use std::cell::{Cell, OnceCell, RefCell};
use std::sync::Arc;

use handover_api::{Row, Table};
use legacy_compat::{Array, Php, Value};
use regex::bytes::Regex;
use smallvec::SmallVec;

use super::error::{EvalError, Evaluated};
use super::op::{Binary, FoldKind, Id, Op};
use super::set::ConstSet;
use super::values;

/// A compiled set of expressions, shared by all requests of a generation.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub ops: Vec<Op>,
    pub constants: Vec<Value>,
    pub sets: Vec<ConstSet>,
    pub patterns: Vec<Regex>,
    /// For each operation where its value is kept, or [`NOT_KEPT`].
    pub kept: Vec<u32>,
    /// How many values are kept.
    pub slots: usize,
    /// Whether maps are objects: they then stay apart from lists when they are empty.
    pub objects: bool,
}

/// The operation's value is not kept.
pub(crate) const NOT_KEPT: u32 = u32::MAX;
/// Macros nest no deeper.
pub(crate) const LOCALS_MAX: usize = 16;

/// One request's variables, and what was computed from them.
#[derive(Debug)]
pub(crate) struct Frame {
    pub vars: Vec<Value>,
    kept: Vec<OnceCell<Value>>,
    pub(super) locals: [RefCell<Value>; LOCALS_MAX],
    pub php: Php,
    pub tables: Tables,
    steps: Cell<u32>,
}

/// The hot tables of a request.
#[derive(Default)]
pub(crate) struct Tables(pub Vec<Arc<dyn Table>>);

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tables", self.0.len())
    }
}

impl Frame {
    /// A frame for one request. `steps` bounds what its loops may do.
    pub(crate) fn new(program: &Program, vars: Vec<Value>, php: Php, tables: Tables, steps: u32) -> Self {
        let mut kept = Vec::new();
        kept.resize_with(program.slots, OnceCell::new);
        Self { vars, kept, locals: Default::default(), php, tables, steps: Cell::new(steps) }
    }

    /// Takes one step of a loop.
    pub(crate) fn step(&self) -> Evaluated<()> {
        let left = self.steps.get().checked_sub(1).ok_or(EvalError::Limit("steps"))?;
        self.steps.set(left);
        Ok(())
    }

    /// Forgets what was kept in these slots: a loop begins anew.
    pub(crate) fn forget(&mut self, slots: std::ops::Range<usize>) {
        self.kept[slots].iter_mut().for_each(|slot| *slot = OnceCell::new());
    }
}

/// A value that is somewhere already, or a new one.
pub(crate) enum Got<'f> {
    Ref(&'f Value),
    Own(Value),
}

impl Got<'_> {
    pub(crate) fn into_owned(self) -> Value {
        match self {
            Self::Ref(value) => value.clone(),
            Self::Own(value) => value,
        }
    }
}

impl std::ops::Deref for Got<'_> {
    type Target = Value;
    fn deref(&self) -> &Value {
        match self {
            Self::Ref(value) => value,
            Self::Own(value) => value,
        }
    }
}

impl Program {
    /// Where the values of these operations are kept.
    pub(crate) fn kept_in(&self, ops: std::ops::Range<Id>) -> std::ops::Range<usize> {
        let kept = |upto: Id| self.kept[..upto as usize].iter().filter(|slot| **slot != NOT_KEPT).count();
        kept(ops.start)..kept(ops.end)
    }

    /// Where the value of an operation is kept. While constants are folded nothing is.
    fn slot(&self, id: Id) -> u32 {
        self.kept.get(id as usize).copied().unwrap_or(NOT_KEPT)
    }

    /// The value of an operation.
    pub(crate) fn get<'f>(&'f self, id: Id, frame: &'f Frame) -> Evaluated<Got<'f>> {
        let slot = self.slot(id);
        if slot == NOT_KEPT {
            return self.compute(id, frame);
        }
        let cell = &frame.kept[slot as usize];
        if cell.get().is_none() {
            let value = self.compute(id, frame)?.into_owned();
            return Ok(Got::Ref(cell.get_or_init(|| value)));
        }
        Ok(Got::Ref(cell.get_or_init(Value::default)))
    }

    /// The value of an operation where nothing is left to do for it: a constant, a variable, what is kept already. Most operands
    /// of a test are, and a reference is handed over at a fraction of what a value that may be new or an error takes.
    fn at_hand<'f>(&'f self, id: Id, frame: &'f Frame) -> Option<&'f Value> {
        let slot = self.slot(id);
        if slot != NOT_KEPT {
            return frame.kept[slot as usize].get();
        }
        match self.ops[id as usize] {
            Op::Const(index) => Some(&self.constants[index as usize]),
            Op::Var { slot, .. } => Some(&frame.vars[slot as usize]),
            _ => None,
        }
    }

    /// The truth of an operation.
    pub(crate) fn truth(&self, id: Id, frame: &Frame) -> Evaluated<bool> {
        let slot = self.slot(id);
        if slot == NOT_KEPT {
            return self.decide(id, frame);
        }
        match frame.kept[slot as usize].get() {
            Some(kept) => as_bool(kept),
            None => as_bool(&*self.get(id, frame)?),
        }
    }

    /// The truth of an operation, computed. What has none by itself is computed as a value.
    fn decide(&self, id: Id, frame: &Frame) -> Evaluated<bool> {
        match &self.ops[id as usize] {
            Op::And(a, b) => self.logic(false, *a, *b, frame),
            Op::Or(a, b) => self.logic(true, *a, *b, frame),
            Op::Not(a) => Ok(!self.truth(*a, frame)?),
            Op::Binary(op, a, b) if is_test(*op) => {
                match (self.at_hand(*a, frame), self.at_hand(*b, frame)) {
                    (Some(a), Some(b)) => values::test(*op, a, b),
                    _ => values::test(*op, &*self.get(*a, frame)?, &*self.get(*b, frame)?),
                }
            }
            Op::InSet(a, set) => Ok(self.sets[*set as usize].contains(&*self.get(*a, frame)?)),
            Op::Has { of, key } => self.has(*of, *key, frame),
            Op::Text(test, a, b) => {
                if let (Some(a), Some(b)) = (self.at_hand(*a, frame), self.at_hand(*b, frame)) {
                    return values::text_test(*test, a, b);
                }
                // as with cel, a function's arguments come before what it is called on
                let part = self.get(*b, frame)?;
                values::text_test(*test, &*self.get(*a, frame)?, &part)
            }
            Op::Matches(a, pattern) => match &*self.get(*a, frame)? {
                Value::Str(text) => Ok(self.patterns[*pattern as usize].is_match(text)),
                _ => Err(EvalError::NoOverload("matches")),
            },
            Op::If(test, a, b) => {
                let chosen = if self.truth(*test, frame)? { *a } else { *b };
                self.truth(chosen, frame)
            }
            Op::HasRow { table, key } => Ok(self.row(*table, *key, frame)?.is_some()),
            Op::Fold(fold) if fold.kind != FoldKind::Collect => self.quantify(fold, frame),
            _ => as_bool(&*self.compute(id, frame)?),
        }
    }

    /// `||` (`decisive` is true) and `&&`: the decisive operand wins over an error beside it.
    fn logic(&self, decisive: bool, a: Id, b: Id, frame: &Frame) -> Evaluated<bool> {
        match self.truth(a, frame) {
            Ok(left) if left == decisive => Ok(decisive),
            Ok(_) => self.truth(b, frame),
            Err(error) => match self.truth(b, frame)? {
                right if right == decisive => Ok(decisive),
                _ => Err(error),
            },
        }
    }

    fn compute<'f>(&'f self, id: Id, frame: &'f Frame) -> Evaluated<Got<'f>> {
        let own = |value: Value| Ok(Got::Own(value));
        match &self.ops[id as usize] {
            Op::Const(index) => Ok(Got::Ref(&self.constants[*index as usize])),
            Op::Var { slot, .. } => Ok(Got::Ref(&frame.vars[*slot as usize])),
            Op::Local(depth) => own(frame.locals[*depth as usize].borrow().clone()),
            Op::Select { of, key } => {
                let of = self.get(*of, frame)?;
                within(of, |of| values::select(of, self.key(*key)))
            }
            Op::Index { of, at } => {
                let of = self.get(*of, frame)?;
                let at = self.get(*at, frame)?;
                within(of, |of| values::index(of, &at))
            }
            Op::If(test, a, b) => {
                let chosen = if self.truth(*test, frame)? { *a } else { *b };
                self.get(chosen, frame)
            }
            Op::Negate(a) => own(values::negate(&*self.get(*a, frame)?)?),
            Op::Binary(op, a, b) if !is_test(*op) => {
                own(values::arithmetic(*op, &*self.get(*a, frame)?, &*self.get(*b, frame)?)?)
            }
            Op::Size(a) => own(values::size(&*self.get(*a, frame)?)?.into()),
            Op::Convert(to, a) => own(values::convert(*to, &*self.get(*a, frame)?)?),
            Op::List(items) => own(Value::Array(self.all(items, frame)?.into_iter().collect())),
            Op::Map(entries) => own(self.map(entries, frame)?),
            Op::Fold(fold) if fold.kind == FoldKind::Collect => own(self.collect(fold, frame)?),
            Op::Php(function, args) => {
                let args =
                    args.iter().map(|arg| self.get(*arg, frame)).collect::<Evaluated<SmallVec<[_; 4]>>>()?;
                let args: SmallVec<[&Value; 4]> = args.iter().map(|arg| &**arg).collect();
                own(function.call(&frame.php, &args)?)
            }
            Op::Concat(parts) => own(self.concat(parts, frame)?),
            Op::Row { table, key } => own(self.row(*table, *key, frame)?.map_or(Value::Null, cells)),
            Op::With(map, key, value) => own(self.with(*map, *key, *value, frame)?),
            Op::Without(map, key) => own(self.without(*map, *key, frame)?),
            Op::Get(map, key, other) => own(self.element(*map, *key, *other, frame)?),
            Op::Entries(map) => own(self.entries(*map, frame)?),
            _ => own(Value::Bool(self.decide(id, frame)?)),
        }
    }
}

impl Program {
    /// The text of a field's name.
    pub(super) fn key(&self, key: u32) -> &[u8] {
        self.constants[key as usize].as_bytes().unwrap_or_default()
    }

    fn has(&self, of: Id, key: u32, frame: &Frame) -> Evaluated<bool> {
        match values::select(&*self.get(of, frame)?, self.key(key)) {
            Ok(_) => Ok(true),
            Err(EvalError::NoSuchKey(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn row<'f>(&self, table: u32, key: Id, frame: &'f Frame) -> Evaluated<Option<Row<'f>>> {
        let table = frame.tables.0.get(table as usize).ok_or(EvalError::Limit("tables"))?;
        Ok(match &*self.get(key, frame)? {
            Value::Str(text) => table.get(text),
            _ => None,
        })
    }
}

fn is_test(op: Binary) -> bool {
    !matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div | Binary::Rem)
}

/// The value as a truth.
pub(super) fn as_bool(value: &Value) -> Evaluated<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        _ => Err(EvalError::NoOverload("a condition")),
    }
}

/// A part of a value: borrowed where the whole is.
fn within<'f>(
    whole: Got<'f>,
    part: impl for<'v> FnOnce(&'v Value) -> Evaluated<&'v Value>,
) -> Evaluated<Got<'f>> {
    match whole {
        Got::Ref(whole) => part(whole).map(Got::Ref),
        Got::Own(whole) => part(&whole).map(|part| Got::Own(part.clone())),
    }
}

fn cells(row: Row<'_>) -> Value {
    let mut map = Array::map_with_capacity(8);
    row.iter().for_each(|(name, cell)| map.insert(name, Value::string(cell)));
    Value::Array(map)
}
