//! The cookie that brings a session back.

use super::SessionId;
use crate::families::strings::escape::urlencode;
use crate::php::{Php, Version};
use crate::response::{SameSite, cookie_date};

/// `session.name` and `session.cookie_…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieSettings {
    /// `session.name`. Default `PHPSESSID`.
    pub name: String,
    /// `session.cookie_lifetime`, in seconds; 0 until the browser is closed. Default 0.
    pub lifetime: i64,
    /// `session.cookie_path`. Default `/`.
    pub path: String,
    /// `session.cookie_domain`. Default empty.
    pub domain: String,
    /// `session.cookie_secure`. Default false.
    pub secure: bool,
    /// `session.cookie_httponly`. Default false.
    pub http_only: bool,
    /// `session.cookie_samesite`, since 7.3. Default none.
    pub same_site: Option<SameSite>,
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self {
            name: "PHPSESSID".to_owned(),
            lifetime: 0,
            path: "/".to_owned(),
            domain: String::new(),
            secure: false,
            http_only: false,
            same_site: None,
        }
    }
}

impl CookieSettings {
    /// The value of `Set-Cookie` as `session_start()` sends it with a new id.
    ///
    /// ```
    /// use legacy_compat::session::{CookieSettings, SessionId};
    /// use legacy_compat::{Php, Version};
    /// let id = SessionId::from_client(b"0123456789abcdef").unwrap();
    /// let settings = CookieSettings { http_only: true, ..CookieSettings::default() };
    /// let sent = settings.set_cookie(&Php::new(Version::V8_2), &id);
    /// assert_eq!(sent, "PHPSESSID=0123456789abcdef; path=/; HttpOnly");
    /// ```
    pub fn set_cookie(&self, php: &Php, id: &SessionId) -> String {
        let encoded = |text: &str| String::from_utf8_lossy(&urlencode(text.as_bytes())).into_owned();
        let mut out = format!("{}={}", encoded(&self.name), encoded(id.as_str()));
        if self.lifetime > 0 {
            let expires = cookie_date(php, php.now.saturating_add(self.lifetime));
            out.push_str(&format!("; expires={expires}; Max-Age={}", self.lifetime));
        }
        for (key, value) in [("; path=", &self.path), ("; domain=", &self.domain)] {
            if !value.is_empty() {
                out.push_str(key);
                out.push_str(value);
            }
        }
        out.push_str(if self.secure { "; secure" } else { "" });
        out.push_str(if self.http_only { "; HttpOnly" } else { "" });
        if let Some(same_site) = self.same_site.filter(|_| php.since(Version::V7_3)) {
            out.push_str("; SameSite=");
            out.push_str(same_site.name());
        }
        out
    }
}
