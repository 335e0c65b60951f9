//! `GET /api/record`: experiments as they are judged, redacted, in the form of a recording, for as long as somebody reads.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use handover_shadow::recording::{Recorded, RecordingWriter};
use serde::Deserialize;
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::io::ReaderStream;

use crate::control::Control;
use crate::mirror::recordings::{RECORDERS_MAX, Wish};

/// What is written ahead of a reader, in bytes.
const AHEAD: usize = 256 * 1024;

/// How often an empty line says that the recording goes on, so that a reader that has gone is noticed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

/// How long a reader may take for one piece: who takes nothing holds up to a queue of experiments in memory.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    route: Option<String>,
    #[serde(default = "all")]
    share: f64,
}

fn all() -> f64 {
    1.0
}

pub(super) async fn record(State(control): State<Arc<Control>>, Query(asked): Query<Asked>) -> Response {
    let refuse = |why: String| (StatusCode::UNPROCESSABLE_ENTITY, why + "\n").into_response();
    if !(0.0..=1.0).contains(&asked.share) {
        return refuse(format!("{} is no share: write a number from 0 to 1", asked.share));
    }
    let generation = control.process.generations.load();
    if let Some(route) = asked.route.as_deref().filter(|route| generation.route(route).is_none()) {
        return refuse(format!("there is no route {route}"));
    }
    let Some(recorded) = control.process.recordings.begin(Wish { route: asked.route, share: asked.share })
    else {
        let why = format!("{RECORDERS_MAX} recordings are under way already\n");
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    };
    let (to, from) = tokio::io::duplex(AHEAD);
    tokio::spawn(write(to, recorded));
    let body = Body::from_stream(ReaderStream::new(from));
    ([("content-type", "application/x-ndjson")], body).into_response()
}

/// Ends when the reader has gone, or takes nothing any more.
async fn write(mut to: DuplexStream, mut recorded: mpsc::Receiver<Box<Recorded>>) {
    let mut next = RecordingWriter::begin(Vec::new()).map(RecordingWriter::into_inner);
    while let Ok(line) = next {
        for piece in line.chunks(AHEAD) {
            let Ok(Ok(())) = timeout(PATIENCE, to.write_all(piece)).await else { return };
        }
        next = match timeout(SIGN_OF_LIFE, recorded.recv()).await {
            Ok(Some(recorded)) => line_of(&recorded),
            Ok(None) => return,
            Err(_) => Ok(b"\n".to_vec()),
        };
    }
}

fn line_of(recorded: &Recorded) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(recorded)?;
    line.push(b'\n');
    Ok(line)
}
