//! Functions: CEL's, PHP's, and those over maps and hot tables.

use cel::common::ast::{CallExpr, Expr, IdedExpr};
use legacy_compat::Value;
use regex::bytes::RegexBuilder;

use super::compile::{At, Checked, Compiler, Typed};
use super::op::{Convert, Op, TextTest};
use super::php::{self, PhpFn};
use super::types::Type;
use crate::fault::did_you_mean;

/// What a compiled pattern may take, in bytes.
const PATTERN_MAX: usize = 1 << 20;
/// All functions but PHP's.
const NAMES: [&str; 14] = [
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "size",
    "int",
    "double",
    "string",
    "has",
    "with",
    "without",
    "get",
    "entries",
    "lookup",
];

impl Compiler {
    /// A call.
    pub(super) fn call(&mut self, call: &CallExpr, node: &IdedExpr, at: &At<'_>) -> Checked {
        if let Some(checked) = self.operator(call, node, at) {
            return checked;
        }
        let name = call.func_name.as_str();
        if let Some(Expr::Ident(module)) = call.target.as_deref().map(|target| &target.expr)
            && module == "php"
        {
            return self.php(name, &call.args, node, at);
        }
        if let ("lookup" | "has_row", None) = (name, &call.target) {
            return self.row(name, &call.args, node, at);
        }
        let nodes: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        let args: Vec<Checked> = nodes.iter().map(|arg| self.expr(arg, at)).collect();
        let args: Vec<Typed> = args.into_iter().collect::<Option<_>>()?;
        if self.functions.contains_key(name) {
            return self.own(name, args, node, at);
        }
        let member = call.target.is_some();
        match (name, args.as_slice()) {
            ("size", [a]) => self.taking(Op::Size(a.id), Type::Int, a, sized, node, at),
            ("contains", [a, b]) if member => self.text_test(TextTest::Contains, a, b, node, at),
            ("startsWith", [a, b]) if member => self.text_test(TextTest::StartsWith, a, b, node, at),
            ("endsWith", [a, b]) if member => self.text_test(TextTest::EndsWith, a, b, node, at),
            ("matches", [a, b]) => self.matches(a, b, nodes[1], at),
            ("int", [a]) if !member => {
                self.taking(Op::Convert(Convert::Int, a.id), Type::Int, a, parsable, node, at)
            }
            ("double", [a]) if !member => {
                self.taking(Op::Convert(Convert::Double, a.id), Type::Double, a, parsable, node, at)
            }
            ("string", [a]) if !member => {
                self.taking(Op::Convert(Convert::Text, a.id), Type::Text, a, printable, node, at)
            }
            ("with", [map, key, value]) if member => {
                let op = Op::With(map.id, key.id, value.id);
                self.taking(op, Type::any_map(), map, mapped, node, at)
            }
            ("without", [map, key]) if member => {
                self.taking(Op::Without(map.id, key.id), Type::any_map(), map, mapped, node, at)
            }
            ("get", [map, key, other]) if member => {
                let ty = match map.ty.not_null() {
                    Type::Map(item) => item.join(&other.ty),
                    _ => Type::Dyn,
                };
                self.taking(Op::Get(map.id, key.id, other.id), ty, map, |_| true, node, at)
            }
            ("entries", [map]) if !member => {
                let ty = Type::List(Type::any_list().into());
                self.taking(
                    Op::Entries(map.id),
                    ty,
                    map,
                    |ty| mapped(ty) || matches!(ty, Type::List(_)),
                    node,
                    at,
                )
            }
            _ => self.unknown(name, node, at),
        }
    }

    /// Puts a function of the file in. It sees its parameters and nothing else, so that it means the same everywhere.
    fn own(&mut self, name: &str, args: Vec<Typed>, node: &IdedExpr, at: &At<'_>) -> Checked {
        let function = self.functions.remove(name)?;
        let checked = if function.parameters.len() == args.len() {
            let parameters = function.parameters.iter().cloned().zip(args).collect();
            let outer = std::mem::replace(&mut self.parameters, parameters);
            let hidden = std::mem::take(&mut self.variables);
            let inner = At { source: &at.source.whole(), info: at.info };
            let before = self.faults.len();
            let checked = self.inlined(&function, &inner);
            // what is wrong with these arguments is shown where the function is called
            let call = at
                .info
                .offset_for(node.id)
                .map(|(first, last)| at.source.place(first as usize, last as usize));
            for fault in &mut self.faults[before..] {
                fault.span = call.clone().unwrap_or_else(|| at.source.span());
                fault.message = format!("in `{name}`: {}", fault.message);
            }
            self.variables = hidden;
            self.parameters = outer;
            checked
        } else {
            let message =
                format!("`{name}` takes {} arguments, not {}", function.parameters.len(), args.len());
            self.fault(node, at, &message, None)
        };
        // a function is not there for itself: it cannot go on for ever
        self.functions.insert(name.to_owned(), function);
        checked
    }

    fn unknown(&mut self, name: &str, node: &IdedExpr, at: &At<'_>) -> Checked {
        let hint = match php::find(&self.php, name) {
            Some(_) => Some(format!("PHP's is `php.{name}(…)`")),
            None => did_you_mean(name, NAMES),
        };
        let message = format!("there is no function `{name}` that is called so");
        self.fault(node, at, &message, hint.as_deref())
    }

