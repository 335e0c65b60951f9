//! An nginx site, as a draft: what it serves, from where, and what of it has no counterpart.
//!
//! [`known`] sorts directives by name, [`settings`] translates those of any level, [`locations`] finds the backends.

mod known;
mod locations;
mod settings;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::bail;

use super::draft::{Draft, Legacy, Note, list, quoted};
use super::nginx::Directive;

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
