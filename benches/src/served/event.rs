//! An event as clients send it.

use std::borrow::Cow;

use serde::Deserialize;

/// An event.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    #[serde(borrow)]
    pub campaign: Cow<'a, str>,
    #[serde(borrow)]
    pub country: Cow<'a, str>,
    #[serde(borrow)]
    pub state: Cow<'a, str>,
    #[serde(borrow)]
    pub device: Cow<'a, str>,
    #[serde(borrow)]
    pub os: Cow<'a, str>,
    pub ts: i64,
    pub price: f64,
    #[serde(borrow)]
    pub currency: Cow<'a, str>,
    pub width: i64,
    pub height: i64,
    #[serde(borrow)]
    pub referrer: Cow<'a, str>,
    #[serde(borrow)]
    pub user: User<'a>,
    #[serde(borrow)]
    pub tags: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    pub ip: Cow<'a, str>,
    #[serde(borrow)]
    pub lang: Cow<'a, str>,
    #[serde(borrow)]
    pub session: Cow<'a, str>,
    #[serde(borrow)]
    pub version: Cow<'a, str>,
}

/// Who caused it.
#[derive(Debug, Deserialize)]
pub(crate) struct User<'a> {
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    pub age: i64,
    pub consent: bool,
}
