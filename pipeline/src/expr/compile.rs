//! Parses CEL, checks it against the types that are known, and lowers it into the graph.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::common::ast::{Expr, IdedExpr, LiteralValue, SourceInfo};
use legacy_compat::{Php, Value};

use super::eval::{Frame, LOCALS_MAX, NOT_KEPT, Program, Tables};
use super::op::{Id, Op, identity};
use super::source::Source;
use super::types::Type;
use crate::fault::{Fault, did_you_mean};

/// An expression in the graph.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    pub id: Id,
    pub ty: Type,
}

/// A variable that expressions may name.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub slot: u32,
    pub version: u32,
    pub ty: Type,
}

/// A function of the file: an expression over parameters, put in where it is called.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub parameters: Vec<String>,
    pub body: Arc<cel::Program>,
}

/// A checked expression; `None` after a fault.
pub(crate) type Checked = Option<Typed>;

/// Compiles the expressions of one file into one program.
pub(crate) struct Compiler {
    pub program: Program,
    pub php: Php,
    pub variables: BTreeMap<String, Variable>,
    /// The hot tables by their place, with the type of their rows.
    pub tables: Vec<(String, Type)>,
    pub faults: Vec<Fault>,
    pub(super) locals: Vec<(String, Type)>,
    /// The constants of the file.
    pub named: BTreeMap<String, Typed>,
    /// The functions of the file.
    pub functions: BTreeMap<String, Function>,
    /// What the parameters of the function that is being put in stand for.
    pub(super) parameters: Vec<(String, Typed)>,
    known: HashMap<Op, Id>,
    constants: HashMap<String, u32>,
    /// The variables of macros that each operation hangs on, a bit each.
    free: Vec<u32>,
    versions: u32,
}

/// An expression that is being compiled.
pub(super) struct At<'s> {
    pub source: &'s Source<'s>,
    pub info: &'s SourceInfo,
}

impl Compiler {
    /// A compiler for this PHP. `objects`: maps are objects, as strict JSON has them.
    pub(crate) fn new(php: Php, objects: bool) -> Self {
        Self {
            program: Program { objects, ..Program::default() },
            php,
            variables: BTreeMap::new(),
            tables: Vec::new(),
            faults: Vec::new(),
            locals: Vec::new(),
            named: BTreeMap::new(),
            functions: BTreeMap::new(),
            parameters: Vec::new(),
            known: HashMap::new(),
            constants: HashMap::new(),
            free: Vec::new(),
            versions: 0,
        }
    }

    /// Declares a variable; one of the same name keeps its slot.
    pub(crate) fn declare(&mut self, name: &str, ty: Type) -> u32 {
        self.versions += 1;
        let version = self.versions;
        let next = self.variables.len() as u32;
        let variable =
            self.variables.entry(name.to_owned()).or_insert(Variable { slot: next, version, ty: Type::Dyn });
        variable.version = version;
        variable.ty = ty;
        variable.slot
    }

    /// What was computed from this variable holds no longer: something may have set it.
    pub(crate) fn may_have_changed(&mut self, name: &str, ty: Option<Type>) {
        self.versions += 1;
        if let Some(variable) = self.variables.get_mut(name) {
            variable.version = self.versions;
            variable.ty = ty.map_or_else(|| variable.ty.clone(), |ty| ty.join(&variable.ty));
        }
    }

    /// Parses an expression.
    pub(crate) fn parse(&mut self, source: &Source<'_>) -> Option<cel::Program> {
        match cel::Program::compile(source.text) {
            Ok(program) => Some(program),
            Err(errors) => {
                for error in errors.errors {
                    let place = |n: isize| usize::try_from(n).unwrap_or(0);
                    let at = source.at(place(error.pos.0), place(error.pos.1));
                    self.faults.push(Fault::new(at, format!("this is no CEL: {}", error.msg)));
                }
                None
            }
        }
    }

    /// Compiles an expression.
    pub(crate) fn compile(&mut self, source: &Source<'_>) -> Checked {
        let program = self.parse(source)?;
        let at = At { source, info: program.source_info() };
        self.expr(program.expression(), &at)
    }

    /// Compiles an expression that must be of that type.
    pub(crate) fn compile_as(&mut self, source: &Source<'_>, expected: &Type) -> Checked {
        let typed = self.compile(source)?;
        if typed.ty.may_be(expected) {
            return Some(typed);
        }
        let message = format!("this is {}, but {expected} belongs here", typed.ty);
        self.faults.push(Fault::new(source.span(), message));
        None
    }

