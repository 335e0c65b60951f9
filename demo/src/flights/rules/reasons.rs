//! The reasons of a delay (`rules_reasons()` of `060_times.php`).

use legacy_compat::{Key, Value, cast};

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{PHP, array_sum, h, is_numeric, less, loose_eq, round, text},
};

/// `delay_reasons[weather]=12.5&delay_reasons[carrier]=3`
pub(super) fn rules_reasons(i: &mut Intake<'_>, f: &mut Flight) {
    let given = match &f.delay_reasons {
        Value::Null => return,
        Value::Array(given) => given.clone(),
        other => return i.err("F081", "delay_reasons", "must be a list by reason", other.clone()),
    };
    let mut reasons = given.clone();
    for (key, minutes) in given.iter() {
        let reason = key.to_str();
        let known =
            matches!(reason.as_bytes(), b"carrier" | b"weather" | b"nas" | b"security" | b"late_aircraft");
        let numeric = match minutes {
            Value::Int(_) | Value::Float(_) => true,
            Value::Str(text) => is_numeric(text),
            _ => false,
        };
        if !known {
            i.err("F082", "delay_reasons", text!["unknown reason: ", h(&reason)], minutes.clone());
        } else if !numeric || less(minutes.clone(), 0) {
            i.err("F083", text!["delay_reasons.", &reason], "must be minutes", minutes.clone());
        } else if loose_eq(minutes.clone(), 0) {
            reasons.remove(&key);
            i.fix("F084");
        } else {
            reasons.insert(Key::clone(&key), round(cast::to_float(&PHP, minutes), 1));
        }
    }
    let sum = array_sum(&reasons);
    // without an arr_delay the first is false and the second true: null is less than 15
    if let Some(delay) = f.arr_delay.filter(|delay| *delay >= 15)
        && (cast::to_float(&PHP, &sum) - delay as f64).abs() > 0.5
    {
        i.err("F085", "delay_reasons", text!["sum to ", &sum, ", not ", delay], sum);
    }
    if f.arr_delay.is_none_or(|delay| delay < 15) && !reasons.is_empty() {
        i.warn("F086", "delay_reasons", "given although on time");
    }
    f.delay_reasons = reasons.into();
}
