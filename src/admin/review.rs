//! What people look at and decide: gates, clusters, the ledger.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use handover_shadow::{DecideError, Decider, NotDecided, Reader, StoreError, Verb};
use serde::Deserialize;
use serde_json::json;

use super::people::Person;
use super::{evidence, failed};
use crate::control::{Control, NotYours};

/// What `POST /api/clusters/{id}/decide` takes.
#[derive(Debug, Deserialize)]
pub(super) struct Decided {
    #[serde(flatten)]
    verb: Verb,
    #[serde(default)]
    who: String,
    why: String,
}

/// What `POST /api/clusters/{id}/undo` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Undone {
    #[serde(default)]
    who: String,
}

/// What the gate of each route says that has one.
pub(super) async fn gates(State(control): State<Arc<Control>>) -> Response {
    let generation = control.process.generations.load();
    let all = move || {
        let routes = generation.config.routes.iter().filter(|route| route.gate.is_some());
        let said = control.gate().assess_all(routes.map(|route| &**route));
        said.into_iter().map(|said| said.assessment).collect::<Vec<_>>()
    };
    match tokio::task::spawn_blocking(all).await {
        Ok(said) => Json(said).into_response(),
        Err(error) => failed(&error),
    }
}

/// What one route's gate says; that of the profile `standard` where it has none.
pub(super) async fn gate(State(control): State<Arc<Control>>, Path(name): Path<String>) -> Response {
    let generation = control.process.generations.load();
    let Some(route) = generation.route(&name).cloned() else {
        return (StatusCode::NOT_FOUND, "no such route\n").into_response();
    };
    match tokio::task::spawn_blocking(move || control.gate().assess(&route.spec)).await {
        Ok(said) => Json(said).into_response(),
        Err(error) => failed(&error),
    }
}

/// The clusters of all routes' newest evidence, with how they stand.
pub(super) async fn clusters(State(control): State<Arc<Control>>) -> Response {
    read(control, evidence::clusters).await
}

/// One cluster: its decisions, the newest first, and its pairs, the smallest first.
pub(super) async fn cluster(State(control): State<Arc<Control>>, Path(id): Path<i64>) -> Response {
    read(control, move |reader| {
        Ok(json!({ "id": id, "decisions": reader.decisions(id)?, "pairs": reader.pairs(id)? }))
    })
    .await
}

/// Takes a decision.
pub(super) async fn decide(
    State(control): State<Arc<Control>>,
    person: Person,
    Path(id): Path<i64>,
    Json(Decided { verb, who, why }): Json<Decided>,
) -> Response {
    let who = person.name_or(&who);
    let (by, what, asked) = (who.clone(), verb.clone(), Arc::clone(&control));
    match tokio::task::spawn_blocking(move || asked.may_decide(id, &by, &what)).await {
        Ok(Ok(())) => decided(control, move |decider| decider.decide(id, &verb, &who, &why)).await,
        Ok(Err(NotYours::OwnWork(why))) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
        Ok(Err(NotYours::Store(error))) => failed(&error),
        Err(error) => failed(&error),
    }
}

/// Takes a decision back.
pub(super) async fn undo(
    State(control): State<Arc<Control>>,
    person: Person,
    Path(id): Path<i64>,
    Json(Undone { who }): Json<Undone>,
) -> Response {
    let who = person.name_or(&who);
    decided(control, move |decider| decider.undo(id, &who)).await
}

/// The ledger as far as it can be relied upon, and whether that is all of it.
pub(super) async fn ledger(State(control): State<Arc<Control>>) -> Response {
    match tokio::task::spawn_blocking(move || control.gate().ledger().read()).await {
        Ok(Ok(read)) => {
            let (entries, broken) = match read {
                Ok(entries) => (entries, None),
                Err((entries, broken)) => (entries, Some(broken.to_string())),
            };
            Json(json!({ "entries": entries, "broken": broken })).into_response()
        }
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

async fn read<T: serde::Serialize + Send + 'static>(
    control: Arc<Control>,
    read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(move || control.evidence()?.map(|reader| read(&reader)).transpose())
        .await
    {
        Ok(Ok(Some(found))) => Json(found).into_response(),
        Ok(Ok(None)) => (StatusCode::NOT_FOUND, "there is no evidence yet\n").into_response(),
        Ok(Err(error)) => failed(&error),
        Err(error) => failed(&error),
    }
}

async fn decided<T: serde::Serialize + Send + 'static>(
    control: Arc<Control>,
    decide: impl FnOnce(&mut Decider) -> Result<T, DecideError> + Send + 'static,
) -> Response {
    let path = control.store.clone();
    let done = tokio::task::spawn_blocking(move || decide(&mut Decider::open(&path)?)).await;
    match done {
        Ok(Ok(decision)) => {
            // What waited for this decision need not wait longer.
            control.gate().forget();
            Json(decision).into_response()
        }
        Ok(Err(DecideError::NotDecided(why))) => {
            let status = match why {
                NotDecided::NoCluster(_) => StatusCode::NOT_FOUND,
                NotDecided::NothingToUndo(_) => StatusCode::CONFLICT,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            (status, format!("{why}\n")).into_response()
        }
        Ok(Err(DecideError::Store(error))) => failed(&error),
        Err(error) => failed(&error),
    }
}
