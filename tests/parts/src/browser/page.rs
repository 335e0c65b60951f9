//! One page: what somebody reads, clicks and types.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::Browser;
use crate::tools;

/// The longest wait for something to appear on a page.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where screenshots go, for people to look at; none are made without it.
const SCREENSHOTS: &str = "HANDOVER_SCREENSHOTS";

/// A page of somebody.
#[derive(Debug)]
pub struct Page<'b> {
    browser: &'b Browser,
    session: String,
}

/// What axe-core finds wrong on a page.
#[derive(Debug)]
pub struct Violation {
    /// `minor`, `moderate`, `serious` or `critical`.
    pub impact: String,
    /// The rule and what it asks for.
    pub rule: String,
    /// The elements, as HTML.
    pub elements: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    {}", self.impact, self.rule, self.elements.join("\n    "))
    }
}

impl<'b> Page<'b> {
    pub(super) fn new(browser: &'b Browser, session: String) -> Self {
        let page = Self { browser, session };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.call(domain, &json!({}));
        }
        page.looks(1280, false);
        page
    }

    /// Sets width and colours: 390 is a phone.
    pub fn looks(&self, width: u32, dark: bool) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", &json!({ "features": features }));
    }

    /// Goes to an address, until all of the page is there.
    ///
    /// # Panics
    /// When nothing is there.
    pub fn open(&self, url: &str) {
        let is_load =
            |event: &Value| event["sessionId"] == *self.session && event["method"] == "Page.loadEventFired";
        self.browser.cdp.borrow_mut().take(is_load);
        let result = self.call("Page.navigate", &json!({ "url": url }));
        assert!(result.get("errorText").is_none(), "{url}: {}", result["errorText"]);
        let loaded = self.browser.cdp.borrow_mut().event(&self.session, "Page.loadEventFired");
        assert!(loaded.is_some(), "{url} is not there in time");
    }

    /// What an expression comes to on the page; what went wrong where a page goes as another comes.
    ///
    /// # Errors
    /// What the page threw.
    pub fn eval(&self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let mut result = self.browser.call(Some(&self.session), "Runtime.evaluate", &params)?;
        match result.get("exceptionDetails") {
            Some(thrown) => Err(format!("{expression}: {thrown}")),
            None => Ok(result["result"]["value"].take()),
        }
    }

    /// Waits until an expression is true.
    ///
    /// # Panics
    /// When it does not come true, with the page's text.
    pub fn wait(&self, expression: &str) {
        let began = Instant::now();
        while self.eval(&format!("!!({expression})")) != Ok(Value::Bool(true)) {
            assert!(
                began.elapsed() < PATIENCE,
                "waited in vain for: {expression}\nat {}\n{}",
                self.address(),
                self.text()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the page shows a text.
    ///
    /// # Panics
    /// When it does not.
    pub fn shows(&self, text: &str) {
        self.wait(&format!("document.body && document.body.innerText.includes({})", Value::from(text)));
    }

    /// Waits until this is the page's path and query.
    ///
    /// # Panics
    /// When it does not become that.
    pub fn is_at(&self, path: &str) {
        let path = Value::from(path);
        self.wait(&format!(
            "document.readyState === 'complete' && location.pathname + location.search === {path}"
        ));
    }

    /// All text on the page.
    #[must_use]
    pub fn text(&self) -> String {
        let text = self.eval("document.body.innerText").unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Where the page is from.
    #[must_use]
    pub fn address(&self) -> String {
        self.eval("location.href").unwrap_or_default().as_str().unwrap_or_default().to_owned()
    }

    /// Clicks what a selector finds first, with the mouse.
    ///
    /// # Panics
    /// When it is not there, or cannot be seen.
    pub fn click(&self, selector: &str) {
        let element = format!("document.querySelector({})", Value::from(selector));
        self.wait(&element);
        let place = format!(
            "(() => {{ const e = {element}; e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2, r.width]; }})()"
        );
        let place = self.eval(&place).unwrap_or_else(|why| panic!("{selector}: {why}"));
        assert!(place[2].as_f64() > Some(0.0), "{selector} cannot be seen");
        for kind in ["mousePressed", "mouseReleased"] {
            let button =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &button);
        }
    }

    /// Puts a text into a field, in place of what is there.
    ///
    /// # Panics
    /// When there is no such field.
    pub fn fill(&self, selector: &str, text: &str) {
        let element = format!("document.querySelector({})", Value::from(selector));
        self.wait(&element);
        self.eval(&format!("{element}.focus(), {element}.select && {element}.select(), 1"))
            .unwrap_or_else(|why| panic!("{selector}: {why}"));
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Presses a key: a letter or sign, `Enter`, `Tab` or `Escape`.
    pub fn press(&self, key: &str) {
        self.wait("document.readyState === 'complete'");
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, "\t"),
            "Escape" => (27, ""),
            sign => (0, sign),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// What went wrong on the page: exceptions of its scripts, what its policy forbade. Each is told once.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        let is_error = |event: &Value| {
            event["sessionId"] == *self.session
                && (event["method"] == "Runtime.exceptionThrown"
                    || event["params"]["entry"]["level"] == "error")
        };
        self.browser.cdp.borrow_mut().take(is_error).iter().map(|event| event["params"].to_string()).collect()
    }

    /// What axe-core finds wrong.
    ///
    /// # Panics
    /// When axe-core was not fetched, with what to do about it.
    #[must_use]
    pub fn axe(&self) -> Vec<Violation> {
        let script = std::fs::read_to_string(tools::axe()).expect("axe-core can be read");
        self.eval(&format!("{script};1")).unwrap_or_else(|why| panic!("axe-core does not load: {why}"));
        let found = self.eval("axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations)");
        let found = found.unwrap_or_else(|why| panic!("axe-core does not run: {why}"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let violation = |violation: &Value| Violation {
            impact: text(&violation["impact"]),
            rule: format!("{} ({})", text(&violation["help"]), text(&violation["id"])),
            elements: violation["nodes"].as_array().into_iter().flatten().map(|n| text(&n["html"])).collect(),
        };
        found.as_array().expect("a list").iter().map(violation).collect()
    }

    /// Keeps a picture of the whole page as `NAME.png` in the folder that `HANDOVER_SCREENSHOTS` names, if it does.
    ///
    /// # Panics
    /// When it cannot be kept.
    pub fn picture(&self, name: &str) {
        let Some(folder) = std::env::var_os(SCREENSHOTS) else { return };
        let shot = self.call("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let bytes = BASE64.decode(shot["data"].as_str().unwrap_or_default()).expect("a picture");
        crate::process::write(Path::new(&folder).join(format!("{name}.png")), bytes);
    }

    fn call(&self, method: &str, params: &Value) -> Value {
        let called = self.browser.call(Some(&self.session), method, params);
        called.unwrap_or_else(|why| self.browser.process.fail(&why))
    }
}
