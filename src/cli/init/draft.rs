//! What `init` has found, and how it is written as `routes.toml`.

use std::fmt::Write as _;
use std::path::PathBuf;

/// What nobody can read out of a site's file, and every gate asks for.
const VERSION: &str = "# Evidence belongs to a version of the backend: a field of its answers, or a text to change with each deployment.\n\
                       # version = \"header:X-App-Version\"\n";

/// A configuration in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// Addresses for clients in the clear.
    pub http: Vec<String>,
    /// Addresses for clients by TLS.
    pub https: Vec<String>,
    /// The certificate for these, and its key.
    pub tls: Option<(String, String)>,
    /// Proxies in front, which are believed.
    pub trusted: Vec<String>,
    /// The backends; the first is the default one.
    pub legacies: Vec<Legacy>,
    /// Routes to a backend that is not the default one.
    pub routes: Vec<Route>,
    /// What was not translated.
    pub notes: Vec<Note>,
}

/// A backend.
#[derive(Clone, Debug, Default)]
pub(super) struct Legacy {
    /// Its name.
    pub name: String,
    /// Its keys with their values in TOML, in order.
    pub keys: Vec<(&'static str, String)>,
    /// FastCGI parameters of its own.
    pub params: Vec<(String, String)>,
}

impl Legacy {
    /// Sets a key, in place of an earlier value.
    pub(super) fn set(&mut self, key: &'static str, value: String) {
        self.keys.retain(|(other, _)| *other != key);
        self.keys.push((key, value));
    }

    /// Whether it has a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|(other, _)| *other == key)
    }
}

/// A route that is legacy's.
#[derive(Debug)]
pub(super) struct Route {
    /// Its name.
    pub name: String,
    /// What it matches.
    pub matches: String,
    /// The backend.
    pub legacy: String,
}

/// Something that is not in the draft.
#[derive(Debug)]
pub(super) struct Note {
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: usize,
    /// The directive.
    pub what: String,
    /// Why not, and what to do.
    pub why: String,
    /// Whether it says who may come in: then there is no draft without it.
    pub is_access: bool,
}

/// A text as TOML has it.
pub(super) fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string().trim().to_owned()
}

/// A list of texts as TOML has it; one alone stands without brackets.
pub(super) fn list(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        many => format!("[{}]", many.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")),
    }
}

impl Draft {
    /// The file. `from`: what it was made from.
    pub(super) fn text(&self, from: &str) -> String {
        let mut text = format!(
            "# Made by `handover init` from {from}.\n# Every request goes to the old backend until a route says otherwise.\n\n"
        );
        text.push_str("[listen]\n");
        for (key, addresses) in [("http", &self.http), ("https", &self.https)] {
            if !addresses.is_empty() {
                let _ = writeln!(text, "{key} = {}", list(addresses));
            }
        }
        if let Some((cert, key)) = &self.tls {
            let _ = writeln!(text, "tls = {{ cert_file = {}, key_file = {} }}", quoted(cert), quoted(key));
        }
        if !self.trusted.is_empty() {
            let _ = writeln!(
                text,
                "\n# What the proxy in front says of its clients is believed.\n[forwarded]\ntrusted = {}",
                list(&self.trusted)
            );
        }
        for (at, legacy) in self.legacies.iter().enumerate() {
            let _ = writeln!(text, "\n[legacy.{}]", legacy.name);
            if at == 0 && self.legacies.len() > 1 {
                text.push_str("default = true\n");
            }
            for (key, value) in &legacy.keys {
                let _ = writeln!(text, "{key} = {value}");
            }
            if at == 0 {
                text.push_str(VERSION);
            }
            if !legacy.params.is_empty() {
                let _ = writeln!(text, "\n[legacy.{}.params]", legacy.name);
                for (name, value) in &legacy.params {
                    let _ = writeln!(text, "{} = {}", quoted_key(name), quoted(value));
                }
            }
        }
        for route in &self.routes {
            let Route { name, matches, legacy } = route;
            let _ = writeln!(
                text,
                "\n[[route]]\nname = {}\nmatch = {}\nlegacy = {}",
                quoted(name),
                quoted(matches),
                quoted(legacy)
            );
        }
        text
    }
}

fn quoted_key(name: &str) -> String {
    let is_bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare && !name.is_empty() { name.to_owned() } else { quoted(name) }
}
