//! Compiles responses and records.

use toml::Spanned;

use super::build::Builder;
use super::raw::{self, At};
use crate::ends::{Body, Ends, Record, Response};

impl Builder<'_> {
    /// The responses and records of a file.
    pub(super) fn ends(&mut self, file: &raw::File) -> Option<Ends> {
        let responses: Vec<_> =
            file.response.values().map(|response| self.one_response(response, &file.fields)).collect();
        let records: Vec<_> = file.record.iter().map(|record| self.one_record(record)).collect();
        let once = file.once.as_ref().map(|once| self.template(once));
        let at = |name: &str| file.response.keys().position(|known| known == name);
        let (pass, fail) = (at("pass"), at("fail"));
        for (name, place) in [("pass", pass), ("fail", fail)] {
            if place.is_none() {
                self.fault(0..0, format!("`[response.{name}]` is missing: what does the client get?"));
            }
        }
        Some(Ends {
            responses: responses.into_iter().collect::<Option<_>>()?,
            records: records.into_iter().collect::<Option<_>>()?,
            once: super::build::flat(once)?,
            pass: pass?,
            fail: fail?,
        })
    }

    fn one_response(&mut self, raw: &Spanned<raw::Response>, common: &[(String, At)]) -> Option<Response> {
        let response = raw.get_ref();
        let given = |name: &String| response.fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let common = common.iter().filter(|(name, _)| !given(name));
        let fields: Vec<_> = common.chain(&response.fields).collect();
        let fields: Vec<_> =
            fields.into_iter().map(|(name, value)| Some((name.clone(), self.template(value)?))).collect();
        let body = self.body(response.json.as_ref(), response.text.as_ref(), raw.span());
        if !(200..=599).contains(&response.status) {
            self.fault(raw.span(), format!("{} is no status of a response", response.status));
        }
        Some(Response {
            status: response.status,
            fields: fields.into_iter().collect::<Option<_>>()?,
            body: body?,
        })
    }

    fn body(&mut self, json: Option<&At>, text: Option<&At>, span: std::ops::Range<usize>) -> Option<Body> {
        Some(match (json, text) {
            (Some(json), None) => Body::Json(self.expr(json)?.id),
            (None, Some(text)) => Body::Text(self.template(text)?),
            (None, None) => Body::Empty,
            (Some(_), Some(_)) => {
                self.fault(span, "it is either JSON or a text");
                return None;
            }
        })
    }

    fn one_record(&mut self, raw: &Spanned<raw::Record>) -> Option<Record> {
        let record = raw.get_ref();
        let when = self.condition(record.when.as_ref());
        let topic = self.template(&record.topic);
        let key = record.key.as_ref().map(|key| self.template(key));
        let value = self.body(record.json.as_ref(), record.value.as_ref(), raw.span());
        let headers: Vec<_> =
            record.headers.iter().map(|(name, value)| Some((name.clone(), self.template(value)?))).collect();
        Some(Record {
            when: when?,
            topic: topic?,
            key: super::build::flat(key)?,
            value: value?,
            headers: headers.into_iter().collect::<Option<_>>()?,
        })
    }
}