    /// Compiles a text with expressions in braces, `{{` and `}}` for braces themselves.
    pub(crate) fn template(&mut self, source: &Source<'_>) -> Checked {
        let (mut parts, mut plain, mut sound) = (Vec::new(), String::new(), true);
        let (text, mut at) = (source.text, 0);
        while let Some(next) = text[at..].chars().next() {
            let doubled = text[at..].starts_with("{{") || text[at..].starts_with("}}");
            if next == '{' && !doubled {
                let Some(end) = closing(&text[at + 1..]) else {
                    let place = source.part(at..at + 1).place(0, 0);
                    self.faults
                        .push(Fault::new(place, "`{` without `}`").hint("a brace itself is `{{`".to_owned()));
                    return None;
                };
                parts.push(self.constant(Value::string(std::mem::take(&mut plain))));
                match self.compile(&source.part(at + 1..at + 1 + end)) {
                    Some(typed) => parts.push(typed.id),
                    None => sound = false,
                }
                at += end + 2;
                continue;
            }
            plain.push(next);
            at += next.len_utf8() * if doubled { 2 } else { 1 };
        }
        if parts.is_empty() {
            return Some(Typed { id: self.constant(Value::string(plain)), ty: Type::Text });
        }
        parts.push(self.constant(Value::string(plain)));
        let empty = self.constant(Value::string(""));
        parts.retain(|part| *part != empty);
        sound.then(|| Typed { id: self.add(Op::Concat(parts.into())), ty: Type::Text })
    }

    /// Compiles the body of a function. Constants of the file are seen in it.
    pub(super) fn inlined(&mut self, function: &Function, at: &At<'_>) -> Checked {
        let at = At { source: at.source, info: function.body.source_info() };
        self.expr(function.body.expression(), &at)
    }

    /// Compiles one node.
    pub(super) fn expr(&mut self, node: &IdedExpr, at: &At<'_>) -> Checked {
        match &node.expr {
            Expr::Literal(literal) => self.literal(literal, node, at),
            Expr::Ident(name) => self.ident(name, node, at),
            Expr::Select(select) => self.select(select, node, at),
            Expr::Call(call) => self.call(call, node, at),
            Expr::List(list) if list.optional_indices.is_empty() => self.list(&list.elements, at),
            Expr::Map(map) => self.map(map, node, at),
            Expr::Comprehension(fold) => self.fold(fold, node, at),
            _ => self.fault(node, at, "this form of CEL is not compiled", None),
        }
    }

    fn literal(&mut self, literal: &LiteralValue, node: &IdedExpr, at: &At<'_>) -> Checked {
        let (value, ty) = match literal {
            LiteralValue::Boolean(truth) => (Value::Bool(*truth.inner()), Type::Bool),
            LiteralValue::Int(int) => (Value::Int(*int.inner()), Type::Int),
            LiteralValue::Double(double) => (Value::Float(*double.inner()), Type::Double),
            LiteralValue::String(text) => (Value::string(text.inner()), Type::Text),
            LiteralValue::Null => (Value::Null, Type::Null),
            LiteralValue::UInt(_) => {
                return self.fault(
                    node,
                    at,
                    "unsigned integers are not compiled",
                    Some("write it without the `u`"),
                );
            }
            LiteralValue::Bytes(_) => {
                return self.fault(node, at, "bytes are not compiled", Some("a string holds any bytes"));
            }
        };
        Some(Typed { id: self.constant(value), ty })
    }

    fn ident(&mut self, name: &str, node: &IdedExpr, at: &At<'_>) -> Checked {
        if let Some((depth, (_, ty))) = self.locals.iter().enumerate().rfind(|(_, (local, _))| local == name)
        {
            let (op, ty) = (Op::Local(depth as u32), ty.clone());
            return Some(Typed { id: self.add(op), ty });
        }
        if let Some((_, typed)) = self.parameters.iter().rfind(|(parameter, _)| parameter == name) {
            return Some(typed.clone());
        }
        if let (Some(typed), false) = (self.named.get(name), self.variables.contains_key(name)) {
            return Some(typed.clone());
        }
        match self.variables.get(name) {
            Some(variable) => {
                let (op, ty) =
                    (Op::Var { slot: variable.slot, version: variable.version }, variable.ty.clone());
                Some(Typed { id: self.add(op), ty })
            }
            None => {
                let near = did_you_mean(name, self.variables.keys().map(String::as_str));
                let known = || {
                    format!(
                        "known here: {}",
                        self.variables.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
                    )
                };
                let hint = near.unwrap_or_else(known);
                self.fault(node, at, &format!("there is no `{name}` here"), Some(&hint))
            }
        }
    }

    fn list(&mut self, elements: &[IdedExpr], at: &At<'_>) -> Checked {
        let elements: Vec<Checked> = elements.iter().map(|element| self.expr(element, at)).collect();
        let elements: Vec<Typed> = elements.into_iter().collect::<Option<_>>()?;
        let item = elements.iter().map(|e| e.ty.clone()).reduce(|a, b| a.join(&b)).unwrap_or(Type::Dyn);
        let id = self.add(Op::List(elements.iter().map(|element| element.id).collect()));
        Some(Typed { id, ty: Type::List(item.into()) })
    }

