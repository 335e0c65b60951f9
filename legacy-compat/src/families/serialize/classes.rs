//! What PHP's own classes say to `unserialize`: which of them can be made, and which properties they refuse.

use crate::date::{Moment, Zone};
use crate::error::{ErrorClass, Thrown};
use crate::php::{Php, Version};
use crate::value::{Array, Key, KeyRef, Object, Str, Value};

/// What becomes of an object of a class before its properties are read.
pub(super) enum Making {
    Possible,
    /// PHP answers false.
    Refused,
    Throws(Thrown),
}

/// A class that keeps other values, and wrote itself (`C:`) up to 7.3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// `ArrayObject`, `ArrayIterator`
    Array,
    /// `SplObjectStorage`
    Objects,
    /// `SplDoublyLinkedList`, `SplQueue`, `SplStack`
    List,
}

/// The bit of an `ArrayObject`'s flags that says that it keeps its own properties.
pub(super) const KEEPS_ITSELF: i64 = 1 << 24;

const INTERFACES: &[&str] = &[
    "traversable",
    "iterator",
    "iteratoraggregate",
    "arrayaccess",
    "countable",
    "serializable",
    "jsonserializable",
    "datetimeinterface",
    "throwable",
    "splobserver",
    "splsubject",
    "sessionhandlerinterface",
    "outeriterator",
    "recursiveiterator",
    "seekableiterator",
    "sessionidinterface",
    "sessionupdatetimestamphandlerinterface",
];

/// Interfaces from 8.0 on.
const LATER_INTERFACES: &[&str] = &["stringable"];

/// Interfaces from 8.1 on.
const INTERFACES_OF_ENUMS: &[&str] = &["unitenum", "backedenum"];

const ABSTRACT: &[&str] = &["splheap", "filteriterator", "recursivefilteriterator"];

/// Classes of files: false up to 8.0.
const FILES: &[&str] = &[
    "splfileinfo",
    "splfileobject",
    "spltempfileobject",
    "directoryiterator",
    "filesystemiterator",
    "recursivedirectoryiterator",
    "globiterator",
];

const EXCEPTIONS: &[&str] = &[
    "exception",
    "errorexception",
    "jsonexception",
    "logicexception",
    "badfunctioncallexception",
    "badmethodcallexception",
    "domainexception",
    "invalidargumentexception",
    "lengthexception",
    "outofrangeexception",
    "runtimeexception",
    "outofboundsexception",
    "overflowexception",
    "rangeexception",
    "underflowexception",
    "unexpectedvalueexception",
    "reflectionexception",
];

const ERRORS: &[&str] = &[
    "error",
    "typeerror",
    "valueerror",
    "arithmeticerror",
    "divisionbyzeroerror",
    "argumentcounterror",
    "assertionerror",
    "compileerror",
    "parseerror",
];

/// Whether a name may be one of a class at all.
pub(super) fn is_name(class: &[u8]) -> bool {
    class.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\\' | 0x7f..))
}

fn is_any(class: &[u8], names: &[&str]) -> bool {
    names.iter().any(|name| class.eq_ignore_ascii_case(name.as_bytes()))
}

/// The kind of a class that keeps values.
pub(super) fn keeper(class: &[u8]) -> Option<Keeper> {
    if is_any(class, &["ArrayObject", "ArrayIterator", "RecursiveArrayIterator"]) {
        Some(Keeper::Array)
    } else if is_any(class, &["SplObjectStorage"]) {
        Some(Keeper::Objects)
    } else {
        is_any(class, &["SplDoublyLinkedList", "SplQueue", "SplStack"]).then_some(Keeper::List)
    }
}

