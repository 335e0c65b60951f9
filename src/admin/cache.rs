//! Throws out what is kept of legacy's answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::control::Control;

/// What `POST /api/cache/purge` takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Of that host, port included; of every host when not given.
    #[serde(default)]
    host: Option<String>,
    /// Of that path, with every query; of every path when not given.
    #[serde(default)]
    path: Option<String>,
}

/// What it answers.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Purged {
    /// How many answers were thrown out.
    purged: usize,
}

pub(super) async fn purge(State(control): State<Arc<Control>>, Json(asked): Json<Asked>) -> Json<Purged> {
    let purged = control.process.cache.purge(asked.host.as_deref(), asked.path.as_deref());
    Json(Purged { purged })
}
