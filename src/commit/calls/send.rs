//! One call, tried until it is taken.

use std::time::{Duration, SystemTime};

use handover_api::Call;
use handover_spool::Frame;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::sync::Semaphore;

use crate::commit::spool::body::Spooled;
use crate::observe::chain;

/// The most calls that are on the network at once.
const AT_ONCE: usize = 32;
/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first and the longest wait before it is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(60));

/// Why a call was not taken.
enum NotTaken {
    /// It may be later.
    Yet(String),
    /// It never will.
    Ever(String),
}

/// Sends calls.
pub(super) struct Sender {
    client: Client,
    free: Semaphore,
    calls_for: Duration,
}

impl Sender {
    /// Each call is tried for that long.
    pub(super) fn new(calls_for: Duration) -> Self {
        // It may be installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What a redirected call would do elsewhere, nobody has asked for.
        let client = Client::builder().timeout(PATIENCE).redirect(Policy::none()).build().unwrap_or_default();
        Self { client, free: Semaphore::new(AT_ONCE), calls_for }
    }

    /// Makes the call of a frame; `again` is told of each further try.
    pub(super) async fn make(&self, frame: &Frame, again: impl Fn()) -> Result<(), String> {
        let spooled = Spooled::decode(frame.body.clone()).map_err(|error| error.to_string())?;
        let Some(call) = spooled.calls.first() else { return Err("it is no call".to_owned()) };
        let mut back_off = BACK_OFF.0;
        loop {
            let why = match self.once(call).await {
                Ok(()) => return Ok(()),
                Err(NotTaken::Ever(why)) => return Err(format!("{} {}: {why}", call.method, call.url)),
                Err(NotTaken::Yet(why)) => why,
            };
            let made = SystemTime::UNIX_EPOCH + Duration::from_millis(frame.time);
            if made.elapsed().unwrap_or_default() + back_off > self.calls_for {
                return Err(format!("{} {}, for {:?}: {why}", call.method, call.url, self.calls_for));
            }
            tracing::debug!(url = call.url, why, "an HTTP call is tried again in {back_off:?}");
            again();
            tokio::time::sleep(back_off).await;
            back_off = (back_off * 2).min(BACK_OFF.1);
        }
    }

    async fn once(&self, call: &Call) -> Result<(), NotTaken> {
        let _turn = self.free.acquire().await;
        let mut request = self.client.request(call.method.clone(), &call.url).body(call.body.clone());
        for (name, value) in &call.fields {
            let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
            else {
                return Err(NotTaken::Ever(format!("`{name}` is no header field")));
            };
            request = request.header(name, value);
        }
        let answer = match request.send().await {
            Ok(answer) => answer.status(),
            Err(error) if error.is_builder() => return Err(NotTaken::Ever(chain(&error))),
            Err(error) => return Err(NotTaken::Yet(chain(&error))),
        };
        let later = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];
        match answer {
            taken if taken.is_success() => Ok(()),
            status if status.is_server_error() || later.contains(&status) => {
                Err(NotTaken::Yet(format!("it answered {status}")))
            }
            status => Err(NotTaken::Ever(format!("it answered {status}"))),
        }
    }
}
