//! A flight record: first as it came, then with a type for each field.

use legacy_compat::{Str, Value};

/// What a field holds once the types are sorted out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Time,
    Text,
    Flag,
    List,
    Map,
}

macro_rules! fields {
    ($($field:ident $name:literal $kind:ident,)*) => {
        /// Everything that the intake knows, in the order of `$fields` in `010_shape.php`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Field { $($field),* }

        impl Field {
            /// All of them.
            pub(super) const ALL: &[Field] = &[$(Field::$field),*];

            /// The field of that name.
            pub(super) fn named(name: &[u8]) -> Option<Field> {
                $(if name == $name.as_bytes() { return Some(Field::$field); })*
                None
            }

            /// Its name.
            pub(super) fn name(self) -> &'static str {
                match self { $(Field::$field => $name),* }
            }

            /// Its kind.
            pub(super) fn kind(self) -> Kind {
                match self { $(Field::$field => Kind::$kind),* }
            }
        }
    };
}

fields! {
    Year "year" Int,
    Month "month" Int,
    Day "day" Int,
    DepTime "dep_time" Time,
    SchedDepTime "sched_dep_time" Time,
    DepDelay "dep_delay" Int,
    ArrTime "arr_time" Time,
    SchedArrTime "sched_arr_time" Time,
    ArrDelay "arr_delay" Int,
    Carrier "carrier" Text,
    Flight "flight" Int,
    Tailnum "tailnum" Text,
    Origin "origin" Text,
    Dest "dest" Text,
    AirTime "air_time" Int,
    Distance "distance" Int,
    Hour "hour" Int,
    Minute "minute" Int,
    TimeHour "time_hour" Text,
    Date "date" Text,
    Status "status" Text,
    Cancelled "cancelled" Flag,
    CancelCode "cancel_code" Text,
    Diverted "diverted" Flag,
    DivertTo "divert_to" Text,
    Codeshares "codeshares" List,
    Crew "crew" List,
    Remarks "remarks" Text,
    Source "source" Text,
    Pax "pax" Int,
    FuelKg "fuel_kg" Text,
    Fare "fare" Text,
    Currency "currency" Text,
    Gate "gate" Text,
    Terminal "terminal" Text,
    DelayReasons "delay_reasons" Map,
    Contact "contact" Text,
    FiledAt "filed_at" Text,
    Ref "ref" Text,
    Aircraft "aircraft" Text,
}

/// A record whose values can still be anything: the legacy's `$f` in the first stage.
#[derive(Clone, Debug)]
pub(super) struct Raw(Vec<Value>);

impl Raw {
    /// A record of nulls.
    pub(super) fn new() -> Self {
        Raw(vec![Value::Null; Field::ALL.len()])
    }
}

impl std::ops::Index<Field> for Raw {
    type Output = Value;

    fn index(&self, field: Field) -> &Value {
        &self.0[field as usize]
    }
}

impl std::ops::IndexMut<Field> for Raw {
    fn index_mut(&mut self, field: Field) -> &mut Value {
        &mut self.0[field as usize]
    }
}

/// A record after the first stage: what is required is there, and each field has its type.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) dep_time: Option<i64>,
    pub(super) sched_dep_time: Option<i64>,
    pub(super) dep_delay: Option<i64>,
    pub(super) arr_time: Option<i64>,
    pub(super) sched_arr_time: Option<i64>,
    pub(super) arr_delay: Option<i64>,
    pub(super) carrier: Str,
    pub(super) flight: i64,
    pub(super) tailnum: Option<Str>,
    pub(super) origin: Str,
    pub(super) dest: Str,
    pub(super) air_time: Option<i64>,
    pub(super) distance: Option<i64>,
    pub(super) hour: Option<i64>,
    pub(super) minute: Option<i64>,
    pub(super) time_hour: Option<Str>,
    pub(super) status: Option<Str>,
    pub(super) cancelled: Option<bool>,
    pub(super) cancel_code: Option<Str>,
    pub(super) diverted: Option<bool>,
    pub(super) divert_to: Option<Str>,
    pub(super) codeshares: Value,
    pub(super) crew: Value,
    pub(super) remarks: Option<Str>,
    pub(super) source: Option<Str>,
    pub(super) pax: Option<i64>,
    /// The text that came, until the rules make a number of it.
    pub(super) fuel_kg: Value,
    pub(super) fare: Option<Str>,
    pub(super) currency: Option<Str>,
    pub(super) gate: Option<Str>,
    pub(super) terminal: Option<Str>,
    pub(super) delay_reasons: Value,
    pub(super) contact: Option<Str>,
    pub(super) filed_at: Option<Str>,
    pub(super) reference: Option<Str>,
    pub(super) aircraft: Option<Str>,
}

impl Flight {
    /// The typed record; `None` where the first stage's rules have not done their work.
    pub(super) fn typed(raw: &Raw) -> Option<Self> {
        let int = |field: Field| raw[field].as_int();
        let text = |field: Field| match &raw[field] {
            Value::Str(text) => Some(text.clone()),
            _ => None,
        };
        let flag = |field: Field| match raw[field] {
            Value::Bool(flag) => Some(flag),
            _ => None,
        };
        Some(Flight {
            year: int(Field::Year)?,
            month: int(Field::Month)?,
            day: int(Field::Day)?,
            dep_time: int(Field::DepTime),
            sched_dep_time: int(Field::SchedDepTime),
            dep_delay: int(Field::DepDelay),
            arr_time: int(Field::ArrTime),
            sched_arr_time: int(Field::SchedArrTime),
            arr_delay: int(Field::ArrDelay),
            carrier: text(Field::Carrier)?,
            flight: int(Field::Flight)?,
            tailnum: text(Field::Tailnum),
            origin: text(Field::Origin)?,
            dest: text(Field::Dest)?,
            air_time: int(Field::AirTime),
            distance: int(Field::Distance),
            hour: int(Field::Hour),
            minute: int(Field::Minute),
            time_hour: text(Field::TimeHour),
            status: text(Field::Status),
            cancelled: flag(Field::Cancelled),
            cancel_code: text(Field::CancelCode),
            diverted: flag(Field::Diverted),
            divert_to: text(Field::DivertTo),
            codeshares: raw[Field::Codeshares].clone(),
            crew: raw[Field::Crew].clone(),
            remarks: text(Field::Remarks),
            source: text(Field::Source),
            pax: int(Field::Pax),
            fuel_kg: raw[Field::FuelKg].clone(),
            fare: text(Field::Fare),
            currency: text(Field::Currency),
            gate: text(Field::Gate),
            terminal: text(Field::Terminal),
            delay_reasons: raw[Field::DelayReasons].clone(),
            contact: text(Field::Contact),
            filed_at: text(Field::FiledAt),
            reference: text(Field::Ref),
            aircraft: text(Field::Aircraft),
        })
    }

    /// Year, month and day.
    pub(super) fn date(&self) -> (i64, i64, i64) {
        (self.year, self.month, self.day)
    }

    /// `flight_key()`: the record's key.
    pub(super) fn key(&self) -> String {
        let carrier = self.carrier.to_string_lossy();
        format!("{carrier}{}-{:04}{:02}{:02}", self.flight, self.year, self.month, self.day)
    }

    /// `$f['cancelled']` as a condition.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled == Some(true)
    }
}
