//! Locations: which backend answers which paths.

use super::Site;
use crate::cli::init::draft::{Legacy, Route, quoted};
use crate::cli::init::nginx::Directive;
use crate::cli::init::pool::address;

impl Site {
    /// A location, and those within it.
    pub(super) fn location(&mut self, location: &Directive) {
        let (modifier, path) = match &location.arguments[..] {
            [path] => ("", path.as_str()),
            [modifier, path] => (modifier.as_str(), path.as_str()),
            _ => return self.note(location, "it is no location"),
        };
        if modifier.starts_with('~') && hides_dotfiles(path) && denies_all(location) {
            // Dotfiles are never run or shown here.
            return;
        }
        let pass = location.block.iter().find(|d| matches!(d.name.as_str(), "fastcgi_pass" | "proxy_pass"));
        for directive in &location.block {
            match directive.name.as_str() {
                "fastcgi_pass" | "proxy_pass" => {}
                "location" => self.location(directive),
                "root" if self.root.as_deref() == Some(directive.first()) => {}
                "root" | "alias" if pass.is_none() => {
                    self.note(directive, "files of another folder: serve them by what stands in front")
                }
                "root" => self.root = Some(directive.first().to_owned()),
                "expires" | "add_header" if pass.is_none() => {
                    self.note(directive, "files have Last-Modified and ETag here, no more")
                }
                _ => self.setting(directive, "the location"),
            }
        }
        match pass {
            Some(pass) if pass.name == "fastcgi_pass" => self.fastcgi(location, modifier, path, pass),
            Some(pass) => self.http(location, modifier, path, pass),
            None => {}
        }
    }

    fn fastcgi(&mut self, location: &Directive, modifier: &str, path: &str, pass: &Directive) {
        let Some(target) = self.target(pass) else { return };
        let target = address(target.trim_start_matches("unix:")).replace("unix:unix:", "unix:");
        let mut legacy = Legacy { name: "app".to_owned(), ..Legacy::default() };
        legacy.set("fastcgi", quoted(&target));
        let is_main = path == "/" || (modifier.starts_with('~') && path.contains("php"));
        let is_known = self.default.as_ref().is_some_and(|known| known.keys == legacy.keys);
        match &self.default {
            _ if is_known => {}
            None if is_main || modifier == "=" => self.default = Some(legacy),
            _ => self.note(location, "another pool: make it a legacy of its own, with routes to it"),
        }
    }

    fn http(&mut self, location: &Directive, modifier: &str, path: &str, pass: &Directive) {
        let Some(target) = self.target(pass) else { return };
        let after = target.split_once("://").map_or(target.as_str(), |(_, rest)| rest);
        if after.contains('/')
            && !target.starts_with("http://unix:")
            && after.trim_end_matches('/') != after.split('/').next().unwrap_or_default()
        {
            return self.note(location, "it changes the path on the way, which a route does not");
        }
        if after.ends_with('/') && path != "/" {
            return self.note(location, "it takes the location off the path, which a route does not");
        }
        let url = match target.strip_prefix("http://unix:") {
            Some(socket) => format!("unix:{}", socket.trim_end_matches(':')),
            None => target.trim_end_matches('/').to_owned(),
        };
        if path == "/" && !modifier.starts_with('~') {
            let mut legacy = Legacy { name: "app".to_owned(), ..Legacy::default() };
            legacy.set("http", quoted(&url));
            self.default = Some(legacy);
            return;
        }
        if modifier.starts_with('~') {
            return self.note(location, "a route has a path, no regular expression: write it by hand");
        }
        let name = legacy_name(path);
        let mut legacy = Legacy { name: name.clone(), ..Legacy::default() };
        legacy.set("http", quoted(&url));
        self.draft.legacies.push(legacy);
        let exact = path.trim_end_matches('/');
        let route = |name: String, matches: String| Route { name, matches, legacy: legacy_name(path) };
        if modifier == "=" {
            self.draft.routes.push(route(name, format!("* {path}")));
        } else {
            self.draft.routes.push(route(format!("{name}-all"), format!("* {exact}/{{*rest}}")));
            if !path.ends_with('/') {
                self.draft.routes.push(route(name, format!("* {path}")));
            }
        }
    }

    /// The one address behind a name.
    fn target(&mut self, pass: &Directive) -> Option<String> {
        let given = pass.first();
        if given.contains('$') {
            self.note(pass, "an address made from variables");
            return None;
        }
        let (scheme, rest) = given.split_once("://").map_or(("", given), |(scheme, rest)| (scheme, rest));
        if scheme == "https" {
            self.note(pass, "a backend by TLS: put what ends TLS between");
            return None;
        }
        let host = rest.split('/').next().unwrap_or_default();
        let Some(servers) = self.upstreams.get(host) else { return Some(given.to_owned()) };
        let (first, more) = (servers.first()?.clone(), servers.len() > 1);
        if more {
            self.note(pass, "only the first server of the upstream is taken");
        }
        let rest = rest.replacen(host, &first, 1);
        Some(if scheme.is_empty() { rest } else { format!("{scheme}://{rest}") })
    }
}

fn legacy_name(path: &str) -> String {
    path.trim_matches('/').chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn hides_dotfiles(pattern: &str) -> bool {
    pattern.starts_with("/\\.") || pattern.starts_with("(^|/)\\.")
}

fn denies_all(location: &Directive) -> bool {
    location.block.iter().any(|d| {
        (d.name == "deny" && d.first() == "all") || (d.name == "return" && matches!(d.first(), "403" | "404"))
    })
}
