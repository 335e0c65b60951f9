//! What the pages' forms do. Every one needs the token that stands in the pages of whoever sends it, and nowhere else.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Redirect;
use handover_shadow::{DecideError, Decider, NotDecided, Verb};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Failure, Pages};
use crate::admin::people::Person;
use crate::config::reload::note;
use crate::control::NotYours;
use crate::route::legacy_only::WayBack;

/// What a form may do that carries that token, and by whom: the known name, or the one that the form says.
pub(super) fn checked(person: &Person, token: &str, said: &str) -> Result<String, Failure> {
    if person.token.is(token) { Ok(person.name_or(said)) } else { Err(foreign()) }
}

/// A form that is not of one of our pages, or of those of a process that has ended.
pub(super) fn foreign() -> Failure {
    let why = "this form is not of the running process: open the page again, and send it from there";
    Failure::Refused(StatusCode::FORBIDDEN, why.to_owned())
}

/// Where nobody is known, the form asks for the name.
pub(super) fn name_field(person: &Person) -> Markup {
    html! {
        @if person.name.is_none() {
            label { "Your name" input name="who" required autocomplete="username" data-who; }
        }
    }
}

/// A decision on one cluster or several.
#[derive(Deserialize)]
pub(super) struct Decided {
    token: String,
    /// Their numbers, with commas between.
    clusters: String,
    verb: String,
    #[serde(default)]
    who: String,
    why: String,
}

/// Decides.
pub(super) async fn decide(
    State(pages): State<Pages>,
    person: Person,
    headers: HeaderMap,
    Form(asked): Form<Decided>,
) -> Result<Redirect, Failure> {
    let who = checked(&person, &asked.token, &asked.who)?;
    let verb = match asked.verb.as_str() {
        "accept" => Verb::Accept,
        "ignore" => Verb::Ignore { kind: None },
        "bug" => Verb::Bug,
        "comment" => Verb::Comment,
        other => return Err(refused(format!("`{other}` is nothing that can be decided"))),
    };
    let clusters = numbers(&asked.clusters)?;
    let (ids, by, what) = (clusters.clone(), who.clone(), verb.clone());
    let own =
        pages.aside(move |control| ids.iter().try_for_each(|id| control.may_decide(*id, &by, &what))).await?;
    own.map_err(|why| match why {
        NotYours::OwnWork(why) => Failure::Refused(StatusCode::FORBIDDEN, why.to_string()),
        NotYours::Store(error) => error.into(),
    })?;
    changed(&pages, move |decider| {
        clusters.iter().try_for_each(|id| decider.decide(*id, &verb, &who, &asked.why).map(drop))
    })
    .await?;
    Ok(Redirect::to(&back(&headers)))
}

fn numbers(clusters: &str) -> Result<Vec<i64>, Failure> {
    let numbers: Result<Vec<i64>, _> =
        clusters.split(',').filter(|id| !id.is_empty()).map(str::parse).collect();
    let numbers = numbers.map_err(|_| refused("the clusters have no numbers".to_owned()))?;
    if numbers.is_empty() {
        return Err(refused("nothing is selected: choose at least one difference".to_owned()));
    }
    Ok(numbers)
}

/// Decisions to take back.
#[derive(Deserialize)]
pub(super) struct Undone {
    token: String,
    clusters: String,
    #[serde(default)]
    who: String,
}

/// Takes the latest decision on each back.
pub(super) async fn undo(
    State(pages): State<Pages>,
    person: Person,
    headers: HeaderMap,
    Form(asked): Form<Undone>,
) -> Result<Redirect, Failure> {
    let who = checked(&person, &asked.token, &asked.who)?;
    let clusters = numbers(&asked.clusters)?;
    changed(&pages, move |decider| clusters.iter().try_for_each(|id| decider.undo(*id, &who).map(drop)))
        .await?;
    Ok(Redirect::to(&back(&headers)))
}

/// Everything to legacy, or the end of it.
#[derive(Deserialize)]
pub(super) struct LegacyOnly {
    token: String,
    on: bool,
    #[serde(default)]
    who: String,
    why: String,
    /// Within how many seconds; empty for at once.
    #[serde(default)]
    ramp_seconds: String,
}

/// Sends everything to legacy, or ends that.
pub(super) async fn legacy_only(
    State(pages): State<Pages>,
    person: Person,
    Form(asked): Form<LegacyOnly>,
) -> Result<Redirect, Failure> {
    let who = checked(&person, &asked.token, &asked.who)?;
    let ramp_seconds = match asked.ramp_seconds.as_str() {
        "" => None,
        seconds => Some(seconds.parse().map_err(|_| {
            Failure::Refused(StatusCode::BAD_REQUEST, "`ramp_seconds` is no number".to_owned())
        })?),
    };
    let way_back = asked.on.then(|| WayBack { note: note(who, asked.why), ramp_seconds });
    pages.control.legacy_only(way_back).await?.map_err(Failure::Ours)?;
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

pub(super) fn refused(why: String) -> Failure {
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
