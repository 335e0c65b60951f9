//! The way in and out: name and password.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::foreign;
use super::shell::Page;
use super::{Failure, Pages};
use crate::admin::people::door::NotIn;

/// Where somebody wanted to go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    to: String,
}

/// The page.
pub(super) async fn page(State(pages): State<Pages>, Query(wanted): Query<Wanted>) -> Response {
    if pages.door.is_open() {
        return Redirect::to("/").into_response();
    }
    show(&pages, &wanted.to, "", None).into_response()
}

fn show(pages: &Pages, to: &str, name: &str, wrong: Option<&str>) -> Markup {
    Page::bare("Log in").show(html! {
        h1 { "Log in" }
        @if let Some(wrong) = wrong { p.warn role="alert" { (wrong) } }
        @if pages.door.has_passwords() {
            form.login method="post" action="/review/login" {
                (pages.door.strangers().field())
                input type="hidden" name="to" value=(to);
                label { "Name" input name="name" value=(name) required autofocus autocomplete="username"; }
                label { "Password" input name="password" type="password" required autocomplete="current-password"; }
                button { "Log in" }
            }
            p.faint { "Users are made by " code { "handover user NAME --role reviewer" } "." }
        } @else {
            p { "The proxy in front of this page has people log in. It names nobody who is let in here." }
        }
    })
}

/// A name and a password.
#[derive(Deserialize)]
pub(super) struct Credentials {
    token: String,
    name: String,
    password: String,
    to: String,
}

/// Logs in.
pub(super) async fn log_in(
    State(pages): State<Pages>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Form(asked): Form<Credentials>,
) -> Result<Response, Failure> {
    if !pages.door.strangers().is(&asked.token) {
        return Err(foreign());
    }
    let (to, name) = (within(&asked.to), asked.name.trim());
    match pages.door.log_in(peer.ip(), name, asked.password, &headers).await {
        Ok(cookie) => Ok(([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()),
        Err(why) => {
            let (status, text, wait) = refusal(&why);
            let mut response = (status, show(&pages, to, name, Some(&text))).into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert(header::RETRY_AFTER, (wait.as_secs() + 1).into());
            }
            Ok(response)
        }
    }
}

fn refusal(why: &NotIn) -> (StatusCode, String, Option<Duration>) {
    match why {
        NotIn::Wrong => (StatusCode::FORBIDDEN, "The name or the password is wrong.".to_owned(), None),
        NotIn::Wait(wait) => {
            let seconds = wait.as_secs() + 1;
            let text = format!("There were wrong passwords: wait {seconds} s, then try again.");
            (StatusCode::TOO_MANY_REQUESTS, text, Some(*wait))
        }
        NotIn::Busy => {
            let text = "Too many are logging in at the moment: try again.".to_owned();
            (StatusCode::SERVICE_UNAVAILABLE, text, Some(Duration::from_secs(1)))
        }
    }
}

/// Logs out.
pub(super) async fn log_out(State(pages): State<Pages>, headers: HeaderMap) -> Response {
    ([(header::SET_COOKIE, pages.door.log_out(&headers))], Redirect::to("/login")).into_response()
}

/// A path of ours; what leads elsewhere leads to the first page.
fn within(to: &str) -> &str {
    // Browsers leave tabs and line ends out of an address: `/<tab>/evil.example` is `//evil.example` to them.
    let is_plain = |byte: u8| byte > b' ' && byte != b'\\' && byte != 0x7f;
    let is_ours = to.starts_with('/') && !to.starts_with("//") && to.bytes().all(is_plain);
    if is_ours { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        for (to, there) in [
            ("/differences?route=n", "/differences?route=n"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\n/evil.example", "/"),
            ("/\0", "/"),
            ("https://evil.example", "/"),
        ] {
            assert_eq!(within(to), there);
        }
    }
}
