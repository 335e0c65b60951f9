//! PHP's functions in expressions: `php.NAME(…)`, all of `legacy-compat`'s, the common ones without a detour.

use legacy_compat::call;
use legacy_compat::{Array, Php, Value, arith, cast, compare, numeric, pcre};

use super::error::{EvalError, Evaluated};
use super::types::Type;

/// A PHP function or operator that an expression calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PhpFn {
    /// `==`
    LooseEq,
    /// `<`
    Less,
    /// `<=`
    LessEq,
    /// `>`
    Greater,
    /// `>=`
    GreaterEq,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `empty()`
    Empty,
    /// `(bool)`
    Bool,
    /// `(string)`
    Text,
    /// `(int)`
    Int,
    /// `+ 0`: an int or a float
    Number,
    IsNumeric,
    IsText,
    IsInt,
    IsFloat,
    IsBool,
    IsArray,
    IsNull,
    /// `in_array()`, loosely
    InArray,
    /// `preg_match()` as a truth
    Matches,
    /// `preg_match()` as its groups, or null
    Groups,
    /// `date()` in the zone that comes first
    DateIn,
    /// `strtotime()` in the zone that comes first
    StrtotimeIn,
    /// Any other, by its name.
    Named(&'static str),
}

/// How a name is called.
pub(crate) struct Signature {
    pub function: PhpFn,
    /// How many arguments it takes; `None` leaves that to PHP.
    pub arguments: Option<usize>,
    pub returns: Type,
}

/// The function of that name; `None` where this PHP has none.
pub(crate) fn find(php: &Php, name: &str) -> Option<Signature> {
    use PhpFn::*;
    let own =
        |function, arguments, returns| Some(Signature { function, arguments: Some(arguments), returns });
    match name {
        "loose_eq" => own(LooseEq, 2, Type::Bool),
        "lt" => own(Less, 2, Type::Bool),
        "le" => own(LessEq, 2, Type::Bool),
        "gt" => own(Greater, 2, Type::Bool),
        "ge" => own(GreaterEq, 2, Type::Bool),
        "add" => own(Add, 2, Type::Dyn),
        "sub" => own(Sub, 2, Type::Dyn),
        "mul" => own(Mul, 2, Type::Dyn),
        "div" => own(Div, 2, Type::Dyn),
        "mod" => own(Mod, 2, Type::Dyn),
        "empty" => own(Empty, 1, Type::Bool),
        "bool" | "boolval" => own(Bool, 1, Type::Bool),
        "string" | "strval" => own(Text, 1, Type::Text),
        "int" => own(Int, 1, Type::Int),
        "number" => own(Number, 1, Type::Dyn),
        "is_numeric" => own(IsNumeric, 1, Type::Bool),
        "is_string" => own(IsText, 1, Type::Bool),
        "is_int" => own(IsInt, 1, Type::Bool),
        "is_float" => own(IsFloat, 1, Type::Bool),
        "is_bool" => own(IsBool, 1, Type::Bool),
        "is_array" => own(IsArray, 1, Type::Bool),
        "is_null" => own(IsNull, 1, Type::Bool),
        "loose_in" => own(InArray, 2, Type::Bool),
        "matches" => own(Matches, 2, Type::Bool),
        "date_in" => own(DateIn, 3, Type::Text),
        "strtotime_in" => own(StrtotimeIn, 2, Type::Dyn),
        "groups" => own(Groups, 2, Type::any_map().or_null()),
        _ => {
            let name = call::names(php).find(|known| *known == name)?;
            Some(Signature { function: Named(name), arguments: None, returns: returns(name) })
        }
    }
}

/// Names that are near what somebody may have meant.
pub(crate) fn names(php: &Php) -> impl Iterator<Item = &'static str> {
    let own = ["loose_eq", "loose_in", "lt", "le", "gt", "ge", "add", "sub", "mul", "div", "mod", "empty"];
    let more = ["string", "int", "bool", "number", "matches", "groups", "date_in", "strtotime_in"];
    own.into_iter().chain(more).chain(call::names(php))
}

/// What the common functions always answer with. All else is only known when it runs.
fn returns(name: &str) -> Type {
    match name {
        "addslashes" | "bin2hex" | "chr" | "date" | "dechex" | "gmdate" | "html_entity_decode"
        | "htmlentities" | "htmlspecialchars" | "implode" | "join" | "lcfirst" | "ltrim" | "md5"
        | "nl2br" | "number_format" | "rtrim" | "sha1" | "sprintf" | "str_pad" | "str_repeat"
        | "strip_tags" | "stripslashes" | "strrev" | "strtolower" | "strtoupper" | "strtr" | "trim"
        | "ucfirst" | "ucwords" | "urlencode" | "rawurlencode" => Type::Text,
        "abs" | "max" | "min" => Type::Dyn,
        "checkdate" | "ctype_alnum" | "ctype_alpha" | "ctype_digit" | "ctype_lower" | "ctype_punct"
        | "ctype_space" | "ctype_upper" | "ctype_xdigit" | "in_array" | "is_callable" | "is_nan"
        | "is_scalar" => Type::Bool,
        "count" | "crc32" | "intval" | "levenshtein" | "mb_strlen" | "ord" | "strcasecmp" | "strcmp"
        | "strcspn" | "strlen" | "strspn" | "substr_count" => Type::Int,
        "ceil" | "floatval" | "floor" | "round" | "sqrt" => Type::Double,
        _ => Type::Dyn,
    }
}

