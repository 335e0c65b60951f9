//! A real Chromium, in which a test sees and does what people see and do.

mod cdp;
mod page;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use crate::php_fpm::is_root;
use crate::process::{self, Process};
use crate::tools;

use cdp::Cdp;
pub use page::{Page, Violation};

/// Nothing but the page: no GPU, no network of the browser's own.
const FLAGS: [&str; 12] = [
    "--headless",
    "--remote-debugging-pipe",
    "--user-data-dir=profile",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "about:blank",
];

/// Opens the two pipes where the browser expects them, as descriptors 3 and 4.
const START: &str = r#"exec "$0" "$@" 3<to 4>from"#;

/// A running browser. Everybody in it has cookies of their own.
#[derive(Debug)]
pub struct Browser {
    process: Process,
    cdp: RefCell<Cdp>,
}

impl Browser {
    /// Starts it.
    ///
    /// # Panics
    /// When Chromium is not installed, with what to do about it.
    #[must_use]
    pub fn start() -> Self {
        let folder = process::folder("browser");
        let pipe = |name: &str| -> PathBuf {
            let path = folder.path().join(name);
            mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a pipe in a folder of ours");
            path
        };
        let cdp = Cdp::through(&pipe("to"), pipe("from"));
        let mut command = Command::new("sh");
        command.args(["-c", START]).arg(tools::program(&["chromium", "chromium-browser"])).args(FLAGS);
        // Debian's wrapper writes below the home folder.
        command.env("HOME", folder.path());
        if is_root() {
            command.arg("--no-sandbox");
        }
        let process = Process::start("chromium", command, Signal::SIGTERM, folder);
        Self { process, cdp: RefCell::new(cdp) }
    }

    /// An empty page of somebody who has no cookies yet.
    ///
    /// # Panics
    /// When the browser does not make one.
    #[must_use]
    pub fn somebody(&self) -> Page<'_> {
        let made = |method: &str, params: Value, key: &str| {
            let result = self.call(None, method, &params).unwrap_or_else(|why| self.process.fail(&why));
            result[key].as_str().expect("an id").to_owned()
        };
        let context = made("Target.createBrowserContext", json!({}), "browserContextId");
        let page = json!({ "url": "about:blank", "browserContextId": context });
        let target = made("Target.createTarget", page, "targetId");
        let session =
            made("Target.attachToTarget", json!({ "targetId": target, "flatten": true }), "sessionId");
        Page::new(self, session)
    }

    fn call(&self, session: Option<&str>, method: &str, params: &Value) -> Result<Value, String> {
        self.cdp.borrow_mut().call(session, method, params)
    }
}