/// Whether an object of this class can be made, written as `C:` or as `O:`.
pub(super) fn making(php: &Php, class: &[u8], wrote_itself: bool) -> Making {
    let reflection = class.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"Reflection"))
        && !is_any(class, &["Reflection", "ReflectionException"]);
    let is_interface = is_any(class, INTERFACES)
        || php.is_8() && is_any(class, LATER_INTERFACES)
        || php.since(Version::V8_1) && is_any(class, INTERFACES_OF_ENUMS);
    let is_abstract = is_any(class, ABSTRACT)
        || is_any(class, &["ReflectionFunctionAbstract"]) && !php.since(Version::V7_4);
    if is_interface || is_abstract {
        let kind = if is_interface { "interface" } else { "abstract class" };
        let message = format!("Cannot instantiate {kind} {}", String::from_utf8_lossy(class));
        return Making::Throws(Thrown::new(ErrorClass::Error, message));
    }
    // From 8.1 on all of these throw.
    let until_8_0 = !php.since(Version::V8_1);
    let refused = match () {
        () if wrote_itself => false,
        () if is_any(class, FILES) => until_8_0,
        () if is_any(class, &["Closure", "Generator"]) => !php.is_8(),
        () if is_any(class, &["HashContext"]) => php.since(Version::V7_2) && !php.is_8(),
        () if reflection || is_any(class, &["WeakReference"]) => php.since(Version::V7_4) && until_8_0,
        () if keeper(class).is_some() => !php.since(Version::V7_4),
        () => false,
    };
    if refused { Making::Refused } else { Making::Possible }
}

/// What a class throws, at once, where a property has a type that it does not take: from 8.0.
pub(super) fn wrong_type(php: &Php, class: &[u8], props: &Array) -> Option<Thrown> {
    let base = match class {
        _ if !php.is_8() => return None,
        class if is_any(class, EXCEPTIONS) => "Exception",
        class if is_any(class, ERRORS) => "Error",
        _ => return None,
    };
    let later = php.since(Version::V8_1);
    let is_wrong = |key: &Key, value: &Value| match own_name(&key.to_str(), base).as_deref() {
        Some(b"previous") => !(value.is_null() || is_thrown(value)),
        Some(b"trace") => value.as_array().is_none(),
        Some(b"string" | b"file") => later && value.as_bytes().is_none(),
        Some(b"line") => later && !matches!(value, Value::Int(_)),
        Some(b"severity") => later && is_any(class, &["ErrorException"]) && !matches!(value, Value::Int(_)),
        _ => false,
    };
    let (key, _) = props.iter().find(|(key, value)| is_wrong(key, value))?;
    let message = format!("Cannot assign to property {base}::${}", key.to_str().to_string_lossy());
    Some(Thrown::new(ErrorClass::TypeError, message))
}

/// The name of a property without whose it is: `\0*\0line`, `\0Exception\0trace`.
fn own_name(name: &[u8], base: &str) -> Option<Vec<u8>> {
    let Some(rest) = name.strip_prefix(b"\0") else { return Some(name.to_vec()) };
    let at = memchr::memchr(0, rest)?;
    let whose = &rest[..at];
    (whose == b"*" || whose == base.as_bytes()).then(|| rest[at + 1..].to_vec())
}

/// The class of an object as it was written.
fn class_of(value: &Value) -> Option<&[u8]> {
    let Value::Object(object) = value else { return None };
    match object.props().get_str("__PHP_Incomplete_Class_Name") {
        Some(Value::Str(name)) => Some(name),
        _ => Some(object.class()),
    }
}

fn is_thrown(value: &Value) -> bool {
    class_of(value).is_some_and(|class| is_any(class, EXCEPTIONS) || is_any(class, ERRORS))
}

/// What a class throws about what was read for it, when everything has been read.
pub(super) fn complaint(php: &Php, class: &[u8], props: &Array) -> Option<Thrown> {
    let error = |message: &str| Some(Thrown::new(ErrorClass::Error, message));
    match class {
        class if is_any(class, &["DateTime", "DateTimeImmutable"]) => match is_moment(php, props) {
            true => None,
            false => error("Invalid serialization data for DateTime object"),
        },
        class if is_any(class, &["DateTimeZone"]) => match is_zone(php, props) {
            true => None,
            false if php.since(Version::V8_2) => error("Invalid serialization data for DateTimeZone object"),
            false => error("Timezone initialization failed"),
        },
        class if is_any(class, &["DatePeriod"]) => match is_period(php, props) {
            true => None,
            false => error("Invalid serialization data for DatePeriod object"),
        },
        class => match keeper(class)? {
            Keeper::Array => array_complaint(props),
            Keeper::Objects => objects_complaint(props),
            Keeper::List => {
                let [flags, kept, own] = elements(props);
                let fits = matches!(flags, Value::Int(_)) && is_array(kept) && is_array(own);
                (!fits).then(ill_typed)
            }
        },
    }
}

