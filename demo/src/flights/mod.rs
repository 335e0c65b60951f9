//! `POST /v1/flights`, natively: the legacy's intake (`demo/legacy/includes/intake.php`), rule by rule.
//!
//! | here | there |
//! | --- | --- |
//! | [`CreateFlight`] | `pages/flights.php`, `intake()` |
//! | `input` | `includes/input.php` |
//! | `intake` | `includes/rules.php`, `run_rules()` |
//! | `rules/` | `includes/rules/`, file by file, function by function |
//! | `enrich` | `includes/enrich.php` |
//! | `php` | what the rules need of PHP, from `legacy-compat` |
//!
//! Up to the end of `rules/types` values are PHP's, with all their looseness; there they become a
//! `flight::Flight`, whose fields have one type each.

mod enrich;
mod flight;
mod input;
mod intake;
mod php;
mod rules;
mod strtotime;
mod tables;
mod time;
mod versions;

use handover_api::{Answer, Context, Decline, Handler, HandlerError, Outcome, Record, Request, Response};
use legacy_compat::Value;

use crate::APP_VERSION;

use self::{
    input::{Input, read_client, read_input},
    intake::Intake,
    php::{map, to_json},
    tables::Tables,
};

/// Where accepted flights go.
const TOPIC: &str = "flights.v1";
/// Errors beyond these are counted, not shown.
const MAX_ERRORS: usize = 20;

/// Takes one flight record in: checks it, and hands it to `flights.v1`.
///
/// It reads the tables `airports`, `planes` and `airlines` (keyed by their first column), the time `received_at` and
/// the id `id`. Multipart forms, which no known client sends, it leaves to legacy.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateFlight;

impl Handler for CreateFlight {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let (record, format) = match read_input(request) {
            Input::Record(record, format) => (record, format),
            Input::Refused(status, error) => return respond(status, &error)?.into(),
            Input::Multipart => return Decline::because("multipart form").into(),
        };
        let tables = Tables::read(cx)?;
        let now = cx.now("received_at").await?;
        let mut intake = Intake::new(&tables, read_client(request, format), now.as_second());
        let Some(flight) = intake.run_rules(record) else {
            return respond(422, &intake.rejection(MAX_ERRORS))?.into();
        };

        let id =
            cx.id("id", |bytes: [u8; 16]| bytes.iter().map(|byte| format!("{byte:02x}")).collect()).await?;
        let received_at = time::utc_text(now.as_second());
        let key = flight.key();
        let value = to_json(&enrich::enrich(&intake, &flight, &id, &received_at));
        let accepted = map([
            ("status", "accepted".into()),
            ("id", Value::from(id.as_str())),
            ("received_at", received_at.into()),
            ("key", key.as_str().into()),
            ("warnings", intake.warnings()),
            ("links", links(&flight)),
        ]);
        let record = Record::new(TOPIC, value).key(key).header("event-id", id);
        respond(202, &accepted)?.with(record).into()
    }
}

fn links(flight: &flight::Flight) -> Value {
    map([
        ("airport", php::text!["/v1/airports/", &flight.dest].into()),
        ("recent", php::text!["/v1/flights/recent?carrier[]=", &flight.carrier].into()),
    ])
}

/// `send_json()`, with the headers of `public/index.php`.
fn respond(status: u16, data: &Value) -> Result<Answer, HandlerError> {
    let response = Response::new(status)
        .field("X-Powered-By", "Flight Intake")?
        .field("X-App-Version", APP_VERSION)?
        .field("Content-Type", "application/json")?
        .field("Cache-Control", "no-cache, must-revalidate")?
        .body(to_json(data));
    Ok(Answer::new(response))
}
