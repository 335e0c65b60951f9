//! The compiled form: a graph of operations in which equal ones are one.

use legacy_compat::Value;

use super::php::PhpFn;

/// An operation, by its place in the graph.
pub(crate) type Id = u32;

/// One operation. Its operands stand before it in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    /// A constant, by its place in the table of constants.
    Const(u32),
    /// A variable. The version tells apart what it held before and after a rule that may set it.
    Var {
        slot: u32,
        version: u32,
    },
    /// The variable of an enclosing macro, such as the `x` of `list.all(x, …)`.
    Local(u32),
    /// `of.key`
    Select {
        of: Id,
        key: u32,
    },
    /// `has(of.key)`
    Has {
        of: Id,
        key: u32,
    },
    /// `of[at]`
    Index {
        of: Id,
        at: Id,
    },
    Not(Id),
    Negate(Id),
    And(Id, Id),
    Or(Id, Id),
    If(Id, Id, Id),
    Binary(Binary, Id, Id),
    /// `x in [constants]`, by its place in the table of sets.
    InSet(Id, u32),
    Size(Id),
    Text(TextTest, Id, Id),
    /// `x.matches('…')`, by its place in the table of patterns.
    Matches(Id, u32),
    Convert(Convert, Id),
    List(Box<[Id]>),
    Map(Box<[(Id, Id)]>),
    Fold(Box<Fold>),
    /// A PHP function.
    Php(PhpFn, Box<[Id]>),
    /// The texts of these, one behind the other, as PHP's `.` does it.
    Concat(Box<[Id]>),
    /// A row of a hot table as a map, or null.
    Row {
        table: u32,
        key: Id,
    },
    /// Whether a hot table has the row.
    HasRow {
        table: u32,
        key: Id,
    },
    /// A copy of a map with an element set.
    With(Id, Id, Id),
    /// A copy of a map without an element.
    Without(Id, Id),
    /// An element of a map, or the other value.
    Get(Id, Id, Id),
    /// `[key, value]` of each element.
    Entries(Id),
}

/// An operator of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Binary {
    Eq,
    Ne,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    In,
}

impl Binary {
    /// As it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Less => "<",
            Self::LessEq => "<=",
            Self::Greater => ">",
            Self::GreaterEq => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
            Self::In => "in",
        }
    }
}

/// A test of one text for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

/// A conversion of CEL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Convert {
    Int,
    Double,
    Text,
}

/// A macro over the items of a list or the keys of a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fold {
    pub kind: FoldKind,
    pub over: Id,
    /// Where the item stands while the rest runs.
    pub local: u32,
    /// The condition on an item; none for `map` without one.
    pub test: Option<Id>,
    /// What an item becomes; none where it stays as it is.
    pub item: Option<Id>,
}

/// Which macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    /// `map` and `filter`
    Collect,
}

impl Op {
    /// Its operands.
    pub(crate) fn operands(&self) -> Vec<Id> {
        match self {
            Self::Const(_) | Self::Var { .. } | Self::Local(_) => Vec::new(),
            Self::Select { of, .. } | Self::Has { of, .. } => vec![*of],
            Self::Not(a) | Self::Negate(a) | Self::Size(a) | Self::Entries(a) => vec![*a],
            Self::InSet(a, _) | Self::Matches(a, _) | Self::Convert(_, a) => vec![*a],
            Self::Row { key, .. } | Self::HasRow { key, .. } => vec![*key],
            Self::Index { of, at } => vec![*of, *at],
            Self::And(a, b) | Self::Or(a, b) | Self::Binary(_, a, b) | Self::Text(_, a, b) => vec![*a, *b],
            Self::Without(a, b) => vec![*a, *b],
            Self::If(a, b, c) | Self::With(a, b, c) | Self::Get(a, b, c) => vec![*a, *b, *c],
            Self::List(items) | Self::Concat(items) | Self::Php(_, items) => items.to_vec(),
            Self::Map(entries) => entries.iter().flat_map(|(key, value)| [*key, *value]).collect(),
            Self::Fold(fold) => [Some(fold.over), fold.test, fold.item].into_iter().flatten().collect(),
        }
    }

    /// Whether reading it costs no more than reading what it would be kept in.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::Const(_) | Self::Var { .. } | Self::Local(_))
    }
}

/// A constant's identity: its type and content.
pub(crate) fn identity(value: &Value) -> String {
    format!("{}:{value:?}", value.gettype())
}
