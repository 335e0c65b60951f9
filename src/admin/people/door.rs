//! The door: every request shows who sends it, and goes no further than their role.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::access::{Access, TrustedProxy};
use super::sessions::Sessions;
use super::slowdown::Slowdown;
use super::token::{self, TokenKey};
use super::users::{self, User, UsersFile};
use super::{Person, Role};
use crate::config::state;

/// The cookie of a session.
const COOKIE: &str = "handover-session";

/// The file in the state folder whose token makes an operator: whoever may read that folder could change it anyway.
const LOCAL: &str = "admin.token";

/// Passwords that are hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// How long somebody waits for others' passwords to be hashed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The door of one admin.
pub(in crate::admin) struct Door {
    is_open: bool,
    users: Option<UsersFile>,
    proxy: Option<TrustedProxy>,
    local: Option<String>,
    sessions: Sessions,
    slowdown: Slowdown,
    hashing: Arc<Semaphore>,
    key: TokenKey,
}

/// Somebody is not let in.
pub(in crate::admin) enum NotIn {
    /// The name or the password is wrong.
    Wrong,
    /// After wrong ones: so long.
    Wait(Duration),
    /// Too many log in at the moment.
    Busy,
}

impl Door {
    /// The door that the configuration asks for. `state`: where the token for commands on this machine is put.
    pub(in crate::admin) fn new(access: &Access, state: &Path) -> Self {
        let local = access.is_asked().then(token::secret);
        if let Some(local) = &local
            && let Err(why) = state::replace(&local_file(state), local.as_bytes())
        {
            tracing::warn!("commands on this machine cannot log in to the admin: {why}");
        }
        Self {
            is_open: !access.is_asked(),
            users: access.users.as_deref().map(UsersFile::at),
            proxy: access.proxy.clone(),
            local,
            sessions: Sessions::default(),
            slowdown: Slowdown::default(),
            hashing: Arc::new(Semaphore::new(AT_ONCE)),
            key: TokenKey::new(),
        }
    }

    /// Whether nobody is asked who they are.
    pub(in crate::admin) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether people can log in with a password.
    pub(in crate::admin) const fn has_passwords(&self) -> bool {
        self.users.is_some()
    }

    /// The token of forms of those who are not known yet.
    pub(in crate::admin) fn strangers(&self) -> token::Token {
        self.key.token("stranger")
    }

    /// Logs in; gives the cookie to set.
    pub(in crate::admin) async fn log_in(
        &self,
        address: IpAddr,
        name: &str,
        password: String,
        headers: &HeaderMap,
    ) -> Result<String, NotIn> {
        if let Some(wait) = self.slowdown.wait(address, name) {
            return Err(NotIn::Wait(wait));
        }
        let turn = timeout(PATIENCE, Arc::clone(&self.hashing).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(NotIn::Busy) };
        // Who waited for their turn may have been wrong elsewhere meanwhile.
        if let Some(wait) = self.slowdown.wait(address, name) {
            return Err(NotIn::Wait(wait));
        }
        // Counted before it is known: who hangs up meanwhile ends this future, and has tried all the same.
        self.slowdown.failed(address, name);
        let user = self.users.as_ref().and_then(|users| users.named(name));
        let stamp = user.as_ref().map(User::stamp).unwrap_or_default();
        let verified = tokio::task::spawn_blocking(move || {
            // The turn lasts as long as the hashing, whoever still waits for it.
            let _turn = turn;
            users::is_password(user.as_ref(), &password)
        });
        if !verified.await.unwrap_or(false) {
            tracing::warn!(%address, name = %name.escape_debug(), "a login to the admin failed");
            return Err(NotIn::Wrong);
        }
        self.slowdown.succeeded(address, name);
        tracing::info!(%address, name, "logged in to the admin");
        Ok(cookie(&self.sessions.begin(name, &stamp), headers))
    }

    /// Ends the session of a request; gives the cookie that takes the browser's away.
    pub(in crate::admin) fn log_out(&self, headers: &HeaderMap) -> String {
        if let Some(session) = session(headers) {
            self.sessions.end(session);
        }
        format!("{}; Max-Age=0", cookie("", headers))
    }

    fn who(&self, parts: &Parts) -> Option<Person> {
        let person = |name: Option<String>, role, of: &str, has_session| Person {
            name,
            role,
            token: self.key.token(of),
            has_session,
        };
        if self.is_open {
            return Some(person(None, Role::Operator, "anybody", false));
        }
        if let Some(user) = bearer(&parts.headers).and_then(|token| self.program(token)) {
            return Some(person(user.0, user.1, "a program", false));
        }
        if let Some((name, role)) = self.named_by_proxy(parts) {
            let token = format!("proxy {name}");
            return Some(person(Some(name), role, &token, false));
        }
        let session = session(&parts.headers)?;
        // The file is asked each time: who was taken out, or has another role or password now, is not who they were.
        let (name, stamp) = self.sessions.whose(session)?;
        let user = self.users.as_ref()?.named(&name).filter(|user| user.stamp() == stamp)?;
        Some(person(Some(user.name), user.role, session, true))
    }

    /// Whose token it is. A command of this machine says itself who calls it.
    fn program(&self, token: &str) -> Option<(Option<String>, Role)> {
        let is_local = self.local.as_ref().is_some_and(|local| token::same(local, token));
        if is_local {
            return Some((None, Role::Operator));
        }
        self.users.as_ref()?.of_token(token).map(|User { name, role, .. }| (Some(name), role))
    }

