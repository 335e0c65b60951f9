//! Keeps other people's web pages away from an admin, most of all from one that trusts its loopback address.
//!
//! A page in an operator's browser can send requests to 127.0.0.1. So the Host must be an address or `localhost` (a
//! name that was made to point here is refused) unless people have to log in, and what changes something must be JSON, which a page may send
//! elsewhere only after asking, and the answer to that is no. The forms of our own pages carry a token instead, which
//! no other page can read.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::people::door::Door;

/// Where the pages' forms go: these check their token.
const FORMS: &str = "/review/";

/// Lets a request through, or refuses it.
pub(super) async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    match refusal(&request, door.is_open()) {
        None => next.run(request).await,
        Some((status, why)) => (status, format!("{why}\n")).into_response(),
    }
}

fn refusal(request: &Request, is_open: bool) -> Option<(StatusCode, &'static str)> {
    let field = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if is_open && !field(header::HOST).is_some_and(is_own_host) {
        return Some((StatusCode::FORBIDDEN, "the admin answers to an IP address or `localhost` only"));
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let is = |kind| field(header::CONTENT_TYPE).is_some_and(|value| value.starts_with(kind));
    let form = request.uri().path().starts_with(FORMS) && is("application/x-www-form-urlencoded");
    (changes && !form && !is("application/json"))
        .then_some((StatusCode::UNSUPPORTED_MEDIA_TYPE, "send JSON: `Content-Type: application/json`"))
}

fn is_own_host(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |h| h.0);
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_was_made_to_point_here_is_no_own_host() {
        for host in ["127.0.0.1:8081", "localhost", "LOCALHOST:1", "[::1]:8081", "10.0.0.3"] {
            assert!(is_own_host(host), "{host}");
        }
        for host in ["evil.example:8081", "127.0.0.1.evil.example", "", "localhost.evil.example", "a:b"] {
            assert!(!is_own_host(host), "{host}");
        }
    }
}