fn is_moment(php: &Php, props: &Array) -> bool {
    let text = |name: &str| props.get_str(name).and_then(Value::as_bytes);
    let (Some(date), Some(zone)) = (text("date"), text("timezone")) else { return false };
    match props.get_str("timezone_type") {
        Some(Value::Int(1 | 2)) => Moment::new(php, &[date, b" ", zone].concat(), &Zone::utc()).is_ok(),
        Some(Value::Int(3)) => {
            Zone::named(php, zone).is_some_and(|zone| Moment::new(php, date, &zone).is_ok())
        }
        _ => false,
    }
}

fn is_zone(php: &Php, props: &Array) -> bool {
    let (Some(Value::Int(kind)), Some(Value::Str(zone))) =
        (props.get_str("timezone_type"), props.get_str("timezone"))
    else {
        return false;
    };
    let known = matches!(kind, 1..=3) || !php.since(Version::V8_4);
    known && memchr::memchr(0, zone).is_none() && Zone::new(php, zone).is_ok()
}

fn is_period(php: &Php, props: &Array) -> bool {
    let at = |name: &str| props.get_str(name).unwrap_or(&Value::Null);
    let has_class =
        |name: &str, classes: &[&str]| class_of(at(name)).is_some_and(|class| is_any(class, classes));
    let dates = |name: &str| at(name).is_null() || has_class(name, &["DateTime", "DateTimeImmutable"]);
    let is_flag = |name: &str| matches!(at(name), Value::Bool(_));
    dates("start")
        && !at("start").is_null()
        && dates("current")
        && dates("end")
        && has_class("interval", &["DateInterval"])
        && matches!(at("recurrences"), Value::Int(0..=0x7fff_ffff))
        && is_flag("include_start_date")
        && (is_flag("include_end_date") || !php.since(Version::V8_2))
}

fn is_array(value: &Value) -> bool {
    value.as_array().is_some()
}

/// The first elements of what `__serialize` gave.
fn elements<const N: usize>(props: &Array) -> [&Value; N] {
    std::array::from_fn(|index| element(props, &index.to_string()).unwrap_or(&Value::Null))
}

/// An element; the numbers are names here, as those of properties.
fn element<'a>(props: &'a Array, number: &str) -> Option<&'a Value> {
    props.get_ref(KeyRef::Str(number.as_bytes()))
}

fn ill_typed() -> Thrown {
    unexpected("Incomplete or ill-typed serialization data")
}

/// What says that a value was not expected.
pub(super) fn unexpected(message: &str) -> Thrown {
    Thrown::new(ErrorClass::UnexpectedValueException, message)
}

fn array_complaint(props: &Array) -> Option<Thrown> {
    let [flags, kept, own] = elements(props);
    let Value::Int(flags) = flags else { return Some(ill_typed()) };
    if element(props, "1").is_none() || !is_array(own) {
        return Some(ill_typed());
    }
    if flags & KEEPS_ITSELF == 0
        && let Some(refused) = not_to_keep(kept)
    {
        return Some(refused);
    }
    match element(props, "3") {
        None | Some(Value::Null) => None,
        Some(Value::Str(class)) if is_any(class, &["ArrayIterator", "RecursiveArrayIterator"]) => None,
        Some(Value::Str(class)) => {
            let class = class.to_string_lossy();
            Some(unexpected(&format!("Cannot deserialize ArrayObject with iterator class '{class}'")))
        }
        Some(_) => Some(ill_typed()),
    }
}

