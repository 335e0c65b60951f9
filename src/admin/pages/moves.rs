//! Moves a route: first what the gate says and the change to its file, then the change.

use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use handover_shadow::Assessment;
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::{checked, name_field, refused};
use super::shell::Page;
use super::{Failure, Pages, route};
use crate::admin::people::{Person, Role};
use crate::config::edit::{self, Edited};
use crate::config::fault::shown_path;
use crate::config::reload::note;
use crate::control::Control;
use crate::route::overrides::StageOverride;
use crate::route::{Route, Stage};

/// Where a route is to go.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    to: Stage,
}

/// A move, looked at from all sides.
struct Looked {
    /// What the gate says, where it is asked.
    gate: Option<Assessment>,
    edited: Edited,
}

impl Looked {
    fn is_shut(&self) -> bool {
        self.gate.as_ref().is_some_and(|gate| !gate.open)
    }
}

fn look(control: &Control, route: &Route, to: Stage, force: Option<&str>) -> Result<Looked, Failure> {
    route.may_go_to(to).map_err(refused)?;
    let gate = (route.spec.gate.is_some() && to > Stage::Shadow && to > route.stage)
        .then(|| control.gate().assess(&route.spec));
    // A force is for a gate that is shut; one that is left in the file would force the next raise, too.
    let force = force.filter(|_| gate.as_ref().is_some_and(|gate| !gate.open));
    let edited =
        edit::set_stage(control.main(), route.name(), to, force).map_err(|why| refused(why.to_string()))?;
    Ok(Looked { gate, edited })
}

/// The page that shows what a move would be.
pub(super) async fn page(
    State(pages): State<Pages>,
    person: Person,
    Path(name): Path<String>,
    Query(Wanted { to }): Query<Wanted>,
) -> Result<Markup, Failure> {
    let route = pages.route(&name)?;
    let asked = std::sync::Arc::clone(&route);
    let looked = pages.aside(move |control| look(control, &asked, to, None)).await??;
    let patch = edit::patch(&looked.edited);
    Ok(Page::new(&pages, &person, "", &name).show(html! {
        p { a href=(format!("/routes/{name}")) { "← " (name) } }
        h1 { (name) ": " (route.spec.stage) " → " (to) }
        @if route.stage != route.spec.stage && let Some(why) = &route.overridden {
            p.warn { "At the moment it is at " (route.stage) ": " (why) }
        }
        @match &looked.gate {
            Some(gate) => (route::needs(gate, true)),
            None => p { "No gate is asked for this." },
        }
        h2 { "The change" }
        @if patch.is_empty() {
            p.empty { "The file has it at " (to) " already." }
        } @else {
            (diff(&patch))
            @if !person.may(Role::Operator) {
                p.faint { "An operator can make it." }
            } @else if edit::can_replace(&looked.edited.path) {
                (confirm(&person, &name, to, &looked))
            } @else {
                p.warn { (shown_path(&looked.edited.path)) " cannot be written from here. Where it comes from, the change above is a patch: "
                    code { "patch -p1" } " takes it." }
            }
        }
    }))
}

/// A patch, line by line.
fn diff(patch: &str) -> Markup {
    html! {
        pre.document.diff {
            @for line in patch.lines() {
                @match line.as_bytes().first() {
                    Some(b'+') => ins { (line) },
                    Some(b'-') => del { (line) },
                    _ => span { (line) },
                }
                "\n"
            }
        }
    }
}

fn confirm(person: &Person, name: &str, to: Stage, looked: &Looked) -> Markup {
    html! {
        form method="post" action="/review/move" {
            (person.token.field())
            input type="hidden" name="route" value=(name);
            input type="hidden" name="to" value=(to);
            input type="hidden" name="before" value=(edit::digest(&looked.edited.before));
            (name_field(person))
            @if looked.is_shut() {
                label.wide { "Why, although the gate is shut; the ledger keeps it"
                    input name="force" required; }
                button.alarm { "Move it to " (to) " all the same" }
            } @else {
                button { "Move it to " (to) }
            }
        }
    }
}

/// A move that was looked at.
#[derive(Deserialize)]
pub(super) struct Move {
    token: String,
    route: String,
    to: Stage,
    before: String,
    #[serde(default)]
    who: String,
    #[serde(default)]
    force: String,
}

/// Makes it.
pub(super) async fn make(
    State(pages): State<Pages>,
    person: Person,
    Form(asked): Form<Move>,
) -> Result<Redirect, Failure> {
    let who = checked(&person, &asked.token, &asked.who)?;
    let route = pages.route(&asked.route)?;
    let there = format!("/routes/{}", asked.route);
    pages
        .aside(move |control| {
            let reason = asked.force.trim();
            let looked = look(control, &route, asked.to, Some(reason).filter(|reason| !reason.is_empty()))?;
            if edit::digest(&looked.edited.before) != asked.before {
                let why = "the file has changed since the change was shown: look at it again";
                return Err(Failure::Refused(StatusCode::CONFLICT, why.to_owned()));
            }
            if looked.is_shut() && reason.is_empty() {
                return Err(refused("the gate is shut: say why it is to be moved all the same".to_owned()));
            }
            if let Err(why) = control.gate().asked(route.name(), asked.to, &who) {
                tracing::warn!("the ledger will not know who asked: {why}");
            }
            tracing::info!(route = route.name(), to = %asked.to, who, "a stage is changed in the file");
            edit::replace(&looked.edited).map_err(Failure::from)
        })
        .await??;
    pages.control.reload().await?.map_err(|why| refused(why.to_string()))?;
    Ok(Redirect::to(&there))
}

/// A route to take back at once, or to give back to its file.
#[derive(Deserialize)]
pub(super) struct Override {
    token: String,
    route: String,
    /// The stage; not there to clear it.
    to: Option<Stage>,
    #[serde(default)]
    who: String,
    #[serde(default)]
    why: String,
}

/// Sets or clears the override of one route, which needs no file.
pub(super) async fn set_override(
    State(pages): State<Pages>,
    person: Person,
    Form(asked): Form<Override>,
) -> Result<Redirect, Failure> {
    let who = checked(&person, &asked.token, &asked.who)?;
    let route = pages.route(&asked.route)?;
    let there = format!("/routes/{}", asked.route);
    if let Some(to) = asked.to {
        route.may_go_back_to(to).map_err(refused)?;
    }
    pages
        .aside(move |control| match asked.to {
            Some(to) => {
                let set = StageOverride { stage: to, note: note(who, asked.why) };
                control.take_back(route.name(), set).map(drop).map_err(Failure::Ours)
            }
            None => control.give_back(route.name()).map_err(Failure::Ours),
        })
        .await??;
    Ok(Redirect::to(&there))
}
