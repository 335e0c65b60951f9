//! The table's rows: a function's signature written as in PHP, parsed once.

use super::{Args, Ctx, Outcome};
use crate::php::{Version, Versions};
use crate::value::{Array, Value};

/// A row: the signature and the function.
///
/// `"substr(string $string, int $offset, ?int $length = null): false"`. Before the name may stand the versions that
/// it holds for (`8.0-`, `-7.4`, `7.0-7.4`). `: false` says that it answers false, not null, to wrong parameters up to 7.4.
/// A default of `?` means that none is filled in. Types: `int`, `float`, `bool`, `string`, `array`, `callable`, `object`, `number`
/// (an integer or a float), `mixed`, joined by `|`, with `?` for null as well.
pub(crate) type Row = (&'static str, fn(&mut Ctx<'_>, &mut Args<'_>) -> Outcome);

#[derive(Debug)]
pub(super) struct Function {
    pub name: &'static str,
    pub params: Vec<Param>,
    pub required: usize,
    pub run: fn(&mut Ctx<'_>, &mut Args<'_>) -> Outcome,
    /// The answer to wrong parameters up to 7.4.
    pub refused: Value,
    versions: Versions,
}

#[derive(Debug)]
pub(super) struct Param {
    pub name: &'static str,
    pub types: Types,
    pub default: Option<Value>,
    pub variadic: bool,
}

/// The types that a parameter takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Types {
    pub mixed: bool,
    pub null: bool,
    pub bool: bool,
    pub int: bool,
    pub float: bool,
    pub string: bool,
    pub array: bool,
    pub object: bool,
    pub callable: bool,
}

impl Function {
    /// Reads a row. A malformed one is a fault of the table, and the tests read it all.
    pub(super) fn parse((text, run): Row) -> Self {
        let (head, rest) = text.split_once('(').expect("a row has parameters in brackets");
        let (params, answer) = rest.rsplit_once(')').expect("a row's bracket is closed");
        let (range, name) = head.rsplit_once(' ').unwrap_or(("", head));
        let versions = Versions::parse(range);
        let params: Vec<Param> = split_params(params).map(Param::parse).collect();
        let required = params.iter().take_while(|p| !p.variadic && p.default.is_none()).count();
        let refused =
            if answer.trim_start_matches([':', ' ']) == "false" { Value::FALSE } else { Value::Null };
        Self { name, params, required, run, refused, versions }
    }

    pub(super) fn covers(&self, version: Version) -> bool {
        self.versions.contain(version)
    }

    /// The parameter at a place; those beyond the last belong to the variadic one.
    pub(super) fn param(&self, index: usize) -> Option<&Param> {
        self.params.get(index).or_else(|| self.params.last().filter(|param| param.variadic))
    }

    pub(super) fn is_variadic(&self) -> bool {
        self.params.last().is_some_and(|param| param.variadic)
    }
}

fn split_params(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(", ").map(str::trim).filter(|param| !param.is_empty())
}

impl Param {
    fn parse(text: &'static str) -> Self {
        let (declared, default) = match text.split_once(" = ") {
            Some((declared, default)) => (declared, Some(default)),
            None => (text, None),
        };
        let (types, name) = declared.split_once(' ').expect("a parameter has a type and a name");
        let variadic = name.starts_with("...") || name.starts_with("&...");
        let name = name.trim_start_matches(['&', '.', '$']);
        Self { name, types: Types::parse(types), default: default.map(literal), variadic }
    }
}

impl Types {
    fn parse(text: &str) -> Self {
        let mut types = Self { null: text.starts_with('?'), ..Self::default() };
        for name in text.trim_start_matches('?').split('|') {
            match name {
                "mixed" => types.mixed = true,
                "null" => types.null = true,
                "bool" => types.bool = true,
                "int" => types.int = true,
                "float" => types.float = true,
                "number" => (types.int, types.float) = (true, true),
                "string" => types.string = true,
                "array" => types.array = true,
                "object" => types.object = true,
                "callable" => types.callable = true,
                other => panic!("a row's type is not known: {other}"),
            }
        }
        types
    }

    /// As PHP's messages write it.
    pub(super) fn describe(self) -> String {
        let names = [
            (self.callable, "a valid callback"),
            (self.object, "object"),
            (self.array, "array"),
            (self.string, "string"),
            (self.int, "int"),
            (self.float, "float"),
            (self.bool, "bool"),
        ];
        let names: Vec<&str> = names.iter().filter(|(takes, _)| *takes).map(|(_, name)| *name).collect();
        match (self.null, names.as_slice()) {
            (true, [one]) => format!("?{one}"),
            (true, many) => format!("{}|null", many.join("|")),
            (false, many) => many.join("|"),
        }
    }
}

/// A default: a number, a quoted string, `true`, `[]` …; `?` and `null` are null.
fn literal(text: &'static str) -> Value {
    match text {
        "null" | "?" => Value::Null,
        "true" => Value::TRUE,
        "false" => Value::FALSE,
        "[]" => Value::Array(Array::new()),
        text if text.starts_with('"') => {
            Value::from(text[1..text.len() - 1].replace("\\\"", "\"").replace("\\\\", "\\"))
        }
        text => match text.parse::<i64>() {
            Ok(int) => Value::Int(int),
            Err(_) => Value::Float(text.parse().expect("a row's default is a literal")),
        },
    }
}
