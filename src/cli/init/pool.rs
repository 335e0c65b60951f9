//! A php-fpm pool's file, as a draft.

use std::path::Path;

use super::draft::{Draft, Legacy, Note, quoted};

/// Whether a text is a pool's file rather than nginx's.
pub(super) fn is_one(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with('[')) && !text.contains('{')
}

/// What a pool's file comes to. `root`: the document root, which pools do not know.
pub(super) fn draft(path: &Path, text: &str, root: Option<&Path>) -> Draft {
    let mut draft = Draft { http: vec!["127.0.0.1:8080".to_owned()], ..Draft::default() };
    let mut legacy = Legacy { name: "app".to_owned(), ..Legacy::default() };
    let mut pools = 0;
    for (at, line) in text.lines().enumerate() {
        let line = line.split(';').next().unwrap_or_default().trim();
        let mut note = |why: &str| {
            draft.notes.push(Note {
                file: path.to_owned(),
                line: at + 1,
                what: line.to_owned(),
                why: why.to_owned(),
                is_access: false,
            })
        };
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            pools += usize::from(name != "global");
            if pools > 1 {
                note("only the first pool of a file is taken: give the others a file each");
                break;
            }
            if super::site::is_name(name) && name != "global" {
                legacy.name = name.to_owned();
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
            continue;
        };
        let value = value.trim_matches('"');
        match key {
            "listen" => legacy.set("fastcgi", quoted(&address(value))),
            "pm.max_children" => legacy.set("connections_max", value.to_owned()),
            "request_terminate_timeout" if value.trim_end_matches('s') != "0" => {
                legacy.set("read_timeout", quoted(&seconds(value)));
            }
            "listen.allowed_clients" if !value.split(',').any(|client| client.trim() == "127.0.0.1") => {
                note("the pool answers these addresses only: this machine's has to be among them");
            }
            "security.limit_extensions" if value != ".php" => {
                note("which scripts may run says `scripts` in the legacy: by name or pattern");
            }
            "chroot" => note("paths are as PHP sees them: `root` has to begin within it"),
            _ => {}
        }
    }
    match root {
        Some(root) => legacy.set("root", quoted(&root.to_string_lossy())),
        None => draft.notes.push(Note {
            file: path.to_owned(),
            line: 1,
            what: "no document root".to_owned(),
            why: "a pool does not know it: say it by --root /srv/app/public".to_owned(),
            is_access: false,
        }),
    }
    draft.legacies.push(legacy);
    draft
}

/// As FastCGI addresses are written here.
pub(super) fn address(listen: &str) -> String {
    if listen.starts_with('/') {
        format!("unix:{listen}")
    } else if listen.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("127.0.0.1:{listen}")
    } else {
        listen.replace("*:", "127.0.0.1:")
    }
}

/// php-fpm's seconds have no unit.
fn seconds(text: &str) -> String {
    if text.ends_with(|c: char| c.is_ascii_digit()) { format!("{text}s") } else { text.to_owned() }
}
