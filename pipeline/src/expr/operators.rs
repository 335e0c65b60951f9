//! Operators, fields and macros: what types they take, and what they become.

use std::sync::Arc;

use cel::common::ast::operators as cel_ops;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, MapExpr, SelectExpr};
use legacy_compat::Value;

use super::compile::{At, Checked, Compiler, Typed};
use super::op::{Binary, Fold, FoldKind, Op};
use super::set::ConstSet;
use super::types::{Record, Type};
use crate::fault::did_you_mean;

impl Compiler {
    /// An operator, where the call is one.
    pub(super) fn operator(&mut self, call: &CallExpr, node: &IdedExpr, at: &At<'_>) -> Option<Checked> {
        let binary = match call.func_name.as_str() {
            cel_ops::LOGICAL_AND | cel_ops::LOGICAL_OR => return Some(self.logic(call, at)),
            cel_ops::LOGICAL_NOT => return Some(self.not(call, at)),
            cel_ops::NEGATE => return Some(self.negate(call, node, at)),
            cel_ops::CONDITIONAL => return Some(self.conditional(call, at)),
            cel_ops::INDEX => return Some(self.index(call, node, at)),
            cel_ops::EQUALS => Binary::Eq,
            cel_ops::NOT_EQUALS => Binary::Ne,
            cel_ops::LESS => Binary::Less,
            cel_ops::LESS_EQUALS => Binary::LessEq,
            cel_ops::GREATER => Binary::Greater,
            cel_ops::GREATER_EQUALS => Binary::GreaterEq,
            cel_ops::ADD => Binary::Add,
            cel_ops::SUBSTRACT => Binary::Sub,
            cel_ops::MULTIPLY => Binary::Mul,
            cel_ops::DIVIDE => Binary::Div,
            cel_ops::MODULO => Binary::Rem,
            cel_ops::IN => Binary::In,
            _ => return None,
        };
        Some(self.binary(binary, call, node, at))
    }

    fn both(&mut self, call: &CallExpr, at: &At<'_>) -> Option<(Typed, Typed)> {
        let [a, b] = call.args.as_slice() else { return None };
        let (a, b) = (self.expr(a, at), self.expr(b, at));
        Some((a?, b?))
    }

    fn binary(&mut self, op: Binary, call: &CallExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        let (a, b) = self.both(call, at)?;
        let Some(ty) = result(op, &a.ty, &b.ty) else {
            let message = match op {
                Binary::Eq | Binary::Ne => format!("{} and {} are never equal", a.ty, b.ty),
                _ => format!("`{}` does not take {} and {}", op.sign(), a.ty, b.ty),
            };
            return self.fault(
                node,
                at,
                &message,
                Some("convert one of them with int(), double() or string()"),
            );
        };
        if let (Binary::In, Some(Value::Array(list))) = (op, self.as_constant(b.id))
            && list.is_list()
        {
            let set = ConstSet::of(&list.clone());
            let same = self.program.sets.iter().position(|known| *known == set);
            let index = same.unwrap_or(self.program.sets.len());
            if same.is_none() {
                self.program.sets.push(set);
            }
            return Some(Typed { id: self.add(Op::InSet(a.id, index as u32)), ty });
        }
        Some(Typed { id: self.add(Op::Binary(op, a.id, b.id)), ty })
    }

    fn truth(&mut self, node: &IdedExpr, at: &At<'_>) -> Checked {
        let typed = self.expr(node, at)?;
        if typed.ty.may_be(&Type::Bool) {
            return Some(typed);
        }
        let message = format!("a condition belongs here, this is {}", typed.ty);
        self.fault(node, at, &message, Some("`php.bool(…)` says what PHP takes for true"))
    }

    fn logic(&mut self, call: &CallExpr, at: &At<'_>) -> Checked {
        let [a, b] = call.args.as_slice() else { return None };
        let (a, b) = (self.truth(a, at), self.truth(b, at));
        let (a, b) = (a?.id, b?.id);
        let op = if call.func_name == cel_ops::LOGICAL_AND { Op::And(a, b) } else { Op::Or(a, b) };
        Some(Typed { id: self.add(op), ty: Type::Bool })
    }

    fn not(&mut self, call: &CallExpr, at: &At<'_>) -> Checked {
        let a = self.truth(call.args.first()?, at)?;
        Some(Typed { id: self.add(Op::Not(a.id)), ty: Type::Bool })
    }

    fn negate(&mut self, call: &CallExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        let a = self.expr(call.args.first()?, at)?;
        if !a.ty.may_be(&Type::Int) && !a.ty.may_be(&Type::Double) {
            return self.fault(node, at, &format!("`-` does not take {}", a.ty), None);
        }
        let ty = a.ty.not_null().clone();
        Some(Typed { id: self.add(Op::Negate(a.id)), ty })
    }

