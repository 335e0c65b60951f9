//! A route that writes rows by SQL and answers the id that the database gave: effects of the application's own.
//!
//! `POST /reports` stores a report on a flight, and where it is urgent an alert, too. The handler decides which rows; the
//! `rows` room commits them, and sees which of them legacy wrote.

mod rows;

use std::process::ExitCode;

use handover::Proxy;
use handover_api::{Answer, Context, Decline, Handler, HandlerError, Outcome, Own, Request, Response};
use serde::{Deserialize, Serialize};

use rows::Database;

/// What clients send.
#[derive(Deserialize)]
struct Sent {
    flight: String,
    text: String,
    #[serde(default)]
    urgent: bool,
}

/// A row of either table, as it is compared and committed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Row {
    flight: String,
    text: String,
}

struct CreateReport;

impl Handler for CreateReport {
    async fn handle(&self, request: &Request, _: &Context) -> Outcome {
        let Ok(Sent { flight, text, urgent }) = serde_json::from_slice(request.body()) else {
            return Decline::because("no report").into();
        };
        let row = serde_json::to_vec(&Row { flight, text }).map_err(HandlerError::new)?;
        let mut answer =
            Answer::new(Response::new(201)).with(Own::new("reports", row.clone()).receipt("report", "0"));
        if urgent {
            answer = answer.with(Own::new("alerts", row));
        }
        answer
            .finish(|_, receipts| Ok(Response::json(201, format!(r#"{{"id":{}}}"#, receipts.get("report")?))))
            .into()
    }
}

fn main() -> ExitCode {
    let file = std::env::var_os("REPORTS_DB").unwrap_or_else(|| "reports.sqlite".into());
    let database = match Database::open(file.as_ref()) {
        Ok(database) => database,
        Err(why) => {
            eprintln!("{}: {why}", file.display());
            return ExitCode::FAILURE;
        }
    };
    Proxy::builder()
        .handler("create_report", CreateReport)
        .commits("reports", database.table("reports"))
        .commits("alerts", database.table("alerts"))
        .observes("reports", database.table("reports"))
        .run()
}

#[cfg(test)]
mod tests {
    use handover_api::testing::Frozen;
    use http::Method;

    use super::*;

    #[tokio::test]
    async fn a_report_is_a_row_and_an_urgent_one_an_alert_too() {
        let body = r#"{"flight":"UA1545","text":"late","urgent":true}"#;
        let request = Request::builder(Method::POST, "/reports").body(body).build().unwrap();
        let answer = Frozen::default().choosing("report", "17").run(&CreateReport, &request).await;
        let row = r#"{"flight":"UA1545","text":"late"}"#;
        let effects =
            [Own::new("reports", row).receipt("report", "0").into(), Own::new("alerts", row).into()];
        assert_eq!(
            (answer.response, &answer.effects[..]),
            (Response::json(201, r#"{"id":17}"#), &effects[..])
        );
    }
}