impl PhpFn {
    /// Calls it.
    pub(crate) fn call(self, php: &Php, args: &[&Value]) -> Evaluated<Value> {
        use PhpFn::*;
        Ok(match (self, args) {
            (LooseEq, [a, b]) => compare::loose_eq(php, a, b).into(),
            (Less, [a, b]) => compare::less(php, a, b).into(),
            (LessEq, [a, b]) => compare::less_eq(php, a, b).into(),
            (Greater, [a, b]) => compare::less(php, b, a).into(),
            (GreaterEq, [a, b]) => compare::less_eq(php, b, a).into(),
            (Empty, [v]) => cast::is_empty(v).into(),
            (Bool, [v]) => cast::to_bool(v).into(),
            (Text, [v]) => cast::to_str(php, v).into(),
            (Int, [v]) => cast::to_int(php, v).into(),
            (Number, [v]) => cast::to_number(php, v).into(),
            (IsNumeric, [v]) => is_numeric(php, v).into(),
            (IsText, [v]) => matches!(v, Value::Str(_)).into(),
            (IsInt, [v]) => matches!(v, Value::Int(_)).into(),
            (IsFloat, [v]) => matches!(v, Value::Float(_)).into(),
            (IsBool, [v]) => matches!(v, Value::Bool(_)).into(),
            (IsArray, [v]) => matches!(v, Value::Array(_)).into(),
            (IsNull, [v]) => v.is_null().into(),
            (InArray, [v, Value::Array(list)]) => compare::in_array(php, v, list, false).into(),
            (InArray, [_, _]) => return Err(EvalError::NoOverload("php.loose_in")),
            (Matches, [pattern, subject]) => groups(php, pattern, subject)?.is_some().into(),
            (Groups, [pattern, subject]) => groups(php, pattern, subject)?.map_or(Value::Null, Value::Array),
            (DateIn, [zone, rest @ ..]) => return called(&in_zone(php, zone), "date", rest),
            (StrtotimeIn, [zone, rest @ ..]) => return called(&in_zone(php, zone), "strtotime", rest),
            (Named(name), _) => return called(php, name, args),
            _ => return arithmetic(self, php, args),
        })
    }
}

fn is_numeric(php: &Php, value: &Value) -> bool {
    match value {
        Value::Int(_) | Value::Float(_) => true,
        Value::Str(text) => numeric::whole(php, text).is_some(),
        _ => false,
    }
}

fn groups(php: &Php, pattern: &Value, subject: &Value) -> Evaluated<Option<Array>> {
    let pattern = pattern.as_bytes().ok_or(EvalError::NoOverload("php.matches"))?;
    let subject = cast::to_str(php, subject);
    // where PCRE2 gives up, PHP answers false
    Ok(pcre::preg_match(php, pattern, &subject).ok().flatten())
}

/// What is wrong with a pattern.
pub(crate) fn pattern_fault(php: &Php, pattern: &[u8]) -> Option<String> {
    pcre::preg_match(php, pattern, b"").err().filter(|why| !why.starts_with("preg_last_error"))
}

/// PHP between `date_default_timezone_set($zone)` and the way back.
fn in_zone(php: &Php, zone: &Value) -> Php {
    php.clone().in_zone(&cast::to_str(php, zone).to_string_lossy())
}

fn called(php: &Php, name: &str, args: &[&Value]) -> Evaluated<Value> {
    let mut args = args.iter().map(|arg| (*arg).clone()).collect();
    call::call(php, name, &mut args).map_err(|thrown| EvalError::Thrown(Box::new(thrown)))
}

fn arithmetic(function: PhpFn, php: &Php, args: &[&Value]) -> Evaluated<Value> {
    let [a, b] = args else { return Err(EvalError::NoOverload("php")) };
    let result = match function {
        PhpFn::Add => arith::add(php, a, b),
        PhpFn::Sub => arith::sub(php, a, b),
        PhpFn::Mul => arith::mul(php, a, b),
        PhpFn::Div => arith::div(php, a, b),
        _ => arith::modulo(php, a, b),
    };
    result.map_err(|thrown| EvalError::Thrown(Box::new(thrown)))
}
