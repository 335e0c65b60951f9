//! The functions that take arrays: what each is given.

use legacy_compat::{Array, Key, Object, Value};

pub struct Row {
    pub functions: &'static str,
    pub arguments: fn(&Array) -> Vec<Value>,
}

const fn row(functions: &'static str, arguments: fn(&Array) -> Vec<Value>) -> Row {
    Row { functions, arguments }
}

pub type Maker = (&'static str, fn(usize) -> Array);

/// In no order, but always the same.
fn shuffled(at: usize, len: usize) -> usize {
    at * 7919 % len.max(1)
}

/// Arrays of so many elements.
pub const MAKERS: &[Maker] = &[
    ("integers", |len| (0..len as i64).map(Value::Int).collect()),
    ("integers, the largest first", |len| (0..len as i64).rev().map(Value::Int).collect()),
    ("one integer", |len| (0..len).map(|_| Value::Int(1)).collect()),
    ("numeric texts", |len| (0..len).map(|at| Value::from(shuffled(at, len).to_string())).collect()),
    ("texts", |len| (0..len).map(|at| Value::from(format!("k{}", shuffled(at, len)))).collect()),
    ("texts under names", |len| {
        let pair = |at: usize| {
            (Key::from(format!("k{at}").as_str()), Value::from(format!("v{}", shuffled(at, len))))
        };
        (0..len).map(pair).collect()
    }),
    ("under sparse numbers", |len| {
        (0..len).map(|at| (Key::Int(at as i64 * 3), Value::Int(at as i64))).collect()
    }),
    ("lists", |len| (0..len).map(|at| Value::from(vec![Value::from(at), Value::from("a")])).collect()),
    ("objects", |len| {
        let object = |at: usize| Object::std([(Key::from("a"), Value::from(at))].into_iter().collect());
        (0..len).map(|at| Value::Object(object(at))).collect()
    }),
];

fn alone(array: &Array) -> Vec<Value> {
    vec![array.clone().into()]
}

fn twice(array: &Array) -> Vec<Value> {
    vec![array.clone().into(), array.clone().into()]
}

fn searched(array: &Array) -> Vec<Value> {
    vec!["nowhere".into(), array.clone().into()]
}

pub const ROWS: &[Row] = &[
    row(
        "count sizeof array_keys array_values end reset array_key_first array_key_last array_is_list array_flip array_sum \
         array_product array_count_values array_change_key_case array_pop array_shift array_reverse array_unique \
         array_filter array_multisort sort rsort asort arsort ksort krsort natsort natcasesort json_encode serialize \
         var_export http_build_query implode join max min array_merge array_merge_recursive array_replace \
         array_replace_recursive filter_var_array mb_check_encoding mb_convert_encoding",
        alone,
    ),
    row("count", |array| vec![array.clone().into(), 1.into()]),
    row("sort rsort asort arsort ksort krsort array_unique", |array| vec![array.clone().into(), 2.into()]),
    row("sort asort array_unique", |array| vec![array.clone().into(), 6.into()]),
    row("array_unique", |array| vec![array.clone().into(), 0.into()]),
    row(
        "array_diff array_diff_assoc array_diff_key array_intersect array_intersect_assoc array_intersect_key array_merge \
         array_merge_recursive array_replace array_replace_recursive array_combine array_push array_unshift \
         array_multisort max array_fill_keys",
        twice,
    ),
    row("array_udiff array_uintersect array_udiff_assoc array_uintersect_assoc array_diff_assoc", |array| {
        vec![array.clone().into(), array.clone().into(), "strcmp".into()]
    }),
    row("usort uasort uksort array_filter array_reduce", |array| vec![array.clone().into(), "strcmp".into()]),
    row("array_map", |array| vec!["strlen".into(), array.clone().into()]),
    row("in_array array_search array_key_exists key_exists implode join array_map", searched),
    row("array_slice array_splice array_chunk", |array| vec![array.clone().into(), 3.into()]),
    row("array_pad", |array| vec![array.clone().into(), (2 * array.len()).into(), 0.into()]),
    row("array_column", |array| vec![array.clone().into(), 0.into(), 0.into()]),
    row("array_column", |array| vec![array.clone().into(), "a".into()]),
    row("str_replace str_ireplace substr_replace", |array| {
        vec!["a".into(), "b".into(), array.clone().into()]
    }),
    row("substr_replace", |array| vec![array.clone().into(), array.clone().into(), 1.into(), 1.into()]),
    row("preg_grep", |array| vec!["/1/".into(), array.clone().into()]),
    row("preg_replace", |array| vec!["/1/u".into(), "x".into(), array.clone().into()]),
    row("vsprintf", |array| vec!["%s %s".into(), array.clone().into()]),
    row("array_keys", |array| vec![array.clone().into(), 1.into()]),
];

/// Functions of arrays that PHP itself makes cost more.
pub const LEFT_OUT: &[(&str, &str)] = &[(
    "array_diff_ukey array_diff_uassoc array_udiff_uassoc array_intersect_ukey array_intersect_uassoc \
     array_uintersect_uassoc",
    "PHP asks the callback about every pair of keys",
)];
