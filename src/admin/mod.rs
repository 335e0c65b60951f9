//! The operators' door: health, metrics, status, and what can be changed at run time.
//!
//! | method, path | what |
//! | --- | --- |
//! | `GET /healthz` | 200 as long as the process runs |
//! | `GET /readyz` | 200 when it takes requests; 503 with the reason while it drains |
//! | `GET /metrics` | Prometheus' text form |
//! | `GET /api/status` | [`Status`] |
//! | `POST /api/reload` | reads the files again; answers with the outcome once every core can see it |
//! | `POST /api/legacy-only` | `{"on": true, "reason": "…"}`: everything to legacy but what is retired |

mod guard;
mod metrics;
mod status;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};

pub use status::{RouteStatus, Status};

use crate::control::Control;
use crate::observe::chain;
use crate::process::Phase;

/// What `POST /api/legacy-only` takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegacyOnlyAsked {
    /// Whether legacy is to answer everything.
    pub on: bool,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Who asks.
    #[serde(default)]
    pub who: String,
}

/// What `POST /api/legacy-only` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LegacyOnlyApplied {
    /// Whether it is in effect.
    pub applied: bool,
    /// How many routes it moves.
    pub routes: usize,
}

/// All of the admin.
pub(crate) fn router(control: Arc<Control>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/status", get(status))
        .layer(middleware::from_fn(guard::guard))
        .with_state(control)
}

async fn readyz(State(control): State<Arc<Control>>) -> Response {
    match *control.process.phase.borrow() {
        Phase::Serving => "ready\n".into_response(),
        Phase::Draining => (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response(),
    }
}

async fn metrics(State(control): State<Arc<Control>>) -> Response {
    ([("content-type", "text/plain; version=0.0.4")], metrics::text(&control)).into_response()
}

async fn status(State(control): State<Arc<Control>>) -> Json<Status> {
    Json(Status::of(&control.process))
}
