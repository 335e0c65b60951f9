//! What all pages share: head, navigation, the banner of an emergency, and the policy that browsers hold them to.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use maud::{DOCTYPE, Markup, html};

use super::{Pages, assets};
use crate::admin::people::Person;
use crate::route::legacy_only::LegacyOnly;

/// Nothing but our own style and script; no frame around a page, no form to elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A page around its content.
pub(super) struct Page<'a> {
    title: &'a str,
    person: Option<&'a Person>,
    here: &'static str,
    emergency: Option<LegacyOnly>,
    refused: Option<String>,
}

/// The navigation: path and name.
const PLACES: [(&str, &str); 3] =
    [("/", "Progress"), ("/differences", "Differences"), ("/inventory", "Traffic")];

impl<'a> Page<'a> {
    /// A page that says of the process what all pages say.
    pub(super) fn new(pages: &Pages, person: &'a Person, here: &'static str, title: &'a str) -> Self {
        let generation = pages.control.process.generations.load();
        let emergency = generation.overrides.legacy_only.clone();
        Self { title, person: Some(person), here, emergency, refused: pages.control.refused() }
    }

    /// A page that says nothing of the process.
    pub(super) fn bare(title: &'a str) -> Self {
        Self { title, person: None, here: "", emergency: None, refused: None }
    }

    /// The whole page.
    pub(super) fn show(&self, content: Markup) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Handover" }
                    link rel="icon" href=(assets::ICON);
                    link rel="stylesheet" href=(assets::STYLE);
                    script src=(assets::SCRIPT) defer {}
                }
                body {
                    a.skip href="#content" { "Skip to the content" }
                    header {
                        span.brand { "Handover" }
                        @if let Some(person) = self.person {
                            nav aria-label="Pages" {
                                @for (path, name) in PLACES {
                                    a href=(path) aria-current=[(path == self.here).then_some("page")] { (name) }
                                }
                            }
                            (who(person))
                        }
                        button.quiet type="button" data-help { "Keys " kbd { "?" } }
                    }
                    @if let Some(why) = &self.emergency {
                        p.banner.alarm role="alert" { strong { "Everything goes to legacy" @if let LegacyOnly::Ramping(..) = why { ", step by step" } ". " } (why.to_string()) ". "
                            "It ends by " code { "handover legacy-only --off" } " or at the foot of the progress." }
                    }
                    @if let Some(why) = &self.refused {
                        p.banner role="alert" { strong { "routes.toml is refused; the last good one serves. " } }
                        pre.banner { (why) }
                    }
                    main #content tabindex="-1" { (content) }
                    (help())
                }
            }
        }
    }
}

fn who(person: &Person) -> Markup {
    html! {
        @if let Some(name) = &person.name {
            span.who { (name) " · " (person.role.name()) }
        }
        @if person.has_session {
            form.inline method="post" action="/review/logout" { button.quiet { "Log out" } }
        }
    }
}

/// A text whose `names` in backquotes are shown as such.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// `1 sample`, `2 samples`.
pub(super) fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn help() -> Markup {
    let keys = [
        ("j, k", "next, previous"),
        ("Enter", "open"),
        ("x", "select, to decide several at once"),
        ("a", "accept"),
        ("i", "ignore what differs there"),
        ("b", "bug"),
        ("c", "comment"),
        ("u", "undo the latest decision"),
        ("?", "this help"),
    ];
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { "Keys" }
            dl { @for (key, what) in keys { dt { kbd { (key) } } dd { (what) } } }
            form method="dialog" { button { "Close" } }
        }
    }
}

/// What browsers are told of every page.
pub(super) async fn policy(mut response: Response) -> Response {
    let fields = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
