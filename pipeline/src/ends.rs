//! Responses and records as they are made of a request's variables.

use bytes::Bytes;
use handover_api::{Once, Record as ApiRecord, Response as ApiResponse};
use legacy_compat::{Value, cast, json};

use crate::expr::error::{EvalError, Evaluated};
use crate::expr::eval::{Frame, Program};
use crate::expr::op::Id;

/// All ways to end.
pub(crate) struct Ends {
    pub responses: Vec<Response>,
    pub records: Vec<Record>,
    /// What makes two requests the same event.
    pub once: Option<Id>,
    pub pass: usize,
    pub fail: usize,
}

/// A response.
pub(crate) struct Response {
    pub status: u16,
    pub fields: Vec<(String, Id)>,
    pub body: Body,
}

/// What is sent.
pub(crate) enum Body {
    Json(Id),
    Text(Id),
    Empty,
}

/// A Kafka record.
pub(crate) struct Record {
    pub when: Option<Id>,
    pub topic: Id,
    pub key: Option<Id>,
    pub value: Body,
    pub headers: Vec<(String, Id)>,
}

/// `JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION`
pub(crate) const STRICT_JSON: i64 = 64 | 256 | 1024;

/// What texts are made with.
pub(crate) struct Writer<'f> {
    pub program: &'f Program,
    pub frame: &'f Frame,
    pub json_flags: i64,
}

impl Writer<'_> {
    fn text(&self, id: Id) -> Evaluated<Vec<u8>> {
        Ok(cast::to_str(&self.frame.php, &*self.program.get(id, self.frame)?).to_vec())
    }

    fn body(&self, body: &Body) -> Evaluated<Bytes> {
        Ok(match body {
            Body::Json(id) => self.json(&*self.program.get(*id, self.frame)?)?.into(),
            Body::Text(id) => self.text(*id)?.into(),
            Body::Empty => Bytes::new(),
        })
    }

    fn json(&self, value: &Value) -> Evaluated<Vec<u8>> {
        let encoded = json::encode(&self.frame.php, value, self.json_flags);
        encoded.map_err(|why| EvalError::Function("json", why.to_string().into()))
    }

    /// The response.
    pub(crate) fn response(&self, response: &Response) -> Evaluated<ApiResponse> {
        let mut made = ApiResponse::new(response.status).body(self.body(&response.body)?);
        for (name, value) in &response.fields {
            let field = made.fields.append(name.clone(), self.text(*value)?);
            field.map_err(|why| EvalError::Function("a header field", why.to_string().into()))?;
        }
        Ok(made)
    }

    /// The idempotency mark; `None` where its key is empty.
    pub(crate) fn once(&self, key: Id) -> Evaluated<Option<Once>> {
        let key = self.text(key)?;
        Ok((!key.is_empty()).then(|| Once::by(key)))
    }

    /// The record; `None` where its condition does not hold.
    pub(crate) fn record(&self, record: &Record) -> Evaluated<Option<ApiRecord>> {
        if let Some(when) = record.when
            && !self.program.truth(when, self.frame)?
        {
            return Ok(None);
        }
        let topic = String::from_utf8(self.text(record.topic)?);
        let topic = topic.map_err(|_| EvalError::Function("topic", "it is not UTF-8".into()))?;
        let mut made = ApiRecord::new(topic, self.body(&record.value)?);
        if let Some(key) = record.key {
            made = made.key(self.text(key)?);
        }
        for (name, value) in &record.headers {
            made = made.header(name.clone(), self.text(*value)?);
        }
        Ok(Some(made))
    }
}
