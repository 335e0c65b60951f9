//! The oracle's operators on dates.

use legacy_compat::call::Outcome;
use legacy_compat::date::{self, Fault, Interval, Moment, Period, Zone};
use legacy_compat::{Array, ErrorClass, Php, Thrown, Value};

/// The answer of an operator on dates; none for another one.
pub fn call(php: &Php, operator: &str, args: &[Value]) -> Option<Outcome> {
    let call = Call { php, args };
    Some(match operator {
        "date" => call.modified(),
        "datefmt" => call.by_format(),
        "datetz" => call.in_zone(),
        "dateadd" => call.added(),
        "diff" => call.difference(),
        "interval" => call.interval(0).map(|interval| interval.format(php, call.text(1)).into()),
        "period" => call.period(),
        _ => return None,
    })
}

struct Call<'a> {
    php: &'a Php,
    args: &'a [Value],
}

impl Call<'_> {
    fn text(&self, index: usize) -> &[u8] {
        self.args.get(index).and_then(Value::as_bytes).unwrap_or_default()
    }

    fn moment(&self, text: usize, zone: usize) -> Result<Moment, Thrown> {
        Moment::new(self.php, self.text(text), &Zone::new(self.php, self.text(zone))?)
    }

    fn interval(&self, index: usize) -> Result<Interval, Thrown> {
        Interval::new(self.php, self.text(index))
    }

    fn shown(&self, moment: &Moment, format: usize) -> Value {
        moment.format(self.php, self.text(format)).into()
    }

    /// (time, zone, modification or null, format)
    fn modified(&self) -> Outcome {
        let moment = self.moment(0, 1)?;
        let modified = match self.args.get(2) {
            Some(Value::Str(text)) => moment.modify(self.php, text)?,
            _ => Some(moment),
        };
        Ok(modified.map_or(Value::FALSE, |moment| self.shown(&moment, 3)))
    }

    /// (format, text, zone, output format)
    fn by_format(&self) -> Outcome {
        let zone = Zone::new(self.php, self.text(2))?;
        if self.php.is_8() && self.text(1).contains(&0) {
            return Err(Thrown::new(ErrorClass::ValueError, "must not contain any null bytes"));
        }
        let read = date::from_format(self.php, self.text(0), self.text(1), &zone);
        let shown = read.moment.map_or(Value::FALSE, |moment| self.shown(&moment, 3));
        Ok(vec![shown, faults(&read.warnings), faults(&read.errors)].into())
    }

    /// (time, zone, other zone, format)
    fn in_zone(&self) -> Outcome {
        let moment = self.moment(0, 1)?;
        let zone = Zone::new(self.php, self.text(2))?;
        Ok(self.shown(&moment.in_zone(self.php, &zone), 3))
    }

    /// (time, zone, interval, one with a minus is taken away, format)
    fn added(&self) -> Outcome {
        let moment = self.moment(0, 1)?;
        let moved = match self.text(2).strip_prefix(b"-") {
            Some(interval) => moment.sub(self.php, &Interval::new(self.php, interval)?),
            None => moment.add(self.php, &self.interval(2)?),
        };
        Ok(self.shown(&moved, 3))
    }

    /// (time, zone, time, zone, format[, absolute])
    fn difference(&self) -> Outcome {
        let absolute = self.args.get(5) == Some(&Value::TRUE);
        let interval = self.moment(0, 1)?.diff(self.php, &self.moment(2, 3)?, absolute);
        Ok(interval.format(self.php, self.text(4)).into())
    }

    /// (time, zone, interval, recurrences, format)
    fn period(&self) -> Outcome {
        let recurrences = self.args.get(3).and_then(Value::as_int).unwrap_or(0);
        let period = Period::new(self.php, self.moment(0, 1)?, self.interval(2)?, recurrences)?;
        let shown: Array = period.iter(self.php).map(|moment| self.shown(&moment, 4)).collect();
        Ok(shown.into())
    }
}

fn faults(list: &[Fault]) -> Value {
    let faults: Array = list.iter().map(|fault| (fault.at as i64, fault.message)).collect();
    faults.into()
}