/// What an `ArrayObject` throws about a value that it cannot keep.
pub(super) fn not_to_keep(kept: &Value) -> Option<Thrown> {
    let refused = |message: &str| Some(Thrown::new(ErrorClass::InvalidArgumentException, message));
    match kept {
        Value::Array(_) => None,
        Value::Object(_) if class_of(kept).is_some_and(|class| is_any(class, &["DateInterval"])) => {
            refused("Overloaded object of type DateInterval is not compatible with ArrayObject")
        }
        Value::Object(_) => None,
        _ => refused("Passed variable is not an array or object"),
    }
}

fn objects_complaint(props: &Array) -> Option<Thrown> {
    let [kept, own] = elements(props);
    let (Value::Array(kept), true) = (kept, is_array(own)) else { return Some(ill_typed()) };
    if kept.len() % 2 == 1 {
        return Some(unexpected("Odd number of elements"));
    }
    let is_object = |value: &Value| matches!(value, Value::Object(_));
    (!kept.values().step_by(2).all(is_object)).then(|| unexpected("Non-object key"))
}

/// An object whose class nothing here knows, as PHP keeps it.
pub(super) fn incomplete(class: Str, props: &Array) -> Value {
    let mut all = Array::new();
    all.insert("__PHP_Incomplete_Class_Name", class);
    all.extend(props.iter().map(|(key, value)| (key, value.clone())));
    Value::Object(Object::new("__PHP_Incomplete_Class".into(), all))
}

#[cfg(test)]
mod tests {
    use super::super::read::{Allowed, MAX_DEPTH, Reader};
    use super::*;

    fn read(version: Version, text: &str) -> Result<Option<Value>, ErrorClass> {
        let php = Php::new(version);
        let reader = Reader::new(&php, text.as_bytes(), Allowed::All, MAX_DEPTH);
        reader.whole().map_err(|thrown| thrown.class)
    }

    #[test]
    fn what_was_written_for_a_class_that_keeps_values_is_looked_at_from_7_4() {
        let lists = r#"O:11:"ArrayObject":3:{i:0;i:0;i:1;N;i:2;a:0:{}}"#;
        assert_eq!(read(Version::V7_2, lists), Ok(None));
        assert_eq!(read(Version::V7_4, lists), Err(ErrorClass::InvalidArgumentException));
        let odd = r#"O:16:"SplObjectStorage":2:{i:0;a:1:{i:0;i:0;}i:1;a:0:{}}"#;
        assert_eq!(read(Version::V8_4, odd), Err(ErrorClass::UnexpectedValueException));
    }

    #[test]
    fn what_a_class_wrote_itself_takes_numbers_to_which_references_point() {
        let inside = r#"a:2:{i:0;C:11:"ArrayObject":21:{x:i:1;a:0:{};m:a:0:{}}i:1;R:5;}"#;
        assert!(read(Version::V8_2, inside).unwrap().is_some());
        let broken = r#"C:11:"ArrayObject":17:{x:i:0;N;;m:a:0:{}}"#;
        assert_eq!(read(Version::V7_0, broken), Err(ErrorClass::UnexpectedValueException));
    }

    #[test]
    fn a_complaint_is_made_when_all_is_read_and_a_wrong_type_at_once() {
        let date = r#"a:1:{i:0;O:8:"DateTime":0:{}"#;
        assert_eq!(read(Version::V8_2, date), Err(ErrorClass::Error));
        let trace = "O:9:\"Exception\":1:{s:16:\"\0Exception\0trace\";s:1:\"a\";}";
        assert_eq!(read(Version::V8_0, trace), Err(ErrorClass::TypeError));
        assert!(read(Version::V7_4, trace).unwrap().is_some());
    }

    #[test]
    fn no_class_is_asked_that_is_not_allowed() {
        let php = Php::new(Version::V8_2);
        let text = br#"O:11:"Traversable":0:{}"#;
        assert!(Reader::new(&php, text, Allowed::Nothing, MAX_DEPTH).whole().unwrap().is_some());
        assert!(Reader::new(&php, text, Allowed::All, MAX_DEPTH).whole().is_err());
    }
}
