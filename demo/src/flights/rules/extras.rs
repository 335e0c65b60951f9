//! What only some feeds send: passengers, fuel, fares, remarks, partners, crews (`120_extras.php`).

use legacy_compat::{Array, Str, Value, cast};

use crate::flights::{
    flight::Flight,
    intake::Intake,
    php::{
        BLANKS, PHP, Pattern, amount, crc32, h, is_numeric, loose_eq, lower, number, number_format, pattern,
        round, strip_tags, stripos, text, trim, ucwords, upper, without,
    },
};

static KILOS: Pattern = pattern!(r"(?i)\s*kg$");
static EUROPEAN: Pattern = pattern!(r"^\d{1,3}(\.\d{3})*,\d+$");
static PRICE: Pattern = pattern!(r"^([$]|USD|EUR|CAD|GBP)\s*([\d.,]+)$");
static WHITE: Pattern = pattern!(r"\s+");
static SEPARATORS: Pattern = pattern!(r"[,;\/]+");
static FLIGHT: Pattern = pattern!(r"^[A-Z0-9]{2}\d{1,4}$");

/// `rules_extras()`
pub(in crate::flights) fn rules_extras(i: &mut Intake<'_>, f: &mut Flight) {
    if let Some(pax) = f.pax.filter(|pax| *pax > 853) {
        i.err("F163", "pax", "are more than any plane holds", pax);
    } else if f.pax == Some(0) && !f.is_cancelled() {
        i.warn("F164", "pax", "a flight without passengers");
    }
    rules_fuel(i, f);
    rules_fare(i, f);
    rules_remarks(i, f);
    rules_codeshares(i, f);
    rules_crew(i, f);
    rules_reference(i, f);
}

/// 5400, "5400.5", "5.400,5" (the European offices), "5 400 kg", "1e3"
fn rules_fuel(i: &mut Intake<'_>, f: &mut Flight) {
    let Value::Str(given) = f.fuel_kg.clone() else { return };
    let mut fuel = KILOS.replace(b"", &given);
    if EUROPEAN.matches(&fuel) {
        fuel = without(&fuel, b".")
            .iter()
            .map(|byte| if *byte == b',' { '.' } else { char::from(*byte) })
            .collect::<String>()
            .into();
        i.fix("F165");
    }
    let fuel = without(&fuel, b" ");
    if !is_numeric(&fuel) {
        f.fuel_kg = Value::Null;
        return i.err("F166", "fuel_kg", "must be a number", given);
    }
    let fuel = cast::string_to_float(&fuel);
    if !(0.0..=250_000.0).contains(&fuel) {
        let message = text!["must be 0 to ", number_format(250_000.0, 0), ", not ", fuel];
        i.err("F167", "fuel_kg", message, fuel);
    }
    if let Some(miles) = f.distance.filter(|miles| *miles != 0) {
        let burn = fuel / miles as f64;
        if burn < 0.5 {
            i.warn("F168", "fuel_kg", text![round(burn, 3), " kg a mile is a glider"]);
        }
    }
    f.fuel_kg = round(fuel, 2).into();
}

fn rules_fare(i: &mut Intake<'_>, f: &mut Flight) {
    let Some(given) = &mut f.fare else { return };
    if let Some(m) = PRICE.groups::<3>(given) {
        *given = m[2].clone();
        f.currency = Some(if m[1].as_bytes() == b"$" { "USD".into() } else { m[1].clone() });
        i.fix("F169");
    }
    let fare = without(given, b",");
    if !is_numeric(&fare) {
        return i.err("F170", "fare", "must be an amount", given.clone());
    }
    let fare = number(&fare);
    if !(0.0..100_000.0).contains(&fare) {
        i.err("F171", "fare", "must be 0 to 99,999.99", given.clone());
    }
    let currency = match &f.currency {
        None => {
            i.fix("F172");
            "USD".into()
        }
        Some(given) => {
            let currency = upper(given);
            if !matches!(currency.as_bytes(), b"USD" | b"EUR" | b"CAD" | b"GBP") {
                i.err("F173", "currency", "is not traded here", given.clone());
            }
            currency
        }
    };
    f.currency = Some(currency);
    f.fare = Some(amount(fare));
}

