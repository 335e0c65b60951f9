//! Asks a schema registry, by Confluent's API.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use handover_schemas::{Kind, Reference, Source, TEXT_MAX, shown};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, RequestBuilder, StatusCode, Url};
use serde::{Deserialize, Serialize};

use crate::config::valid;
use crate::observe::chain;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long all may take that a schema refers to: each answer alone may take [`PATIENCE`].
const PATIENCE_FOR_ALL: Duration = Duration::from_secs(30);
/// The largest answer, in bytes.
const ANSWER_MAX: usize = 8 << 20;
/// The most schemas that one may refer to, by way of others too.
const REFERENCES_MAX: usize = 64;
/// What the API's media type is.
const MEDIA: &str = "application/vnd.schemaregistry.v1+json";

/// A registry cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Its CA's certificates cannot be read.
    #[error("the certificates for the schema registry cannot be read from {}", .0.display())]
    Certificates(PathBuf, #[source] Box<dyn std::error::Error + Send + Sync>),
    /// No client can be made.
    #[error("no client for the schema registry can be made")]
    Client(#[from] reqwest::Error),
}

/// A registry did not give what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// It has no such thing.
    #[error("the registry has no {0}")]
    Absent(String),
    /// It refuses.
    #[error("the registry answered {0}: {1}")]
    Refused(StatusCode, String),
    /// It cannot be reached, or broke off.
    #[error("the registry cannot be reached: {0}")]
    Unreachable(String),
    /// It answered something else.
    #[error("the registry answered what its API does not know: {0}")]
    Strange(String),
    /// It did not give all that a schema refers to.
    #[error("the registry did not give all that a schema refers to within {0:?}")]
    Slow(Duration),
    /// The password's file cannot be read.
    #[error("the registry's password cannot be read from {}: {}", .0.display(), .1)]
    Password(PathBuf, std::io::Error),
}

/// A schema as the API gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    schema: String,
    /// Left out for Avro.
    schema_type: Option<Kind>,
    #[serde(default)]
    references: Vec<Link>,
    /// Where a subject was asked for.
    id: Option<u32>,
}

/// What a schema refers to.
#[derive(Clone, Deserialize)]
struct Link {
    name: String,
    subject: String,
    version: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted<'a> {
    schema: &'a str,
    schema_type: Kind,
}

#[derive(Deserialize)]
struct Id {
    id: u32,
}

/// What is said of a failure.
#[derive(Deserialize)]
struct Said {
    message: String,
}

/// Asks one registry.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    login: Option<valid::Login>,
    /// How long all may take that a schema refers to.
    patience_for_all: Duration,
}

impl Client {
    pub(super) fn new(spec: &valid::Registry) -> Result<Self, ClientError> {
        // It may be installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A password goes to nobody else.
        let mut http = reqwest::Client::builder().timeout(PATIENCE).redirect(Policy::none());
        if let Some(file) = &spec.ca_file {
            let fault =
                |why: Box<dyn std::error::Error + Send + Sync>| ClientError::Certificates(file.clone(), why);
            let pem = std::fs::read(file).map_err(|why| fault(why.into()))?;
            let certificates = Certificate::from_pem_bundle(&pem).map_err(|why| fault(why.into()))?;
            http = http.tls_certs_only(certificates);
        }
        let (http, base, login) = (http.build()?, spec.url.clone(), spec.login.clone());
        Ok(Self { http, base, login, patience_for_all: PATIENCE_FOR_ALL })
    }

    /// The newest schema of a subject.
    pub(super) async fn latest(&self, subject: &str) -> Result<(u32, Source), AskError> {
        let what = format!("subject `{subject}`");
        let given: Given = self.get(&["subjects", subject, "versions", "latest"], &what).await?;
        let id = given.id.ok_or_else(|| AskError::Strange("a version without an id".to_owned()))?;
        Ok((id, self.whole(given).await?))
    }

    /// The schema of that id.
    pub(super) async fn by_id(&self, id: u32) -> Result<Source, AskError> {
        let given: Given = self.get(&["schemas", "ids", &id.to_string()], &format!("schema {id}")).await?;
        self.whole(given).await
    }