    fn named_by_proxy(&self, parts: &Parts) -> Option<(String, Role)> {
        let proxy = self.proxy.as_ref()?;
        if !proxy.is_at(peer(parts)?) {
            return None;
        }
        let mut values = parts.headers.get_all(&proxy.field).iter();
        // Twice would be one of the proxy and one of somebody else.
        let (Some(name), None) = (values.next(), values.next()) else { return None };
        let name = name.to_str().ok()?.trim();
        users::is_name(name).then(|| proxy.role(name).map(|role| (name.to_owned(), role)))?
    }
}

/// Where the token for commands on this machine is.
pub(crate) fn local_file(state: &Path) -> PathBuf {
    state.join(LOCAL)
}

/// Lets a request through with who sent it, or not.
pub(in crate::admin) async fn pass(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path();
    if is_for_everybody(path) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Some(person) = door.who(&parts) else { return stranger(&parts) };
    let needed = needed(&parts.method, path);
    if !person.may(needed) {
        let why = format!("this is for a {}, and you are a {}\n", needed.name(), person.role.name());
        return (StatusCode::FORBIDDEN, why).into_response();
    }
    parts.extensions.insert(person);
    next.run(Request::from_parts(parts, body)).await
}

/// What says nothing, and the way in.
fn is_for_everybody(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/login" | "/review/login") || path.starts_with("/assets/")
}

/// What it takes to do that. What is not named here takes the most.
fn needed(method: &Method, path: &str) -> Role {
    // A recording holds values that no page shows.
    if path == "/api/record" {
        return Role::Operator;
    }
    if matches!(*method, Method::GET | Method::HEAD) || path == "/review/logout" {
        return Role::Viewer;
    }
    match path {
        "/review/decide" | "/review/undo" => Role::Reviewer,
        path if path.starts_with("/api/clusters/") => Role::Reviewer,
        _ => Role::Operator,
    }
}

/// A browser is sent to where it can log in; a program is told what it lacks.
fn stranger(parts: &Parts) -> Response {
    let accepts =
        parts.headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if parts.method == Method::GET && accepts.contains("text/html") {
        let to = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let to: String = url_encoded(to);
        return Redirect::to(&format!("/login?to={to}")).into_response();
    }
    let why = "log in at /login, or send `Authorization: Bearer TOKEN` with a token of the users' file\n";
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], why).into_response()
}

fn url_encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    text.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookie| cookie.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

/// Scripts do not see it, other sites' pages do not send it, and by TLS it goes by TLS alone.
fn cookie(value: &str, headers: &HeaderMap) -> String {
    let by_tls = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if by_tls { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_named_takes_an_operator() {
        for (method, path, role) in [
            (Method::GET, "/api/status", Role::Viewer),
            (Method::GET, "/api/record", Role::Operator),
            (Method::POST, "/review/decide", Role::Reviewer),
            (Method::POST, "/api/clusters/7/undo", Role::Reviewer),
            (Method::POST, "/api/legacy-only", Role::Operator),
            (Method::POST, "/api/anything/new", Role::Operator),
            (Method::PUT, "/", Role::Operator),
        ] {
            assert_eq!(needed(&method, path), role, "{method} {path}");
        }
    }

    #[test]
    fn a_proxy_is_believed_where_it_is_and_names_one_person() {
        let access = Access {
            users: None,
            own_work: false,
            proxy: Some(TrustedProxy {
                from: vec!["10.0.0.7".parse::<IpAddr>().unwrap().into()],
                field: "x-user".to_owned(),
                operators: ["ann@example.org".to_owned()].into(),
                reviewers: Default::default(),
                others: Some(Role::Viewer),
            }),
        };
        let folder = tempfile::tempdir().unwrap();
        let door = Door::new(&access, folder.path());
        let who = |from: [u8; 4], names: &[&str]| {
            let mut request = Request::builder();
            for name in names {
                request = request.header("X-User", *name);
            }
            let mut parts = request.body(()).unwrap().into_parts().0;
            parts.extensions.insert(ConnectInfo(SocketAddr::from((from, 1))));
            door.who(&parts).map(|person| (person.name.unwrap(), person.role))
        };
        let proxy = [10, 0, 0, 7];
        assert_eq!(who(proxy, &["ann@example.org"]), Some(("ann@example.org".to_owned(), Role::Operator)));
        assert_eq!(who(proxy, &["bob@example.org"]), Some(("bob@example.org".to_owned(), Role::Viewer)));
        assert_eq!(who([10, 0, 0, 8], &["ann@example.org"]), None, "another address may say what it wants");
        assert_eq!(who(proxy, &["ann@example.org", "bob@example.org"]), None);
        assert_eq!(who(proxy, &[]), None);
        assert_eq!(who(proxy, &["a<b"]), None);
    }

    #[test]
    fn commands_on_this_machine_find_their_token_where_people_have_to_log_in() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Access { users: Some(folder.path().join("users")), ..Access::default() };
        Door::new(&Access::default(), folder.path());
        assert!(!local_file(folder.path()).exists(), "where nobody is asked there is none");
        let door = Door::new(&asked, folder.path());
        let token = std::fs::read_to_string(local_file(folder.path())).unwrap();
        assert_eq!(door.program(&token).map(|(_, role)| role), Some(Role::Operator));
        assert!(door.program("").is_none() && door.program(&token[1..]).is_none());
    }
}
