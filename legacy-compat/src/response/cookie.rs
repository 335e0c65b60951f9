//! `setcookie` and `setrawcookie`.

use super::date::{cookie_date, year};
use crate::families::strings::escape::{rawurlencode, urlencode};
use crate::php::{Php, Version};

/// What a value may not hold, nor a path or a domain. (NUL is refused a step later, as in every header field.)
const SEPARATORS: &[u8] = b",; \t\r\n\x0b\x0c\0";

/// When a cookie goes along with requests from other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// `Strict`
    Strict,
    /// `Lax`
    Lax,
    /// `None`
    None,
}

impl SameSite {
    /// As it stands in the field.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
}

/// A cookie as `setcookie()` takes it. What is empty or 0 is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value; an empty one deletes the cookie.
    pub value: Vec<u8>,
    /// When it expires, in seconds since 1970; 0 when the browser is closed.
    pub expires: i64,
    /// The paths that it is for.
    pub path: Vec<u8>,
    /// The domain that it is for.
    pub domain: Vec<u8>,
    /// Whether it goes over TLS alone.
    pub secure: bool,
    /// Whether scripts of the page are kept from it.
    pub http_only: bool,
    /// Since 7.3; earlier versions have no such option.
    pub same_site: Option<SameSite>,
}

/// PHP sends no such cookie: up to 7.4 a warning and `false`, later a `ValueError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CookieRefused {
    /// The name is empty.
    #[error("a cookie has a name")]
    NoName,
    /// The name cannot hold `=` nor what separates cookies.
    #[error("a cookie's name cannot hold `=`, `,`, `;` or blanks")]
    Name,
    /// A raw value cannot hold what separates cookies.
    #[error("a raw cookie's value cannot hold `,`, `;` or blanks")]
    Value,
    /// A path or a domain cannot hold what separates cookies.
    #[error("a cookie's path and domain cannot hold `,`, `;` or blanks")]
    PathOrDomain,
    /// The year has more than four digits.
    #[error("a cookie cannot expire after the year 9999")]
    Expiry,
}

impl Cookie {
    /// A cookie until the browser is closed.
    pub fn new(name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), value: value.into(), ..Self::default() }
    }

    /// The value of `Set-Cookie` as `setcookie()` sends it: the value encoded, a blank as `%20` from 7.4, earlier as `+`.
    ///
    /// ```
    /// use legacy_compat::response::Cookie;
    /// use legacy_compat::{Php, Version};
    /// let cookie = Cookie { path: b"/".to_vec(), http_only: true, ..Cookie::new("a", "b c") };
    /// let sent = cookie.encoded(&Php::new(Version::V8_2))?;
    /// assert_eq!(sent, b"a=b%20c; path=/; HttpOnly");
    /// # Ok::<(), legacy_compat::response::CookieRefused>(())
    /// ```
    ///
    /// # Errors
    /// What PHP refuses.
    #[doc(alias = "setcookie")]
    pub fn encoded(&self, php: &Php) -> Result<Vec<u8>, CookieRefused> {
        let value = if php.since(Version::V7_4) { rawurlencode(&self.value) } else { urlencode(&self.value) };
        self.with_value(php, value)
    }

    /// The same as `setrawcookie()` sends it.
    ///
    /// # Errors
    /// What PHP refuses.
    #[doc(alias = "setrawcookie")]
    pub fn raw(&self, php: &Php) -> Result<Vec<u8>, CookieRefused> {
        if self.value.iter().any(|byte| SEPARATORS.contains(byte)) {
            return Err(CookieRefused::Value);
        }
        self.with_value(php, self.value.clone())
    }

    fn with_value(&self, php: &Php, value: Vec<u8>) -> Result<Vec<u8>, CookieRefused> {
        self.check(php)?;
        let mut out = [&self.name[..], b"="].concat();
        if self.value.is_empty() {
            out.extend_from_slice(b"deleted; expires=");
            out.extend_from_slice(cookie_date(php, 1).as_bytes());
            out.extend_from_slice(b"; Max-Age=0");
        } else {
            out.extend_from_slice(&value);
            if self.expires > 0 {
                let age = self.expires.saturating_sub(php.now).max(0);
                let expiry = format!("; expires={}; Max-Age={age}", cookie_date(php, self.expires));
                out.extend_from_slice(expiry.as_bytes());
            }
        }
        for (key, value) in [("; path=", &self.path), ("; domain=", &self.domain)] {
            if !value.is_empty() {
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(value);
            }
        }
        out.extend_from_slice(if self.secure { b"; secure" } else { b"" });
        out.extend_from_slice(if self.http_only { b"; HttpOnly" } else { b"" });
        if let Some(same_site) = self.same_site.filter(|_| php.since(Version::V7_3)) {
            out.extend_from_slice(b"; SameSite=");
            out.extend_from_slice(same_site.name().as_bytes());
        }
        Ok(out)
    }

    fn check(&self, php: &Php) -> Result<(), CookieRefused> {
        let separated = |bytes: &[u8]| bytes.iter().any(|byte| SEPARATORS.contains(byte));
        if self.name.is_empty() {
            return Err(CookieRefused::NoName);
        }
        if separated(&self.name) || self.name.contains(&b'=') {
            return Err(CookieRefused::Name);
        }
        if separated(&self.path) || separated(&self.domain) {
            return Err(CookieRefused::PathOrDomain);
        }
        let dated = !self.value.is_empty() || php.since(Version::V8_2);
        if dated && self.expires > 0 && year(self.expires) > 9999 {
            return Err(CookieRefused::Expiry);
        }
        Ok(())
    }
}