/// Texts for people end up in web pages, so they are made harmless here (and again there, see ticket 881).
fn rules_remarks(i: &mut Intake<'_>, f: &mut Flight) {
    let Some(given) = &f.remarks else { return };
    let mut text = WHITE.replace(b" ", &strip_tags(given));
    if text != *given {
        i.fix("F174");
    }
    let word =
        [&b"test"[..], b"asdf", b"lorem ipsum"].into_iter().find(|word| stripos(&text, word).is_some());
    if word.is_some() && text.len() < 40 {
        i.err("F175", "remarks", text!["looks like a test: ", h(&text)], text.clone());
    }
    // 255 is the column's width, in bytes: a cut letter makes the field null in JSON
    if text.len() > 255 {
        text = Str::new(&text[..255]);
        i.fix("F176");
    }
    let harmless = h(&text);
    f.remarks = Some(if harmless.is_empty() { text } else { harmless });
}

/// "LH7601, ac 3011" or a list of them
fn rules_codeshares(i: &mut Intake<'_>, f: &mut Flight) {
    let list = match &f.codeshares {
        Value::Null => return,
        Value::Array(list) => list.clone(),
        other => {
            i.fix("F177");
            SEPARATORS.split(&cast::to_str(&PHP, other))
        }
    };
    let mut clean: Vec<Str> = Vec::new();
    for item in list.values() {
        let item_text = cast::to_str(&PHP, item);
        let code = upper(&without(&item_text, b" "));
        if !FLIGHT.matches(&code) {
            i.err("F178", "codeshares", text![h(&item_text), " is no flight number"], item.clone());
        } else if loose_eq(&code[..2], f.carrier.clone()) {
            i.warn("F179", "codeshares", text![&code, " is of the carrier itself"]);
        } else {
            clean.push(code);
        }
    }
    if clean.len() > 8 {
        i.err("F180", "codeshares", "at most 8", clean.len());
    }
    // holes stay: array_unique() keeps the keys, so a double makes an object in JSON
    let unique = unique(&clean);
    if unique.len() < clean.len() {
        i.fix("F181");
    }
    f.codeshares = unique.into();
}

/// `array_unique()` of a list of texts: the first of each, under the key that it had.
pub(in crate::flights) fn unique<T: AsRef<[u8]>>(list: &[T]) -> Array {
    let first = |at: usize| !list[..at].iter().any(|other| other.as_ref() == list[at].as_ref());
    list.iter()
        .enumerate()
        .filter(|(at, _)| first(*at))
        .map(|(at, text)| (at as i64, Value::string(text)))
        .collect()
}

fn rules_crew(i: &mut Intake<'_>, f: &mut Flight) {
    let crew = match &f.crew {
        Value::Null => return,
        Value::Array(crew) => crew.clone(),
        other => cast::to_str(&PHP, other).split(|byte| *byte == b',').map(Value::string).collect(),
    };
    let mut names = Array::new();
    for (role, name) in crew.iter() {
        let name = cast::to_str(&PHP, name);
        let name = ucwords(&lower(trim(&name, BLANKS)));
        if name.is_empty() {
            continue; // F182
        }
        if name.iter().any(|byte| byte.is_ascii_digit() || b"_@".contains(byte)) {
            i.err("F183", text!["crew.", role.to_str()], "is no name", name.clone());
        }
        names.insert(role, name);
    }
    if names.len() == 1 {
        i.err("F184", "crew", "nobody flies alone", names.clone());
    }
    f.crew = names.into();
}

/// Six letters or digits, the last a check digit: crc32 of the others.
fn rules_reference(i: &mut Intake<'_>, f: &mut Flight) {
    let Some(given) = &f.reference else { return };
    let padding = "0".repeat(6_usize.saturating_sub(given.len()));
    let reference: Str = text![padding, upper(given)].into();
    if reference.len() != 6 || !reference.iter().all(u8::is_ascii_alphanumeric) {
        i.err("F185", "ref", "must be six letters or digits", given.clone());
    } else if !loose_eq(&reference[5..], crc32(&reference[..5]) % 10) {
        i.err("F186", "ref", "has a wrong check digit", reference.clone());
    }
    f.reference = Some(reference);
}
