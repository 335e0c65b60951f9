//! An nginx site, as a draft: what it serves, from where, and what of it has no counterpart.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::bail;

use super::draft::{Draft, Legacy, Note, Route, list, quoted};
use super::nginx::Directive;
use super::pool::address;

/// What says who may come in. A draft that left one out would open what was shut.
const ACCESS: [&str; 14] = [
    "allow",
    "auth_basic",
    "auth_basic_user_file",
    "auth_jwt",
    "auth_request",
    "deny",
    "internal",
    "limit_except",
    "satisfy",
    "secure_link",
    "secure_link_md5",
    "secure_link_secret",
    "ssl_verify_client",
    "valid_referers",
];

/// What changes no answer, or is so here anyway.
const SILENT: [&str; 31] = [
    "access_log",
    "client_body_buffer_size",
    "client_body_temp_path",
    "default_type",
    "error_log",
    "fastcgi_buffer_size",
    "fastcgi_buffering",
    "fastcgi_buffers",
    "fastcgi_busy_buffers_size",
    "fastcgi_index",
    "fastcgi_keep_conn",
    "fastcgi_temp_path",
    "http2",
    "keepalive_requests",
    "keepalive_timeout",
    "large_client_header_buffers",
    "log_not_found",
    "proxy_buffering",
    "proxy_buffers",
    "proxy_http_version",
    "reset_timedout_connection",
    "sendfile",
    "server_tokens",
    "ssl_dhparam",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_timeout",
    "tcp_nodelay",
    "tcp_nopush",
    "types_hash_max_size",
];

/// Parameters that every FastCGI request has here, with nginx's values.
const USUAL: [&str; 24] = [
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "DOCUMENT_ROOT",
    "DOCUMENT_URI",
    "GATEWAY_INTERFACE",
    "HTTPS",
    "HTTP_HOST",
    "HTTP_PROXY",
    "PATH_INFO",
    "PATH_TRANSLATED",
    "QUERY_STRING",
    "REDIRECT_STATUS",
    "REMOTE_ADDR",
    "REMOTE_PORT",
    "REMOTE_USER",
    "REQUEST_METHOD",
    "REQUEST_SCHEME",
    "REQUEST_URI",
    "SCRIPT_FILENAME",
    "SCRIPT_NAME",
    "SERVER_ADDR",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
];

/// Files of nginx's own that hold such parameters.
const USUAL_FILES: [&str; 3] = ["fastcgi_params", "fastcgi.conf", "snippets/fastcgi-php.conf"];

/// Whether a name can be a legacy's or a route's.
pub(super) fn is_name(name: &str) -> bool {
    crate::config::section::is_name(name)
}

/// What a site comes to. `wanted`: the server name, where there are several servers.
pub(super) fn draft(directives: &[Directive], wanted: Option<&str>) -> anyhow::Result<Draft> {
    let level: Vec<&Directive> = directives
        .iter()
        .flat_map(|d| if d.name == "http" { &d.block[..] } else { std::slice::from_ref(d) })
        .collect();
    let upstreams =
        level.iter().filter(|d| d.name == "upstream").map(|d| (d.first().to_owned(), servers(d))).collect();
    let all: Vec<&Directive> = level.iter().filter(|d| d.name == "server").copied().collect();
    let server = choose(&all, wanted)?;
    let mut site =
        Site { upstreams, draft: Draft::default(), legacies: BTreeMap::new(), root: None, default: None };
    for directive in level.iter().filter(|d| !matches!(d.name.as_str(), "server" | "upstream" | "include")) {
        site.setting(directive, "the http block");
    }
    for other in all.iter().filter(|other| !std::ptr::eq(**other, server)) {
        site.note(other, "another server: it needs a file of its own, or routes with `host`");
    }
    site.server(server);
    site.finish(server)
}

fn choose<'d>(all: &[&'d Directive], wanted: Option<&str>) -> anyhow::Result<&'d Directive> {
    let names = |server: &Directive| -> Vec<String> {
        server.block.iter().filter(|d| d.name == "server_name").flat_map(|d| d.arguments.clone()).collect()
    };
    let passes = |server: &&&Directive| has(server, &["fastcgi_pass", "proxy_pass"]);
    let found: Vec<&&Directive> = match wanted {
        Some(name) => all.iter().filter(|server| names(server).iter().any(|other| other == name)).collect(),
        None => all.iter().filter(passes).collect(),
    };
    match found[..] {
        [server] => Ok(server),
        [] if wanted.is_some() => bail!("there is no server of that name"),
        [] => bail!("there is no server with `fastcgi_pass` or `proxy_pass`"),
        _ => {
            let names: Vec<String> = found.iter().map(|server| names(server).join(" ")).collect();
            bail!("there are several servers: say which by --server NAME ({})", names.join("; "))
        }
    }
}

fn has(directive: &Directive, names: &[&str]) -> bool {
    names.contains(&directive.name.as_str()) || directive.block.iter().any(|inner| has(inner, names))
}

fn servers(upstream: &Directive) -> Vec<String> {
    upstream.block.iter().filter(|d| d.name == "server").map(|d| d.first().to_owned()).collect()
}

