//! Tells a URL that a route was taken back: a POST of JSON, tried a few times.

use std::time::Duration;

use serde::Serialize;

use crate::route::Stage;

/// How often it is tried.
const TRIES: u32 = 4;

/// The pause after the first try; it doubles.
const PAUSE: Duration = Duration::from_secs(1);

/// How long one try may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is told.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Told {
    /// The route's name.
    pub route: String,
    /// Where it was.
    pub from: Stage,
    /// Where it is.
    pub to: Stage,
    /// Why.
    pub why: String,
}

/// Tells it. What cannot be told is logged: the route is back all the same.
pub(crate) async fn tell(url: String, told: Told) {
    let mut pause = PAUSE;
    for tried in 1..=TRIES {
        match send(&url, &told).await {
            Ok(()) => return,
            Err(why) if tried == TRIES => {
                tracing::error!(
                    route = told.route,
                    url,
                    "the webhook of a rollback could not be told: {why}"
                );
            }
            Err(why) => {
                tracing::warn!(
                    route = told.route,
                    url,
                    tried,
                    "the webhook of a rollback is tried again: {why}"
                );
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}

async fn send(url: &str, told: &Told) -> Result<(), reqwest::Error> {
    // It may be installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    client.post(url).json(told).send().await?.error_for_status().map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::http::StatusCode;

    use super::*;

    #[tokio::test]
    async fn it_is_tried_again_until_it_is_told() {
        let (asked, listener) =
            (Arc::new(AtomicU32::new(0)), tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let count = Arc::clone(&asked);
        let answer = move |body: String| {
            assert!(body.contains(r#""route":"a""#) && body.contains(r#""to":"shadow""#), "{body}");
            let first = count.fetch_add(1, Ordering::Relaxed) == 0;
            std::future::ready(if first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT })
        };
        let router = axum::Router::new().route("/hook", axum::routing::post(answer));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let told = Told { route: "a".into(), from: Stage::Native, to: Stage::Shadow, why: "failed".into() };
        tell(url, told).await;
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        server.abort();
    }
}
