//! The operators' door: health, metrics, status, and what can be changed at run time.
//!
//! | method, path | what |
//! | --- | --- |
//! | `GET /` and what it links to | the review [`pages`] |
//! | `GET /healthz` | 200 as long as the process runs |
//! | `GET /readyz` | 200 when it takes requests; 503 while it drains, a php-fpm under it does not answer, or a table with `too_old = "unready"` is too old |
//! | `GET /metrics` | Prometheus' text form |
//! | `GET /api/status` | [`Status`] |
//! | `GET /api/parity` | what the evidence of each route comes to |
//! | `GET /api/gates`, `GET /api/gates/{route}` | what each gate says, or one route's |
//! | `GET /api/clusters` | in which ways the sides differ, with how each cluster stands |
//! | `GET /api/clusters/{id}` | its decisions and its pairs |
//! | `POST /api/clusters/{id}/decide` | `{"decision": "accept", "who": …, "why": …}`; or `ignore` (with a `kind`), `bug`, `comment` |
//! | `POST /api/clusters/{id}/undo` | `{"who": …}`: takes the latest decision back |
//! | `GET /api/ledger` | who moved which route when, verified |
//! | `GET /api/rules` | what each rule of the pipelines has seen, by route |
//! | `GET /api/record` | experiments as they are judged, redacted, as a recording; `?route=…&share=0.1` |
//! | `POST /api/reload` | reads the files again; answers with the outcome once every core can see it |
//! | `POST /api/tables/{name}/refresh` | asks a hot table's source now |
//! | `POST /api/legacies/{name}/reload` | has a managed php-fpm read its configuration and code anew |
//! | `POST /api/cache/purge` | `{"host": …, "path": …}`, each of which may be left out: throws out what is kept of legacy's answers |
//! | `POST /api/legacy-only` | `{"on": true, "reason": "…", "ramp_seconds": 600}`: everything to legacy but what is retired |

mod cache;
mod evidence;
mod guard;
mod metrics;
mod pages;
mod people;
mod record;
mod review;
mod rules;
mod status;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};

pub(crate) use people::access::{Access, TrustedProxy};
pub(crate) use people::door::local_file;
pub(crate) use people::{Role, token::secret, users};
pub use status::{RouteStatus, Status, TableStatus};

use self::people::Person;
use self::people::door::Door;
use crate::config::reload::note;
use crate::control::Control;
use crate::observe::chain;
use crate::observe::history::Load;
use crate::process::Phase;
use crate::route::legacy_only::WayBack;

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
    /// Within how many seconds legacy is to have everything; at once where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp_seconds: Option<u32>,
}

/// What `POST /api/legacy-only` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LegacyOnlyApplied {
    /// Whether it is in effect.
    pub applied: bool,
    /// How many routes it covers.
    pub routes: usize,
    /// Why a restart would forget it, when the disk did not take it.
    pub unkept: Option<String>,
    /// What legacy answered until then.
    #[serde(default)]
    pub load: Load,
}

/// All of the admin.
pub(crate) fn router(control: Arc<Control>) -> Router {
    let config = &control.process.generations.load().config;
    let door = Arc::new(Door::new(&config.access, &config.state));
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/api/status", get(status))
        .route("/api/parity", get(parity))
        .route("/api/gates", get(review::gates))
        .route("/api/gates/{route}", get(review::gate))
        .route("/api/clusters", get(review::clusters))
        .route("/api/clusters/{id}", get(review::cluster))
        .route("/api/clusters/{id}/decide", post(review::decide))
        .route("/api/clusters/{id}/undo", post(review::undo))
        .route("/api/ledger", get(review::ledger))
        .route("/api/rules", get(rules_seen))
        .route("/api/record", get(record::record))
        .route("/api/reload", post(reload))
        .route("/api/tables/{name}/refresh", post(refresh_table))
        .route("/api/legacies/{name}/reload", post(reload_legacy))
        .route("/api/cache/purge", post(cache::purge))
        .route("/api/legacy-only", post(legacy_only))
        .with_state(Arc::clone(&control))
        .merge(pages::router(control, Arc::clone(&door)))
        .layer(middleware::from_fn_with_state(Arc::clone(&door), people::door::pass))
        .layer(middleware::from_fn_with_state(door, guard::guard))
}

async fn readyz(State(control): State<Arc<Control>>) -> Response {
    let unready = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    match *control.process.phase.borrow() {
        Phase::Starting => return unready("starting\n".to_owned()),
        Phase::Serving => {}
        Phase::Unready | Phase::Draining => return unready("draining\n".to_owned()),
    }
    if let Some(table) = control.process.tables.keeps_unready() {
        return unready(format!("table `{table}` is not there, or older than its `max_age`\n"));
    }
    // A reload holds the pools while it waits for a new one; that is no reason to take no requests.
    let Ok(pools) = control.process.managed.try_lock() else { return "ready\n".into_response() };
    match pools.health().into_iter().find(|(_, answers)| !answers) {
        Some((legacy, _)) => unready(format!("php-fpm of legacy `{legacy}` does not answer\n")),
        None => "ready\n".into_response(),
    }
}

async fn metrics(State(control): State<Arc<Control>>) -> Response {
    ([("content-type", "text/plain; version=0.0.4")], metrics::text(&control)).into_response()
}

async fn status(State(control): State<Arc<Control>>) -> Json<Status> {
    Json(Status { refused: control.refused(), ..Status::of(&control.process) })
}

async fn rules_seen(State(control): State<Arc<Control>>) -> Json<Vec<rules::RouteRules>> {
    Json(rules::all(&control.process))
}

async fn parity(State(control): State<Arc<Control>>) -> Response {
    let read = tokio::task::spawn_blocking(move || evidence::all(&control)).await;
    match read {
        Ok(Ok(parities)) => Json(parities).into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

async fn reload(State(control): State<Arc<Control>>) -> Response {
    match control.reload().await {
        Ok(Ok(outcome)) => Json(outcome).into_response(),
        Ok(Err(why)) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{}\n", chain(&why))).into_response(),
        Err(error) => failed(&error),
    }
}

async fn legacy_only(
    State(control): State<Arc<Control>>,
    person: Person,
    Json(asked): Json<LegacyOnlyAsked>,
) -> Response {
    let who = if asked.who.is_empty() { "admin API".to_owned() } else { asked.who };
    let who = person.name_or(&who);
    let way_back =
        asked.on.then(|| WayBack { note: note(who, asked.reason), ramp_seconds: asked.ramp_seconds });
    let load = control.history.load(&control.process.metrics);
    match control.legacy_only(way_back).await {
        Ok(Ok(applied)) => {
            let unkept = applied.unkept.map(|why| why.to_string());
            Json(LegacyOnlyApplied { applied: true, routes: applied.routes, unkept, load }).into_response()
        }
        Ok(Err(error)) => failed(&*error),
        Err(error) => failed(&error),
    }
}

async fn refresh_table(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Response {
    done(control.process.tables.refresh(&name), "no such table")
}

async fn reload_legacy(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Response {
    done(control.process.managed.lock().await.reload(&name).await, "no such managed legacy")
}

fn done(found: bool, otherwise: &str) -> Response {
    if found {
        StatusCode::ACCEPTED.into_response()
    } else {
        (StatusCode::NOT_FOUND, format!("{otherwise}\n")).into_response()
    }
}

fn failed(error: &dyn std::error::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{}\n", chain(error))).into_response()
}