    fn taking(
        &mut self,
        op: Op,
        ty: Type,
        arg: &Typed,
        takes: impl Fn(&Type) -> bool,
        node: &IdedExpr,
        at: &At<'_>,
    ) -> Checked {
        if *arg.ty.not_null() == Type::Dyn || takes(arg.ty.not_null()) {
            return Some(Typed { id: self.add(op), ty });
        }
        self.fault(node, at, &format!("this function does not take {}", arg.ty), None)
    }

    fn text_test(&mut self, test: TextTest, a: &Typed, b: &Typed, node: &IdedExpr, at: &At<'_>) -> Checked {
        if !a.ty.may_be(&Type::Text) || !b.ty.may_be(&Type::Text) {
            return self.fault(
                node,
                at,
                &format!("this function takes strings, not {} and {}", a.ty, b.ty),
                None,
            );
        }
        Some(Typed { id: self.add(Op::Text(test, a.id, b.id)), ty: Type::Bool })
    }

    fn matches(&mut self, text: &Typed, pattern: &Typed, pattern_node: &IdedExpr, at: &At<'_>) -> Checked {
        let Some(Value::Str(written)) = self.as_constant(pattern.id).cloned() else {
            return self.fault(pattern_node, at, "a pattern is a string that stands in the file", None);
        };
        if !text.ty.may_be(&Type::Text) {
            return self.fault(
                pattern_node,
                at,
                &format!("a pattern is matched with a string, not {}", text.ty),
                None,
            );
        }
        let written = written.to_string_lossy();
        let same = self.program.patterns.iter().position(|known| known.as_str() == written);
        let index = match same {
            Some(index) => index,
            None => match RegexBuilder::new(&written)
                .size_limit(PATTERN_MAX)
                .dfa_size_limit(PATTERN_MAX)
                .build()
            {
                Ok(pattern) => {
                    self.program.patterns.push(pattern);
                    self.program.patterns.len() - 1
                }
                Err(why) => return self.fault(pattern_node, at, &format!("this is no pattern: {why}"), None),
            },
        };
        Some(Typed { id: self.add(Op::Matches(text.id, index as u32)), ty: Type::Bool })
    }

    fn php(&mut self, name: &str, args: &[IdedExpr], node: &IdedExpr, at: &At<'_>) -> Checked {
        let args: Vec<Checked> = args.iter().map(|arg| self.expr(arg, at)).collect();
        let Some(signature) = php::find(&self.php, name) else {
            let hint = did_you_mean(name, php::names(&self.php));
            let message = format!("PHP {} has no function `{name}`", self.php.version);
            return self.fault(node, at, &message, hint.as_deref());
        };
        let args: Vec<Typed> = args.into_iter().collect::<Option<_>>()?;
        if let Some(count) = signature.arguments
            && count != args.len()
        {
            let message = format!("`php.{name}` takes {count} arguments, not {}", args.len());
            return self.fault(node, at, &message, None);
        }
        if let (PhpFn::Matches | PhpFn::Groups, Some(pattern)) = (signature.function, args.first())
            && let Some(pattern) = self.as_constant(pattern.id).and_then(Value::as_bytes)
            && let Some(why) = php::pattern_fault(&self.php, pattern)
        {
            return self.fault(node, at, &format!("this is no pattern: {why}"), None);
        }
        let op = Op::Php(signature.function, args.iter().map(|arg| arg.id).collect());
        Some(Typed { id: self.add(op), ty: signature.returns })
    }

    /// `lookup('table', key)`, `has_row('table', key)`
    fn row(&mut self, function: &str, args: &[IdedExpr], node: &IdedExpr, at: &At<'_>) -> Checked {
        let [table, key] = args else {
            return self.fault(node, at, &format!("it is called as `{function}('table', key)`"), None);
        };
        let key = self.expr(key, at);
        let table_id = self.expr(table, at)?.id;
        let named = self.as_constant(table_id).and_then(Value::as_bytes).map(String::from_utf8_lossy);
        let Some(named) = named.map(std::borrow::Cow::into_owned) else {
            return self.fault(table, at, "a table's name stands in the file, in quotes", None);
        };
        let Some(place) = self.tables.iter().position(|(name, _)| *name == named) else {
            let hint = format!("say so at the top: `tables = [\"{named}\"]`");
            return self.fault(
                table,
                at,
                &format!("the pipeline does not read a table `{named}`"),
                Some(&hint),
            );
        };
        let (key, row) = (key?, self.tables[place].1.clone());
        let table = place as u32;
        Some(match function {
            "lookup" => Typed { id: self.add(Op::Row { table, key: key.id }), ty: row.or_null() },
            _ => Typed { id: self.add(Op::HasRow { table, key: key.id }), ty: Type::Bool },
        })
    }
}

fn sized(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::List(_)) || mapped(ty)
}

fn mapped(ty: &Type) -> bool {
    matches!(ty, Type::Map(_) | Type::Record(_))
}

fn parsable(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Double | Type::Text)
}

fn printable(ty: &Type) -> bool {
    parsable(ty) || *ty == Type::Bool
}
