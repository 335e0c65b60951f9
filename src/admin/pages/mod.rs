//! The review pages: how far the takeover is, what differs, and what people decide of it.
//!
//! | path | page |
//! | --- | --- |
//! | `/` | [`progress`]: each route's stage, parity, gate, latency of both sides |
//! | `/inventory` | [`inventory`]: what no route names: what to take over next |
//! | `/login` | [`login`]: the way in, where people have to log in |
//! | `/routes/{name}` | [`route`]: what its gate asks for, its differences, its ledger |
//! | `/routes/{name}/move` | [`moves`]: what a move would be, to be confirmed |
//! | `/routes/{name}/coverage` | [`coverage`]: which lines of legacy no compared request has reached |
//! | `/differences` | [`differences`]: the clusters, unreviewed and worst first; several decided at once |
//! | `/differences/{id}` | [`cluster`]: the pairs side by side, and the decisions |
//!
//! Rendered here, without a build step and without anything from elsewhere. What came from traffic is text to them:
//! maud escapes all of it, and the pages' policy lets no script run but [`assets`]' own. Forms carry a token of whoever
//! sends them, which no other page can read.

mod assets;
mod chart;
mod cluster;
mod coverage;
mod differences;
mod document;
mod forms;
mod inventory;
mod login;
mod moves;
mod progress;
mod route;
mod shell;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use handover_shadow::{Reader, StoreError};
use maud::html;

use self::shell::Page;
use super::people::door::Door;
use crate::control::Control;
use crate::observe::chain;
use crate::route::Route;

/// What the pages are made from.
#[derive(Clone)]
pub(super) struct Pages {
    control: Arc<Control>,
    door: Arc<Door>,
}

/// All pages.
pub(super) fn router(control: Arc<Control>, door: Arc<Door>) -> Router {
    let pages = Pages { control, door };
    Router::new()
        .route("/", get(progress::page))
        .route("/routes/{name}", get(route::page))
        .route("/routes/{name}/move", get(moves::page))
        .route("/routes/{name}/coverage", get(coverage::page))
        .route("/differences", get(differences::page))
        .route("/differences/{id}", get(cluster::page))
        .route("/inventory", get(inventory::page))
        .route("/login", get(login::page))
        .route("/review/login", post(login::log_in))
        .route("/review/logout", post(login::log_out))
        .route("/review/move", post(moves::make))
        .route("/review/override", post(moves::set_override))
        .route("/review/decide", post(forms::decide))
        .route("/review/undo", post(forms::undo))
        .route("/review/legacy-only", post(forms::legacy_only))
        .layer(middleware::map_response(shell::policy))
        .route("/assets/{name}", get(assets::asset))
        .with_state(pages)
}

impl Pages {
    /// The route of that name.
    fn route(&self, name: &str) -> Result<Arc<Route>, Failure> {
        let generation = self.control.process.generations.load();
        let route = generation.route(name).map(Arc::clone);
        route.ok_or_else(|| Failure::Absent(format!("there is no route `{name}`")))
    }

    /// Reads the evidence, off the admin's thread. `None` where there is none yet.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Option<T>, Failure> {
        Ok(self.aside(|control| control.evidence()?.map(|reader| read(&reader)).transpose()).await??)
    }

    /// Runs what may wait for the disk, off the admin's thread.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Control) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let control = Arc::clone(&self.control);
        Ok(tokio::task::spawn_blocking(move || work(&control)).await?)
    }
}

/// A page that could not be made.
enum Failure {
    /// Something of ours failed.
    Ours(Box<dyn std::error::Error + Send + Sync>),
    /// There is no such thing.
    Absent(String),
    /// What was sent cannot be done.
    Refused(StatusCode, String),
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Ours(Box::new(error))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, what) = match self {
            Self::Ours(error) => (StatusCode::INTERNAL_SERVER_ERROR, chain(&*error)),
            Self::Absent(what) => (StatusCode::NOT_FOUND, what),
            Self::Refused(status, why) => (status, why),
        };
        let body = html! {
            h1 { (status.canonical_reason().unwrap_or("Failed")) }
            p { (what) }
            p { a href="/" { "Back to the progress" } }
        };
        (status, Page::bare("Failed").show(body)).into_response()
    }
}
