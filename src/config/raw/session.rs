//! `[legacy.NAME.session]` as it is written: PHP's sessions, for native handlers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::At;

/// PHP's sessions as the legacy has them, for routes with `session = true`. The keys are PHP's own, without `session.`, and so
/// are their values when they are not given; `lock_wait`, `locking`, `lock_expire` and `prefix` are the exceptions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Session {
    /// Where sessions are kept; `"files"` when not given.
    pub save_handler: Option<At<SaveHandler>>,
    /// For files `"/path"`, `"N;/path"` or `"N;MODE;/path"`; for Redis `"tcp://HOST:PORT?auth=${SECRET}"`; for memcached
    /// `"HOST:PORT"`.
    pub save_path: Option<At<String>>,
    /// The cookie's name; `"PHPSESSID"` when not given.
    pub name: Option<At<String>>,
    /// The form in which they are stored: `"php"` (when not given), `"php_serialize"` or `"php_binary"`.
    pub serialize_handler: Option<At<String>>,
    /// Seconds; 0 when not given.
    pub cookie_lifetime: Option<At<u32>>,
    /// `"/"` when not given.
    pub cookie_path: Option<At<String>>,
    /// Empty when not given.
    pub cookie_domain: Option<At<String>>,
    /// `false` when not given.
    pub cookie_secure: Option<At<bool>>,
    /// `false` when not given.
    pub cookie_httponly: Option<At<bool>>,
    /// `"Strict"`, `"Lax"`, `"None"`, or none when not given.
    pub cookie_samesite: Option<At<RawSameSite>>,
    /// What caches are told: `"nocache"` (when not given), `"private"`, `"private_no_expire"`, `"public"` or `""`.
    pub cache_limiter: Option<At<String>>,
    /// Minutes; 180 when not given.
    pub cache_expire: Option<At<u32>>,
    /// Redis and memcached: seconds; 1440 when not given. Files are collected by PHP or cron.
    pub gc_maxlifetime: Option<At<u32>>,
    /// Whether an id that nobody knows is replaced; `false` when not given.
    pub use_strict_mode: Option<At<bool>>,
    /// Whether what has not changed is not written; `true` when not given.
    pub lazy_write: Option<At<bool>>,
    /// How long new ids are, 22 to 256 characters; 32 when not given.
    pub sid_length: Option<At<u32>>,
    /// 4, 5 or 6; 4 when not given.
    pub sid_bits_per_character: Option<At<u32>>,
    /// How long native waits for a session that another request has locked; then legacy answers. `"5s"` when not given.
    pub lock_wait: Option<At<String>>,
    /// Redis and memcached: whether sessions are locked (`redis.session.locking_enabled`, `memcached.sess_locking`). When not
    /// given as with PHP: not in Redis, but in memcached.
    pub locking: Option<At<bool>>,
    /// Redis and memcached: how long a lock lives that nobody gives back (`redis.session.lock_expire`,
    /// `memcached.sess_lock_expire`; with 0 there it is `max_execution_time`); `"30s"` when not given.
    pub lock_expire: Option<At<String>>,
    /// Redis and memcached: what stands before an id; `"PHPREDIS_SESSION:"` or `"memc.sess.key."` when not given.
    pub prefix: Option<At<String>>,
}

/// Where sessions are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SaveHandler {
    /// In files, as PHP itself does it.
    #[default]
    Files,
    /// In Redis, as php-redis does it.
    Redis,
    /// In memcached, as php-memcached does it.
    Memcached,
}

/// Whether other sites' requests carry the cookie.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum RawSameSite {
    /// None of them.
    Strict,
    /// Links and the like.
    Lax,
    /// All of them.
    None,
}