    fn conditional(&mut self, call: &CallExpr, at: &At<'_>) -> Checked {
        let [test, a, b] = call.args.as_slice() else { return None };
        let (test, a, b) = (self.truth(test, at), self.expr(a, at), self.expr(b, at));
        let (test, a, b) = (test?, a?, b?);
        let ty = a.ty.join(&b.ty);
        Some(Typed { id: self.add(Op::If(test.id, a.id, b.id)), ty })
    }

    fn index(&mut self, call: &CallExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        let (of, key) = self.both(call, at)?;
        let ty = match of.ty.not_null() {
            Type::Dyn => Type::Dyn,
            Type::List(item) if key.ty.may_be(&Type::Int) || key.ty.may_be(&Type::Double) => {
                Type::clone(item)
            }
            Type::Map(item) if key.ty.may_be(&Type::Text) || key.ty.may_be(&Type::Int) => Type::clone(item),
            Type::Record(record) if key.ty.may_be(&Type::Text) => {
                let name = self.as_constant(key.id).and_then(Value::as_bytes);
                match name.map(|name| String::from_utf8_lossy(name).into_owned()) {
                    Some(name) => return self.field(of.id, &name, record, node, at),
                    None => Type::Dyn,
                }
            }
            _ => return self.fault(node, at, &format!("`[…]` does not take {} of {}", key.ty, of.ty), None),
        };
        Some(Typed { id: self.add(Op::Index { of: of.id, at: key.id }), ty })
    }

    /// `of.field`, `has(of.field)`
    pub(super) fn select(&mut self, select: &SelectExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        let of = self.expr(&select.operand, at)?;
        let of_id = of.id;
        let ty = match of.ty.not_null() {
            Type::Dyn => Type::Dyn,
            Type::Map(item) => Type::clone(item),
            Type::Record(record) => {
                let found = self.field(of_id, &select.field, record, node, at)?;
                if !select.test {
                    return Some(found);
                }
                Type::Bool
            }
            other => return self.fault(node, at, &format!("{other} has no fields"), None),
        };
        let key = self.interned(Value::string(&select.field));
        if select.test {
            return Some(Typed { id: self.add(Op::Has { of: of_id, key }), ty: Type::Bool });
        }
        Some(Typed { id: self.add(Op::Select { of: of_id, key }), ty })
    }

    fn field(&mut self, of: u32, name: &str, record: &Arc<Record>, node: &IdedExpr, at: &At<'_>) -> Checked {
        let ty = match record.fields.get(name) {
            Some(ty) => ty.clone(),
            None if record.open => Type::Dyn,
            None => {
                let hint =
                    did_you_mean(name, record.fields.keys().map(String::as_str)).unwrap_or_else(|| {
                        "the schema must name it, or allow others by `additionalProperties`".to_owned()
                    });
                return self.fault(node, at, &format!("there is no field `{name}`"), Some(&hint));
            }
        };
        let key = self.interned(Value::string(name));
        Some(Typed { id: self.add(Op::Select { of, key }), ty })
    }

    /// `{key: value, …}`
    pub(super) fn map(&mut self, map: &MapExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        let (mut entries, mut record, mut sound) = (Vec::new(), Record::default(), true);
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                return self.fault(node, at, "this form of CEL is not compiled", None);
            };
            let (key, value) = (self.expr(&entry.key, at), self.expr(&entry.value, at));
            let (Some(key), Some(value)) = (key, value) else {
                sound = false;
                continue;
            };
            if !key.ty.may_be(&Type::Text) && !key.ty.may_be(&Type::Int) {
                self.fault(&entry.key, at, &format!("a key is a string or an int, not {}", key.ty), None);
                sound = false;
            }
            match self.as_constant(key.id) {
                Some(Value::Str(name)) => drop(record.fields.insert(name.to_string_lossy(), value.ty)),
                _ => record.open = true,
            }
            entries.push((key.id, value.id));
        }
        let ty =
            if record.open || entries.is_empty() { Type::any_map() } else { Type::Record(record.into()) };
        sound.then(|| Typed { id: self.add(Op::Map(entries.into())), ty })
    }

    /// `all`, `exists`, `exists_one`, `map`, `filter`, as the parser has expanded them.
    pub(super) fn fold(&mut self, fold: &ComprehensionExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        let over = self.expr(&fold.iter_range, at)?;
        let Some(item) = over.ty.item() else {
            return self.fault(node, at, &format!("{} has no items", over.ty), None);
        };
        let Some(shape) = Shape::of(fold) else {
            return self.fault(node, at, "this macro is not compiled", None);
        };
        let local = self.locals.len() as u32;
        let deep = !self.enter(&fold.iter_var, item.clone());
        let test = shape.test.map(|test| self.truth(test, at));
        let becomes = shape.item.map(|item| self.expr(item, at));
        self.locals.pop();
        if deep {
            return self.fault(node, at, "macros nest too deep", None);
        }
        let test = match test {
            Some(test) => Some(test?.id),
            None => None,
        };
        let (becomes, item) = match becomes {
            Some(becomes) => becomes.map(|typed| (Some(typed.id), typed.ty))?,
            None => (None, item),
        };
        let ty = if shape.kind == FoldKind::Collect { Type::List(item.into()) } else { Type::Bool };
        let fold = Fold { kind: shape.kind, over: over.id, local, test, item: becomes };
        Some(Typed { id: self.add(Op::Fold(fold.into())), ty })
    }
}

