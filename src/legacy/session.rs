//! A legacy's sessions: where they are, and one core's way there.

use std::sync::Arc;

use handover_session::{
    Files, Memcached, MemcachedSettings, Redis, RedisSettings, Sessions, Settings, Store,
};
use legacy_compat::session::SameSite;

use super::by_spec::BySpec;
use super::probe::Facts;
use super::spec::Spec;

/// What `[legacy.NAME.session]` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionSpec {
    /// Where they are kept.
    pub store: StoreSpec,
    /// All else.
    pub settings: Settings,
}

/// Where sessions are kept: `session.save_path`, which is valid, and the store's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreSpec {
    /// In files.
    Files(String),
    /// In Redis.
    Redis(String, RedisSettings),
    /// In memcached.
    Memcached(String, MemcachedSettings),
}

impl SessionSpec {
    /// Connects to nothing yet; `None` never, since the path is valid.
    fn open(&self) -> Option<Sessions> {
        let store: Arc<dyn Store> = match &self.store {
            StoreSpec::Files(path) => Arc::new(Files::at(path).ok()?),
            StoreSpec::Redis(path, settings) => Arc::new(Redis::at(path, settings.clone()).ok()?),
            StoreSpec::Memcached(path, settings) => Arc::new(Memcached::at(path, settings.clone()).ok()?),
        };
        Some(Sessions::new(store, self.settings.clone()))
    }
}

impl SessionSpec {
    /// Where a running PHP has another setting than the file says.
    pub(super) fn differences(&self, facts: &Facts) -> Vec<String> {
        let Settings { cookie, format, id, cache_expire, strict, .. } = &self.settings;
        let handler = match self.store {
            StoreSpec::Files(_) => "files",
            StoreSpec::Redis(..) => "redis",
            StoreSpec::Memcached(..) => "memcached",
        };
        let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
        let expected = [
            ("session.save_handler", handler.to_owned()),
            ("session.name", cookie.name.clone()),
            ("session.serialize_handler", format.to_string()),
            ("session.cookie_lifetime", cookie.lifetime.to_string()),
            ("session.cookie_path", cookie.path.clone()),
            ("session.cookie_domain", cookie.domain.clone()),
            ("session.cookie_secure", flag(cookie.secure)),
            ("session.cookie_httponly", flag(cookie.http_only)),
            ("session.cookie_samesite", cookie.same_site.map_or("", SameSite::name).to_owned()),
            ("session.cache_expire", cache_expire.to_string()),
            ("session.use_strict_mode", flag(*strict)),
            ("session.sid_length", id.length.to_string()),
            ("session.sid_bits_per_character", id.bits.to_string()),
        ];
        let differs = |(name, expected): (&str, String)| {
            let said = facts.setting(name)?;
            let same = said == expected || said.is_empty() && expected == "0";
            (!same).then(|| format!("{name} is {said:?}, not {expected:?}"))
        };
        expected.into_iter().filter_map(differs).collect()
    }
}

/// One core's sessions: connections belong to a runtime.
#[derive(Default)]
pub(crate) struct CoreSessions(BySpec<Option<Sessions>>);

impl CoreSessions {
    /// The sessions of that legacy, where it says how they are had.
    pub(crate) fn of(&self, spec: &Arc<Spec>) -> Option<Sessions> {
        let session = spec.session.as_ref()?;
        self.0.get(spec, || session.open())
    }
}
