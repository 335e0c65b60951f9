//! Pages as the legacy frames them (`includes/http.php`, `templates/layout.php`).

use handover_api::{HandlerError, Response};
use legacy_compat::Php;
use legacy_compat::families::html;
use legacy_compat::response::Head;

use crate::APP_VERSION;

/// An answer with what `public/index.php` says in each.
pub(super) struct Page<'p> {
    /// Its head, as `header()` builds it.
    pub(super) head: Head<'p>,
}

impl<'p> Page<'p> {
    pub(super) fn new(php: &'p Php) -> Self {
        Self { head: Head::new(php) }
    }

    /// `redirect()`
    pub(super) fn redirect(self, to: &str) -> Result<Response, HandlerError> {
        self.send(302, &[format!("Location: {to}")], Vec::new())
    }

    /// `send_html()`
    pub(super) fn html(self, status: u16, title: &str, html: &[u8]) -> Result<Response, HandlerError> {
        let head = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <title>{title} &middot; Flight intake</title>\n\
             <link rel=\"stylesheet\" href=\"/assets/style.css?v={APP_VERSION}\">\n</head>\n<body>\n<div id=\"page\">\n",
        );
        let foot =
            format!("\n<hr>\n<p class=\"foot\">Flight intake {APP_VERSION}</p>\n</div>\n</body>\n</html>\n");
        let body = [head.as_bytes(), html, foot.as_bytes()].concat();
        self.send(status, &["Content-Type: text/html; charset=utf-8".to_owned()], body)
    }

    fn send(mut self, status: u16, lines: &[String], body: Vec<u8>) -> Result<Response, HandlerError> {
        let own = ["X-Powered-By: Flight Intake".to_owned(), format!("X-App-Version: {APP_VERSION}")];
        self.head.set_status(status);
        for line in own.iter().chain(lines) {
            self.head.header(line).map_err(HandlerError::new)?;
        }
        let mut response = Response::new(status).body(body);
        for (name, value) in self.head.finish().fields() {
            response = response.field(name.to_vec(), value.to_vec())?;
        }
        Ok(response)
    }
}

/// `h()`: `htmlspecialchars($s, ENT_QUOTES, 'UTF-8')`
pub(super) fn escaped(text: &[u8]) -> Vec<u8> {
    const ENT_QUOTES: html::Flags = html::Flags(3);
    html::escape(text, ENT_QUOTES, false, html::Charset::Utf8, true)
}
