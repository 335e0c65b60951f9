//! `session.cache_limiter`: the header fields that a session's start adds.

use std::str::FromStr;

use crate::php::{Php, Version};
use crate::response::http_date;

/// A moment before PHP was, as PHP says that an answer has long expired.
const LONG_AGO: &str = "Thu, 19 Nov 1981 08:52:00 GMT";

/// What caches may do with the answers to requests that have a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheLimiter {
    /// `nocache`, the default: nobody keeps it.
    #[default]
    NoCache,
    /// `private`: the client may keep it, but is told that it has expired.
    Private,
    /// `private_no_expire`: the same without the expiry.
    PrivateNoExpire,
    /// `public`: anyone may keep it.
    Public,
    /// The empty string: no header field is added.
    None,
}

/// No `session.cache_limiter` of PHP; PHP would add no header field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no cache limiter: `nocache`, `private`, `private_no_expire`, `public` or the empty string")]
pub struct UnknownLimiter(String);

impl FromStr for CacheLimiter {
    type Err = UnknownLimiter;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "nocache" => Self::NoCache,
            "private" => Self::Private,
            "private_no_expire" => Self::PrivateNoExpire,
            "public" => Self::Public,
            "" => Self::None,
            other => return Err(UnknownLimiter(other.to_owned())),
        })
    }
}

impl CacheLimiter {
    /// The header fields, in PHP's order.
    ///
    /// `minutes` is `session.cache_expire` (PHP's default is 180). `modified` is when the script was last changed, in seconds since
    /// 1970, where that is known.
    pub fn fields(self, php: &Php, minutes: i64, modified: Option<i64>) -> Vec<(&'static str, String)> {
        let seconds = minutes.saturating_mul(60);
        let age = |who: &str| ("Cache-Control", format!("{who}, max-age={seconds}"));
        let private = || {
            let mut field = age("private");
            if !php.since(Version::V7_1) {
                field.1.push_str(&format!(", pre-check={seconds}"));
            }
            field
        };
        let modified = modified.map(|at| ("Last-Modified", http_date(at)));
        let mut fields = match self {
            Self::None => return Vec::new(),
            Self::NoCache => {
                let old = if php.since(Version::V7_1) { "" } else { ", post-check=0, pre-check=0" };
                return vec![
                    ("Expires", LONG_AGO.to_owned()),
                    ("Cache-Control", format!("no-store, no-cache, must-revalidate{old}")),
                    ("Pragma", "no-cache".to_owned()),
                ];
            }
            Self::Public => vec![("Expires", http_date(php.now.saturating_add(seconds))), age("public")],
            Self::Private => vec![("Expires", LONG_AGO.to_owned()), private()],
            Self::PrivateNoExpire => vec![private()],
        };
        fields.extend(modified);
        fields
    }
}
