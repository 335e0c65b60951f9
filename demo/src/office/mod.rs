//! The back office, natively: `GET|POST /login` and `GET /account`. PHP and Rust share its sessions.
//!
//! | here | there |
//! | --- | --- |
//! | [`Login`] | `pages/login.php` |
//! | [`Account`] | `pages/account.php` |
//! | `page` | `includes/http.php`, `templates/layout.php` |
//! | `users` | `includes/config.php`, `log_in()` |

mod page;
mod users;

use std::sync::Arc;

use handover_api::{Answer, Context, Decline, Handler, HandlerError, Outcome, Request};
use legacy_compat::request::{Incoming, Superglobals};
use legacy_compat::response::Cookie;
use legacy_compat::{Php, Value, arith, cast};

use self::page::{Page, escaped};

/// How long a browser remembers who logged in last, in seconds.
const REMEMBERED: i64 = 30 * 86_400;

/// Shows the login form, and logs in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Login;

impl Handler for Login {
    async fn handle(&self, request: &Request, cx: &Context) -> Outcome {
        let php = cx.php()?;
        if request.method() != http::Method::POST {
            return Answer::new(form(&php, 200, b"", false)?).into();
        }
        let (name, password) = credentials(&php, request);
        let mut session = cx.session().await?;
        if !users::log_in(Arc::clone(&php), name.clone(), password).await? {
            return Answer::new(form(&php, 401, name.as_deref().unwrap_or_default(), true)?).into();
        }
        let name = name.unwrap_or_default();
        let now = cx.now("since").await?.as_second();
        session.regenerate_id(true);
        session.set("user", Value::string(&name));
        session.set("since", now);
        session.set("visits", 0);
        let php = Php::clone(&php).at(now);
        let remembered =
            Cookie { expires: now + REMEMBERED, path: b"/".to_vec(), ..Cookie::new("last_user", name) };
        let mut page = Page::new(&php);
        page.head.set_cookie(&remembered).map_err(HandlerError::new)?;
        Answer::new(page.redirect("/account")?).with(session).into()
    }
}

/// `$_POST['name']` and `$_POST['password']`, where they are texts.
fn credentials(php: &Php, request: &Request) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let incoming = Incoming {
        method: request.method().as_str().as_bytes(),
        content_type: request.fields().get("content-type").unwrap_or_default(),
        body: request.body(),
        ..Incoming::default()
    };
    let post = Superglobals::of(php, &incoming).post;
    let text = |name: &str| post[name].as_bytes().map(<[u8]>::to_vec);
    (text("name"), text("password"))
}

fn form(php: &Php, status: u16, name: &[u8], wrong: bool) -> Result<handover_api::Response, HandlerError> {
    let problem: &[u8] = if wrong { b"<p class=\"problem\">Wrong name or password.</p>" } else { b"" };
    let html = [
        b"<h1>Log in</h1>",
        problem,
        b"<form method=\"post\" action=\"/login\"><input name=\"name\" value=\"",
        &escaped(name),
        b"\"><input name=\"password\" type=\"password\"><button>Log in</button></form>",
    ];
    Page::new(php).html(status, "Log in", &html.concat())
}

/// Shows who is logged in, and counts how often.
#[derive(Clone, Copy, Debug, Default)]
pub struct Account;

impl Handler for Account {
    async fn handle(&self, _: &Request, cx: &Context) -> Outcome {
        let (php, mut session) = (cx.php()?, cx.session().await?);
        let user = match session.get("user") {
            Value::Null => return Answer::new(Page::new(&php).redirect("/login")?).into(),
            user => cast::to_str(&php, user),
        };
        let Some(name) = users::name(&user) else {
            return Decline::because("a user whom the configuration does not know").into();
        };
        let visits = arith::increment(&php, session.get("visits")).map_err(HandlerError::new)?;
        let html = [
            b"<h1>",
            &escaped(name.as_bytes())[..],
            b"</h1><p>Visit ",
            &cast::to_str(&php, &visits),
            b" of this session.</p><p><a href=\"/logout\">Log out</a></p>",
        ];
        let page = Page::new(&php).html(200, "Account", &html.concat())?;
        session.set("visits", visits);
        Answer::new(page).with(session).into()
    }
}
