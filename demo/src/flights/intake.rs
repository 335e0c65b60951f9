//! One flight's way through the rules, and what they found (`includes/rules.php`, `run_rules()`).

use legacy_compat::{Array, Value};

use super::{
    flight::Flight,
    input::Client,
    php::{Piece, map, text},
    rules,
    tables::Tables,
};

/// What the rules read besides the record, and what they write.
pub(super) struct Intake<'a> {
    /// The hot tables.
    pub(super) tables: &'a Tables,
    /// Who sends.
    pub(super) client: Client,
    /// Seconds since 1970.
    pub(super) now: i64,
    errors: Vec<Value>,
    warnings: Vec<Warning>,
    repairs: Vec<&'static str>,
}

/// A warning, kept apart because strict clients get it as an error.
struct Warning {
    code: &'static str,
    field: &'static str,
    message: Vec<u8>,
}

impl<'a> Intake<'a> {
    /// Before the first rule.
    pub(super) fn new(tables: &'a Tables, client: Client, now: i64) -> Self {
        Intake { tables, client, now, errors: Vec::new(), warnings: Vec::new(), repairs: Vec::new() }
    }

    /// Runs the stages; each ends the way at its errors, since later rules need what it has made sure of.
    pub(super) fn run_rules(&mut self, input: Array) -> Option<Flight> {
        let raw = rules::rules_shape(self, input)?;
        let raw = rules::rules_text(self, raw);
        let raw = rules::rules_forms(self, raw);
        let raw = rules::rules_types(self, raw);
        let mut f = Flight::typed(&raw).filter(|_| self.errors.is_empty())?;
        rules::rules_dates(self, &mut f);
        if !self.errors.is_empty() {
            return None;
        }
        rules::rules_carriers(self, &mut f);
        rules::rules_airports(self, &mut f);
        rules::rules_times(self, &mut f);
        rules::rules_hours(self, &mut f);
        rules::rules_planes(self, &mut f);
        rules::rules_routes(self, &mut f);
        rules::rules_status(self, &mut f);
        rules::rules_extras(self, &mut f);
        rules::rules_clients(self, &mut f);
        self.errors.is_empty().then_some(f)
    }

    /// `err()`
    pub(super) fn err(
        &mut self,
        code: &'static str,
        field: impl Piece,
        message: impl Piece,
        value: impl Into<Value>,
    ) {
        self.errors.push(map([
            ("code", code.into()),
            ("field", text![field].into()),
            ("message", text![message].into()),
            ("value", value.into()),
        ]));
    }

    /// `warn()`
    pub(super) fn warn(&mut self, code: &'static str, field: &'static str, message: impl Piece) {
        self.warnings.push(Warning { code, field, message: text![message] });
    }

    /// `fix()`: a silent repair.
    pub(super) fn fix(&mut self, code: &'static str) {
        self.repairs.push(code);
    }

    /// Strict clients get the warnings as errors, too (F200).
    pub(super) fn warnings_to_errors(&mut self) {
        for w in std::mem::take(&mut self.warnings) {
            self.err(w.code, w.field, text![&w.message, " (strict)"], ());
            self.warnings.push(w);
        }
    }

    /// The body of a 422.
    pub(super) fn rejection(&self, shown: usize) -> Value {
        map([
            ("status", "rejected".into()),
            ("count", self.errors.len().into()),
            ("errors", self.errors.iter().take(shown).cloned().collect::<Array>().into()),
            ("warnings", self.warnings()),
        ])
    }

    /// The warnings as the client sees them.
    pub(super) fn warnings(&self) -> Value {
        let shown = |w: &Warning| {
            map([("code", w.code.into()), ("field", w.field.into()), ("message", w.message.clone().into())])
        };
        self.warnings.iter().map(shown).collect::<Array>().into()
    }

    /// How many warnings there are.
    pub(super) fn warning_count(&self) -> usize {
        self.warnings.len()
    }

    /// `$repairs`
    pub(super) fn repairs(&self) -> &[&'static str] {
        &self.repairs
    }
}
