//! What the pages' forms do. Every one needs the token of this process, which stands in our pages only.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use handover_shadow::{DecideError, Decider, NotDecided, Verb};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Failure, Pages};
use crate::config::reload::note;

/// The token: 128 random bits, new with each process.
#[derive(Clone, Copy)]
pub(super) struct Token([u8; 16]);

impl Token {
    /// A new one.
    pub(super) fn new() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        Self(bytes)
    }

    fn text(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The field that a form carries it in.
    pub(super) fn field(self) -> Markup {
        html! { input type="hidden" name="token" value=(self.text()); }
    }

    fn check(self, given: &str) -> Result<(), Failure> {
        let (mine, given) = (self.text(), given.as_bytes());
        // Not at the first difference, which would tell how much was right.
        let differs = mine.bytes().zip(given).fold(0, |differs, (a, b)| differs | (a ^ b));
        if given.len() == mine.len() && differs == 0 {
            return Ok(());
        }
        let why = "this form is not of the running process: open the page again, and send it from there";
        Err(Failure::Refused(StatusCode::FORBIDDEN, why.to_owned()))
    }
}

/// A decision on one cluster or several.
#[derive(Deserialize)]
pub(super) struct Decided {
    token: String,
    /// Their numbers, with commas between.
    clusters: String,
    verb: String,
    who: String,
    why: String,
}

/// Decides.
pub(super) async fn decide(
    State(pages): State<Pages>,
    headers: HeaderMap,
    Form(asked): Form<Decided>,
) -> Result<Redirect, Failure> {
    pages.token.check(&asked.token)?;
    let verb = match asked.verb.as_str() {
        "accept" => Verb::Accept,
        "ignore" => Verb::Ignore { kind: None },
        "bug" => Verb::Bug,
        "comment" => Verb::Comment,
        other => return Err(refused(format!("`{other}` is nothing that can be decided"))),
    };
    let clusters: Result<Vec<i64>, _> =
        asked.clusters.split(',').filter(|id| !id.is_empty()).map(str::parse).collect();
    let clusters = clusters.map_err(|_| refused("the clusters have no numbers".to_owned()))?;
    if clusters.is_empty() {
        return Err(refused("nothing is selected: choose at least one difference".to_owned()));
    }
    changed(&pages, move |decider| {
        clusters.iter().try_for_each(|id| decider.decide(*id, &verb, &asked.who, &asked.why).map(drop))
    })
    .await?;
    Ok(Redirect::to(&back(&headers)))
}

/// A decision to take back.
#[derive(Deserialize)]
pub(super) struct Undone {
    token: String,
    cluster: i64,
    who: String,
}

/// Takes the latest decision back.
pub(super) async fn undo(
    State(pages): State<Pages>,
    headers: HeaderMap,
    Form(asked): Form<Undone>,
) -> Result<Redirect, Failure> {
    pages.token.check(&asked.token)?;
    changed(&pages, move |decider| decider.undo(asked.cluster, &asked.who).map(drop)).await?;
    Ok(Redirect::to(&back(&headers)))
}

/// Everything to legacy, or the end of it.
#[derive(Deserialize)]
pub(super) struct LegacyOnly {
    token: String,
    on: bool,
    who: String,
    why: String,
}

/// Sends everything to legacy, or ends that.
pub(super) async fn legacy_only(
    State(pages): State<Pages>,
    Form(asked): Form<LegacyOnly>,
) -> Result<Redirect, Failure> {
    pages.token.check(&asked.token)?;
    let note = asked.on.then(|| note(asked.who, asked.why));
    pages.control.legacy_only(note).await?.map_err(Failure::Ours)?;
    Ok(Redirect::to("/"))
}

async fn changed(
    pages: &Pages,
    change: impl FnOnce(&mut Decider) -> Result<(), DecideError> + Send + 'static,
) -> Result<(), Failure> {
    let done = pages.aside(move |control| {
        change(&mut Decider::open(&control.store)?)?;
        // What waited for this decision need not wait longer.
        control.gate().forget();
        Ok::<_, DecideError>(())
    });
    done.await?.map_err(|error| match error {
        DecideError::NotDecided(NotDecided::NoCluster(id)) => {
            Failure::Absent(format!("there is no difference {id}"))
        }
        DecideError::NotDecided(why) => refused(why.to_string()),
        DecideError::Store(error) => error.into(),
    })
}

fn refused(why: String) -> Failure {
    Failure::Refused(StatusCode::UNPROCESSABLE_ENTITY, why)
}

/// The page that the form stood on. Only its path is taken, so that no form leads elsewhere.
fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    let path =
        referer.and_then(|url| url.split_once("://")?.1.split_once('/')).map(|(_, path)| format!("/{path}"));
    path.filter(|path| path.starts_with("/differences")).unwrap_or_else(|| "/differences".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_token_passes() {
        let (mine, other) = (Token::new(), Token::new());
        assert!(mine.check(&mine.text()).is_ok());
        for given in [other.text(), String::new(), mine.text()[1..].to_owned(), format!("{}0", mine.text())] {
            assert!(mine.check(&given).is_err(), "{given}");
        }
    }

    #[test]
    fn a_form_leads_back_to_our_own_page_only() {
        let from = |referer: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, referer.parse().unwrap());
            back(&headers)
        };
        assert_eq!(from("http://127.0.0.1:8081/differences/7?x=1"), "/differences/7?x=1");
        assert_eq!(from("http://evil.example//differences"), "/differences");
        assert_eq!(from("nonsense"), "/differences");
    }
}