    /// Adds an operation, unless an equal one is there. What hangs on constants alone is computed at once.
    pub(super) fn add(&mut self, op: Op) -> Id {
        if let Some(id) = self.known.get(&op) {
            return *id;
        }
        let operands = op.operands();
        let foldable =
            !matches!(op, Op::Php(..) | Op::Row { .. } | Op::HasRow { .. } | Op::Fold(_) | Op::Concat(_));
        if foldable && !op.is_plain() && operands.iter().all(|id| self.as_constant(*id).is_some()) {
            let id = self.push(op.clone());
            let frame = Frame::new(&self.program, Vec::new(), self.php.clone(), Tables::default(), 0);
            let value = self.program.get(id, &frame).map(|got| got.into_owned());
            if let Ok(value) = value {
                let constant = self.constant(value);
                self.known.insert(op, constant);
                return constant;
            }
            return id;
        }
        self.push(op)
    }

    fn push(&mut self, op: Op) -> Id {
        let inner = op.operands().iter().fold(0, |free, id| free | self.free[*id as usize]);
        let free = match &op {
            Op::Local(depth) => 1 << depth,
            Op::Fold(fold) => (inner & !(1 << fold.local)) | self.free[fold.over as usize],
            _ => inner,
        };
        let id = self.program.ops.len() as Id;
        self.program.ops.push(op.clone());
        self.free.push(free);
        self.known.insert(op, id);
        id
    }

    /// A constant.
    pub(crate) fn constant(&mut self, value: Value) -> Id {
        let op = Op::Const(self.interned(value));
        match self.known.get(&op) {
            Some(id) => *id,
            None => self.push(op),
        }
    }

    /// The place of a constant in the table of constants.
    pub(super) fn interned(&mut self, value: Value) -> u32 {
        let next = self.program.constants.len() as u32;
        match self.constants.entry(identity(&value)) {
            std::collections::hash_map::Entry::Occupied(known) => *known.get(),
            std::collections::hash_map::Entry::Vacant(new) => {
                new.insert(next);
                self.program.constants.push(value);
                next
            }
        }
    }

    /// The value of a constant operation.
    pub(crate) fn as_constant(&self, id: Id) -> Option<&Value> {
        match self.program.ops.get(id as usize)? {
            Op::Const(index) => self.program.constants.get(*index as usize),
            _ => None,
        }
    }

    /// Reports something wrong at a node.
    pub(super) fn fault(
        &mut self,
        node: &IdedExpr,
        at: &At<'_>,
        message: &str,
        hint: Option<&str>,
    ) -> Checked {
        let place =
            at.info.offset_for(node.id).map(|(first, last)| at.source.place(first as usize, last as usize));
        let span = place.unwrap_or_else(|| at.source.span());
        self.faults.push(Fault::new(span, message).hint(hint.map(str::to_owned)));
        None
    }

    /// Opens the scope of a macro's variable; false where macros nest too deep.
    pub(super) fn enter(&mut self, name: &str, ty: Type) -> bool {
        self.locals.push((name.to_owned(), ty));
        self.locals.len() <= LOCALS_MAX
    }

    /// Decides which values are kept: those that several others need, `roots` among them.
    pub(crate) fn finish(mut self, roots: &[Id]) -> (Program, Vec<Fault>) {
        let mut uses = vec![0_u32; self.program.ops.len()];
        let mut reached = vec![false; self.program.ops.len()];
        let mut waiting: Vec<Id> = roots.to_vec();
        while let Some(id) = waiting.pop() {
            uses[id as usize] += 1;
            if !std::mem::replace(&mut reached[id as usize], true) {
                waiting.extend(self.program.ops[id as usize].operands());
            }
        }
        let mut slots = 0;
        let kept = self.program.ops.iter().enumerate().map(|(id, op)| {
            let keep = uses[id] > 1 && !op.is_plain() && self.free[id] == 0;
            slots += u32::from(keep);
            if keep { slots - 1 } else { NOT_KEPT }
        });
        self.program.kept = kept.collect();
        self.program.slots = slots as usize;
        (self.program, self.faults)
    }
}

/// Where the brace closes that was opened before this text; braces within it count, those in quotes don't.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, letter) in text.char_indices() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            (_, Some(_)) => {}
            ('\'' | '"', None) => quote = Some(letter),
            ('{', None) => depth += 1,
            ('}', None) if depth == 0 => return Some(at),
            ('}', None) => depth -= 1,
            _ => {}
        }
    }
    None
}
