//! A recorded request, as routing and handlers see one.

use std::net::IpAddr;

use handover_api::Request;
use handover_shadow::RecordedRequest;
use http::Method;

use crate::route::{Asked, Values};

/// A recorded request, for routing.
pub(super) struct Recalled<'a>(pub(super) &'a RecordedRequest);

impl Asked for Recalled<'_> {
    fn method(&self) -> &[u8] {
        self.0.method.as_bytes()
    }

    fn path(&self) -> &[u8] {
        self.0.target.split(|byte| *byte == b'?').next().unwrap_or_default()
    }

    fn host(&self) -> Option<&[u8]> {
        self.0.fields.get("host")
    }

    fn field(&self, name: &str) -> Values<'_> {
        let mut values =
            self.0.fields.iter().filter(|field| field.is(name)).map(|field| field.value().as_ref());
        match (values.next(), values.next()) {
            (None, _) => Values::Absent,
            (Some(one), None) => Values::One(one),
            (Some(first), Some(_)) => Values::Several(first),
        }
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    /// The last of all draws: in a share only if that is everything.
    fn draw(&self) -> f64 {
        1.0 - f64::EPSILON
    }
}

/// A recorded request, for a handler; `None` where its method or a field of it is none.
pub(crate) fn request(recorded: &RecordedRequest) -> Option<Request> {
    let method = Method::from_bytes(recorded.method.as_bytes()).ok()?;
    let builder = Request::builder(method, recorded.target.clone()).fields(recorded.fields.clone());
    let with_params = |builder: handover_api::RequestBuilder, (name, value): &(String, bytes::Bytes)| {
        builder.param(name.clone(), value.clone())
    };
    let builder = recorded.params.iter().fold(builder, with_params);
    builder.body(recorded.body.bytes().clone()).build().ok()
}
