//! Directives that can stand at several levels: limits, parameters, front controllers, and what has no counterpart.

use super::known::{ACCESS, SILENT, USUAL, USUAL_FILES};
use super::{Site, has};
use crate::cli::init::draft::quoted;
use crate::cli::init::nginx::Directive;

/// The kinds of backends.
const KINDS: [&str; 2] = ["fastcgi", "http"];

impl Site {
    /// A directive that can stand at several levels.
    pub(super) fn setting(&mut self, directive: &Directive, level: &str) {
        let value = directive.first();
        match directive.name.as_str() {
            // Modules of others name theirs alike: auth_digest, auth_ldap, access_by_lua_file.
            name if ACCESS.contains(&name) || name.starts_with("auth_") || name.starts_with("access_by_") => {
                self.noted(directive, "it says who may come in, and Handover has no counterpart", true)
            }
            name if SILENT.contains(&name) => {}
            "client_max_body_size" if value == "0" => {
                self.note(
                    directive,
                    "bodies are bounded here: `body_max` in the legacy, 1 GiB when not given",
                );
                for kind in KINDS {
                    self.common(kind, "body_max", quoted("1GiB"));
                }
            }
            "client_max_body_size" => {
                for kind in KINDS {
                    self.common(kind, "body_max", quoted(&size(value)));
                }
            }
            "fastcgi_read_timeout" => self.common("fastcgi", "read_timeout", quoted(&duration(value))),
            "fastcgi_connect_timeout" => self.common("fastcgi", "connect_timeout", quoted(&duration(value))),
            "proxy_read_timeout" => self.common("http", "read_timeout", quoted(&duration(value))),
            "proxy_connect_timeout" => self.common("http", "connect_timeout", quoted(&duration(value))),
            "fastcgi_split_path_info" => self.common("fastcgi", "path_info", "true".to_owned()),
            "fastcgi_param" => self.param(directive),
            "index" => self.index(directive),
            "try_files" => self.try_files(directive),
            "proxy_set_header" => self.set_header(directive),
            "if" if has(directive, &["return"]) => {
                self.noted(directive, "a condition that decides who gets an answer", true);
            }
            "return" if matches!(value, "401" | "403" | "404" | "444") => {
                self.noted(directive, "it keeps people out", true);
            }
            "rewrite" | "return" | "if" | "error_page" => {
                self.note(directive, "a rule for paths: let PHP do it, or what stands in front")
            }
            // What Debian's files hold is the same here anyway.
            "set" if directive.arguments == ["$path_info", "$fastcgi_path_info"] => {}
            "include" if USUAL_FILES.iter().any(|file| value.ends_with(file)) => {}
            "include" => self.note(directive, "there is no such file here"),
            "add_header" => self.note(directive, "PHP or what stands in front has to send it"),
            name if name.starts_with("gzip") || name.starts_with("brotli") => {
                self.note(directive, "answers are passed as PHP gives them")
            }
            _ => self.note(directive, &format!("no counterpart for this in {level}")),
        }
    }

    fn param(&mut self, directive: &Directive) {
        let [name, value, ..] = &directive.arguments[..] else { return };
        if USUAL.contains(&name.as_str()) || name == "SERVER_SOFTWARE" {
            return;
        }
        if value.contains('$') {
            return self
                .note(directive, "a parameter made from variables: give it a value in [legacy.NAME.params]");
        }
        // Several locations of scripts often say the same.
        let params = &mut self.legacies.entry("fastcgi").or_default().params;
        params.retain(|(other, _)| other != name);
        params.push((name.clone(), value.clone()));
    }

    fn index(&mut self, directive: &Directive) {
        if let Some(script) = directive.arguments.iter().find(|name| name.ends_with(".php"))
            && !self.legacies.get("fastcgi").is_some_and(|legacy| legacy.has("script"))
        {
            self.common("fastcgi", "script", quoted(script));
        }
    }

    /// `try_files $uri $uri/ /index.php?$query_string`: files first, then the front controller.
    fn try_files(&mut self, directive: &Directive) {
        let Some((last, tried)) = directive.arguments.split_last() else { return };
        let script = last.split(['?', '$']).next().unwrap_or_default().trim_start_matches('/');
        if script.ends_with(".php") {
            self.common("fastcgi", "script", quoted(script));
            self.common("fastcgi", "static", tried.iter().any(|tried| tried == "$uri").to_string());
        } else if last != "=404" && !last.starts_with('@') {
            self.note(directive, "what is no file goes to the front controller, `script` in the legacy");
        }
    }

    /// Host and what is told of the client are made here anyway.
    fn set_header(&mut self, directive: &Directive) {
        let name = directive.first().to_ascii_lowercase();
        let is_made = name == "host"
            || name == "upgrade"
            || name == "connection"
            || name.starts_with("x-forwarded")
            || name == "x-real-ip";
        if !is_made {
            self.note(directive, "the backend would have to do without this field");
        }
    }
}

/// nginx's `64m` and `8k`.
fn size(text: &str) -> String {
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let unit = match unit.to_ascii_lowercase().as_str() {
        "k" => "KiB",
        "m" => "MiB",
        "g" => "GiB",
        _ => "B",
    };
    format!("{number}{unit}")
}

/// nginx's `60`, `60s`, `5m`.
fn duration(text: &str) -> String {
    if text.ends_with(|c: char| c.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() }
}