struct Site {
    upstreams: BTreeMap<String, Vec<String>>,
    draft: Draft,
    /// What all backends of a kind have in common, until the end.
    legacies: BTreeMap<&'static str, Legacy>,
    root: Option<String>,
    /// The backend that answers what no location names.
    default: Option<Legacy>,
}

impl Site {
    fn note(&mut self, directive: &Directive, why: &str) {
        self.noted(directive, why, false);
    }

    fn noted(&mut self, directive: &Directive, why: &str, is_access: bool) {
        let (file, line, what) = (directive.file.to_path_buf(), directive.line, directive.text());
        self.draft.notes.push(Note { file, line, what, why: why.to_owned(), is_access });
    }

    /// What every backend gets, FastCGI's or HTTP's alone.
    fn common(&mut self, kind: &'static str, key: &'static str, value: String) {
        self.legacies.entry(kind).or_default().set(key, value);
    }

    fn server(&mut self, server: &Directive) {
        for directive in &server.block {
            match directive.name.as_str() {
                "listen" => self.listen(directive),
                "ssl_certificate" | "ssl_certificate_key" => self.certificate(directive),
                "root" => self.root = Some(directive.first().to_owned()),
                "server_name" => {}
                "location" => self.location(directive),
                _ => self.setting(directive, "the server"),
            }
        }
    }

    fn listen(&mut self, directive: &Directive) {
        let given = directive.first();
        let is_port = !given.is_empty() && given.bytes().all(|byte| byte.is_ascii_digit());
        let address = if is_port { format!("0.0.0.0:{given}") } else { given.replace("*:", "0.0.0.0:") };
        if given.starts_with("[::]") {
            return self.note(directive, "listen on \"[::]:PORT\" in place of \"0.0.0.0:PORT\" for both");
        }
        if address.parse::<std::net::SocketAddr>().is_err() {
            return self.note(directive, "it is no address with a port");
        }
        let is_tls = directive.arguments.iter().any(|word| word == "ssl");
        if directive.arguments.iter().any(|word| word == "proxy_protocol") {
            self.note(
                directive,
                "say which load balancers are believed: proxy_protocol = { from = [\"10.0.0.0/8\"] }",
            );
        }
        let addresses = if is_tls { &mut self.draft.https } else { &mut self.draft.http };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }

    fn certificate(&mut self, directive: &Directive) {
        let (cert, key) = self.draft.tls.get_or_insert_default();
        let place = if directive.name == "ssl_certificate" { cert } else { key };
        directive.first().clone_into(place);
    }

    /// A directive that can stand at several levels.
    fn setting(&mut self, directive: &Directive, level: &str) {
        let value = directive.first();
        match directive.name.as_str() {
            name if ACCESS.contains(&name) => {
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
        self.legacies.entry("fastcgi").or_default().params.push((name.clone(), value.clone()));
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

    fn location(&mut self, location: &Directive) {
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
        let name: String =
            path.trim_matches('/').chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
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

    fn finish(mut self, server: &Directive) -> anyhow::Result<Draft> {
        let Some(mut legacy) = self.default.take() else {
            bail!(
                "line {}: nothing answers `/`: neither `fastcgi_pass` for scripts nor `proxy_pass`",
                server.line
            )
        };
        let kind = if legacy.has("fastcgi") { "fastcgi" } else { "http" };
        if kind == "fastcgi" {
            let Some(root) = &self.root else { bail!("line {}: the server has no `root`", server.line) };
            legacy.set("root", quoted(root));
            if let Some(scripts) = scripts(Path::new(root)) {
                legacy.set("scripts", scripts);
            }
        }
        self.draft.legacies.insert(0, legacy);
        for legacy in &mut self.draft.legacies {
            let kind = if legacy.has("fastcgi") { "fastcgi" } else { "http" };
            if let Some(common) = self.legacies.get(kind) {
                legacy.keys.extend(common.keys.clone());
                legacy.params.extend(common.params.clone());
            }
            if !legacy.has("body_max") {
                // What nginx takes when it is not told.
                legacy.set("body_max", quoted("1MiB"));
            }
        }
        if self.draft.https.is_empty() {
            self.draft.tls = None;
        }
        Ok(self.draft)
    }
}

const KINDS: [&str; 2] = ["fastcgi", "http"];

fn legacy_name(path: &str) -> String {
    path.trim_matches('/').chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// Scripts beside the front controller, which nginx would run by their own path.
fn scripts(root: &Path) -> Option<String> {
    let names =
        std::fs::read_dir(root).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| name.ends_with(".php") && !name.starts_with('.') && name != "index.php")
        .collect();
    names.sort();
    match names.len() {
        0 => None,
        1 => Some(format!("[{}]", quoted(&names[0]))),
        _ => Some(list(&names)),
    }
}

fn hides_dotfiles(pattern: &str) -> bool {
    pattern.starts_with("/\\.") || pattern.starts_with("(^|/)\\.")
}

fn denies_all(location: &Directive) -> bool {
    location.block.iter().any(|d| {
        (d.name == "deny" && d.first() == "all") || (d.name == "return" && matches!(d.first(), "403" | "404"))
    })
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