    /// The id that a schema has under a subject, where it is there.
    pub(super) async fn find(&self, subject: &str, source: &Source) -> Result<Option<u32>, AskError> {
        match self.post(&["subjects", subject], subject, source).await {
            Ok(id) => Ok(Some(id)),
            Err(AskError::Absent(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Has a schema under a subject, as its newest unless it is there already; gives its id.
    pub(super) async fn register(&self, subject: &str, source: &Source) -> Result<u32, AskError> {
        self.post(&["subjects", subject, "versions"], subject, source).await
    }

    async fn post(&self, path: &[&str], subject: &str, source: &Source) -> Result<u32, AskError> {
        let wanted = Wanted { schema: &source.text, schema_type: source.kind };
        let body = serde_json::to_vec(&wanted).map_err(|why| AskError::Strange(why.to_string()))?;
        let request = self.request(Method::POST, path).await?.header("Content-Type", MEDIA).body(body);
        let known: Id = answer(request, &format!("subject `{subject}`")).await?;
        Ok(known.id)
    }

    /// A schema with all that it refers to.
    async fn whole(&self, given: Given) -> Result<Source, AskError> {
        let kind = given.schema_type.unwrap_or(Kind::Avro);
        let mut room = TEXT_MAX;
        take_room(&mut room, &given.schema)?;
        let gathered = self.gathered(given.references, &mut room);
        let within = self.patience_for_all;
        let references =
            tokio::time::timeout(within, gathered).await.map_err(|_| AskError::Slow(within))??;
        Ok(Source { kind, text: given.schema, references })
    }

    /// All that is referred to, each behind those that it refers to itself, as far as there is room for the texts.
    async fn gathered(&self, links: Vec<Link>, room: &mut usize) -> Result<Vec<Reference>, AskError> {
        let mut references: Vec<Reference> = Vec::new();
        let mut asked = HashSet::new();
        // What is on top is looked at again, and taken, once all that it refers to is there.
        let mut open: Vec<(Link, Option<String>)> =
            links.into_iter().rev().map(|link| (link, None)).collect();
        while let Some((link, text)) = open.pop() {
            if let Some(text) = text {
                references.push(Reference { name: link.name, text });
                continue;
            }
            if !asked.insert((link.subject.clone(), link.version)) {
                continue;
            }
            if asked.len() > REFERENCES_MAX {
                return Err(AskError::Strange(format!(
                    "a schema that refers to more than {REFERENCES_MAX} others"
                )));
            }
            let (subject, version) = (&link.subject, link.version);
            let what = format!("version {version} of subject `{}`, which a schema refers to", shown(subject));
            let given: Given =
                self.get(&["subjects", subject, "versions", &version.to_string()], &what).await?;
            take_room(room, &given.schema)?;
            open.push((link, Some(given.schema)));
            open.extend(given.references.into_iter().rev().map(|link| (link, None)));
        }
        Ok(references)
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, path: &[&str], what: &str) -> Result<T, AskError> {
        answer(self.request(Method::GET, path).await?, what).await
    }

    async fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder, AskError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self.http.request(method, url).header("Accept", format!("{MEDIA}, application/json"));
        let Some(login) = &self.login else { return Ok(request) };
        // Read each time: it may have been replaced.
        let password = tokio::fs::read_to_string(&login.password_file).await;
        let password = password.map_err(|why| AskError::Password(login.password_file.clone(), why))?;
        Ok(request.basic_auth(&login.user, Some(password.trim_end_matches(['\r', '\n']))))
    }
}

fn take_room(room: &mut usize, text: &str) -> Result<(), AskError> {
    let too_long =
        || AskError::Strange(format!("a schema of more than {TEXT_MAX} bytes, with what it refers to"));
    *room = room.checked_sub(text.len()).ok_or_else(too_long)?;
    Ok(())
}

async fn answer<T: for<'de> Deserialize<'de>>(request: RequestBuilder, what: &str) -> Result<T, AskError> {
    let unreachable = |why: reqwest::Error| AskError::Unreachable(chain(&why));
    let mut answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + piece.len() > ANSWER_MAX {
            return Err(AskError::Strange(format!("more than {ANSWER_MAX} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    match status {
        StatusCode::OK => serde_json::from_slice(&body).map_err(|why| AskError::Strange(shown(why))),
        StatusCode::NOT_FOUND => Err(AskError::Absent(what.to_owned())),
        status => {
            let said = serde_json::from_slice(&body).map(|said: Said| shown(said.message));
            Err(AskError::Refused(status, said.unwrap_or_else(|_| "it does not say why".to_owned())))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::Router;
    use axum::extract::Path;
    use axum::routing::get;
    use serde_json::json;

    use super::*;

    /// A client of a registry in which each schema is that long and refers to the version behind it, and which takes its time.
    async fn client(length: usize, takes: Duration, patience: Duration) -> Client {
        let version = move |Path((_, version)): Path<(String, String)>| async move {
            tokio::time::sleep(takes).await;
            let next = version.parse::<i64>().unwrap_or(0) + 1;
            let next = json!([{"name": format!("R{next}"), "subject": "s", "version": next}]);
            json!({"id": 1, "schema": "x".repeat(length), "references": next}).to_string()
        };
        let router = Router::new().route("/subjects/{subject}/versions/{version}", get(version));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let spec = valid::Registry {
            url: url.parse().unwrap(),
            login: None,
            ca_file: None,
            refresh: Duration::from_secs(60),
        };
        Client { patience_for_all: patience, ..Client::new(&spec).unwrap() }
    }

    #[tokio::test]
    async fn what_a_schema_refers_to_is_waited_for_within_a_bound() {
        let client = client(1, Duration::from_millis(100), Duration::from_secs(1)).await;
        let since = Instant::now();
        let error = client.latest("s").await.unwrap_err();
        assert!(matches!(error, AskError::Slow(_)), "{error}");
        assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    }

    #[tokio::test]
    async fn what_a_schema_refers_to_is_as_long_and_as_many_as_one_may_be() {
        for (length, said) in [(TEXT_MAX / 5, "more than 4194304 bytes"), (1, "more than 64 others")] {
            let client = client(length, Duration::ZERO, Duration::from_secs(60)).await;
            let error = client.latest("s").await.unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