/// Which macro an expansion is of.
struct Shape<'e> {
    kind: FoldKind,
    test: Option<&'e IdedExpr>,
    item: Option<&'e IdedExpr>,
}

impl<'e> Shape<'e> {
    fn of(fold: &'e ComprehensionExpr) -> Option<Self> {
        let Expr::Call(step) = &fold.loop_step.expr else { return None };
        let is = |node: &IdedExpr, name: &str| matches!(&node.expr, Expr::Ident(ident) if ident == name);
        match (step.func_name.as_str(), step.args.as_slice()) {
            (cel_ops::LOGICAL_AND, [_, test]) => {
                Some(Self { kind: FoldKind::All, test: Some(test), item: None })
            }
            (cel_ops::LOGICAL_OR, [_, test]) => {
                Some(Self { kind: FoldKind::Exists, test: Some(test), item: None })
            }
            (cel_ops::CONDITIONAL, [test, then, _]) => match appended(then) {
                Some(item) => {
                    let item = Some(item).filter(|item| !is(item, &fold.iter_var));
                    Some(Self { kind: FoldKind::Collect, test: Some(test), item })
                }
                None => Some(Self { kind: FoldKind::ExistsOne, test: Some(test), item: None }),
            },
            _ => Some(Self { kind: FoldKind::Collect, test: None, item: Some(appended(&fold.loop_step)?) }),
        }
    }
}

/// The `x` of `@result + [x]`.
fn appended(node: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &node.expr else { return None };
    let [_, list] = call.args.as_slice() else { return None };
    match &list.expr {
        Expr::List(list) if call.func_name == cel_ops::ADD => list.elements.first(),
        _ => None,
    }
}

/// What an operator gives for these types; `None` where it does not take them.
fn result(op: Binary, a: &Type, b: &Type) -> Option<Type> {
    let (plain_a, plain_b) = (a.not_null(), b.not_null());
    let numbers = number(plain_a) && number(plain_b);
    let either = |ty: &Type| if *plain_a == Type::Dyn { ty.clone() } else { plain_a.clone() };
    match op {
        Binary::Eq | Binary::Ne => {
            let null = *a == Type::Null || *b == Type::Null;
            (null || numbers || plain_a.may_be(plain_b)).then_some(Type::Bool)
        }
        Binary::Less | Binary::LessEq | Binary::Greater | Binary::GreaterEq => {
            let ordered = |ty: &Type| matches!(ty, Type::Dyn | Type::Text | Type::Bool) || number(ty);
            let alike = numbers || plain_a.may_be(plain_b);
            (ordered(plain_a) && ordered(plain_b) && alike).then_some(Type::Bool)
        }
        Binary::In => match plain_b {
            Type::Dyn => Some(Type::Bool),
            Type::List(item) => {
                let alike = number(plain_a) && number(item.not_null()) || plain_a.may_be(item);
                (alike || *a == Type::Null).then_some(Type::Bool)
            }
            Type::Map(_) | Type::Record(_) => {
                (plain_a.may_be(&Type::Text) || plain_a.may_be(&Type::Int)).then_some(Type::Bool)
            }
            _ => None,
        },
        Binary::Add => match (plain_a, plain_b) {
            (Type::Text, Type::Text) => Some(Type::Text),
            (Type::List(a), Type::List(b)) => Some(Type::List(a.join(b).into())),
            _ => arithmetic(op, plain_a, plain_b).map(|()| either(plain_b)),
        },
        _ => arithmetic(op, plain_a, plain_b).map(|()| either(plain_b)),
    }
}

fn number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Double)
}

fn arithmetic(op: Binary, a: &Type, b: &Type) -> Option<()> {
    let takes = |ty: &Type| match ty {
        Type::Dyn | Type::Int => true,
        Type::Double => op != Binary::Rem,
        Type::Text | Type::List(_) => op == Binary::Add,
        _ => false,
    };
    (takes(a) && takes(b) && a.may_be(b)).then_some(())
}
