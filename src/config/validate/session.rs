//! `[legacy.NAME.session]`: PHP's sessions, for native handlers.

use std::time::Duration;

use handover_session::{Files, Memcached, MemcachedSettings, Patience, Redis, RedisSettings, Settings};
use legacy_compat::session::{CacheLimiter, CookieSettings, IdSettings, SameSite};

use crate::config::raw::session::{RawSameSite, SaveHandler, Session};
use crate::config::raw::{self, At};
use crate::config::section::Section;
use crate::legacy::session::{SessionSpec, StoreSpec};

/// How long a handler waits for a lock, when the file does not say.
const LOCK_WAIT: Duration = Duration::from_secs(5);

pub(super) fn session(legacy: &raw::Legacy, section: &mut Section<'_>) -> Option<SessionSpec> {
    let given = legacy.session.as_ref()?;
    let mut section = section.inner(given.span());
    let raw = given.get();
    let is_asked =
        legacy.probe.as_ref().is_some_and(|probe| !matches!(probe.get(), raw::RawProbe::Asked(false)));
    if legacy.php.is_none() && !is_asked {
        let hint = "their form depends on that: `probe = true` or `php = \"8.2\"` beside it";
        section.fault_with_hint(given.span(), "sessions take a legacy whose PHP is known", hint.to_owned());
    }
    let settings = Settings {
        cookie: cookie(raw, &mut section),
        format: text(&raw.serialize_handler, &mut section),
        id: id(raw, &mut section),
        limiter: text::<CacheLimiter>(&raw.cache_limiter, &mut section),
        cache_expire: number(&raw.cache_expire, 180).into(),
        strict: flag(&raw.use_strict_mode, false),
        lazy_write: flag(&raw.lazy_write, true),
        patience: Patience::of(section.duration(&raw.lock_wait, LOCK_WAIT)),
    };
    Some(SessionSpec { store: store(raw, &mut section)?, settings })
}

fn flag(given: &Option<At<bool>>, default: bool) -> bool {
    given.as_ref().map_or(default, |given| *given.get())
}

fn number(given: &Option<At<u32>>, default: u32) -> u32 {
    given.as_ref().map_or(default, |given| *given.get())
}

/// One of PHP's words.
fn text<T: Default + std::str::FromStr<Err: std::fmt::Display>>(
    given: &Option<At<String>>,
    section: &mut Section<'_>,
) -> T {
    let parsed = given.as_ref().map(|text| text.get().parse().map_err(|why: T::Err| (text.span(), why)));
    match parsed {
        Some(Err((span, why))) => {
            section.fault(span, why.to_string());
            T::default()
        }
        Some(Ok(value)) => value,
        None => T::default(),
    }
}

fn cookie(raw: &Session, section: &mut Section<'_>) -> CookieSettings {
    let default = CookieSettings::default();
    let text = |given: &Option<At<String>>, default: String| {
        given.as_ref().map_or(default, |given| given.get().clone())
    };
    for part in [&raw.cookie_path, &raw.cookie_domain].into_iter().flatten() {
        if part.get().contains(|c: char| c.is_control() || c == ';' || c == ',') {
            section.fault(part.span(), format!("`{}` cannot stand in a cookie", part.get()));
        }
    }
    if let Some(name) = &raw.name {
        let is_name = name.get().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !is_name || name.get().bytes().all(|b| b.is_ascii_digit()) {
            let hint = "letters, digits, `_` and `-`, not digits alone".to_owned();
            section.fault_with_hint(name.span(), format!("`{}` is no session's name", name.get()), hint);
        }
    }
    CookieSettings {
        name: text(&raw.name, default.name),
        lifetime: number(&raw.cookie_lifetime, 0).into(),
        path: text(&raw.cookie_path, default.path),
        domain: text(&raw.cookie_domain, default.domain),
        secure: flag(&raw.cookie_secure, false),
        http_only: flag(&raw.cookie_httponly, false),
        same_site: raw.cookie_samesite.as_ref().map(|given| match given.get() {
            RawSameSite::Strict => SameSite::Strict,
            RawSameSite::Lax => SameSite::Lax,
            RawSameSite::None => SameSite::None,
        }),
    }
}

fn id(raw: &Session, section: &mut Section<'_>) -> IdSettings {
    let default = IdSettings::default();
    let mut within = |given: &Option<At<u32>>, default: u32, least: u32, most: u32| {
        let number = number(given, default);
        if let Some(given) = given.as_ref().filter(|_| !(least..=most).contains(&number)) {
            section.fault(given.span(), format!("{number} is not between {least} and {most}"));
        }
        number
    };
    IdSettings {
        length: within(&raw.sid_length, default.length as u32, 22, 256) as usize,
        bits: within(&raw.sid_bits_per_character, default.bits, 4, 6),
    }
}

fn store(raw: &Session, section: &mut Section<'_>) -> Option<StoreSpec> {
    let handler = raw.save_handler.as_ref().map_or(SaveHandler::Files, |given| *given.get());
    let hint = "PHP's own `session.save_path`";
    let path = section.required(&raw.save_path, "save_path", hint);
    let lifetime = Duration::from_secs(number(&raw.gc_maxlifetime, 1440).max(1).into());
    match handler {
        SaveHandler::Files => {
            only_servers(raw, section);
            section
                .parse(path?, Files::at, hint)
                .map(|_| StoreSpec::Files(path.map(owned).unwrap_or_default()))
        }
        SaveHandler::Redis => {
            let default = RedisSettings::default();
            let settings = RedisSettings {
                prefix: raw.prefix.as_ref().map_or(default.prefix, owned),
                lifetime,
                locking: flag(&raw.locking, default.locking),
                lock_expire: section.duration(&raw.lock_expire, default.lock_expire),
            };
            let path = path?;
            section.parse(path, |text| Redis::at(text, settings.clone()), hint)?;
            Some(StoreSpec::Redis(owned(path), settings))
        }
        SaveHandler::Memcached => {
            let default = MemcachedSettings::default();
            let settings = MemcachedSettings {
                prefix: raw.prefix.as_ref().map_or(default.prefix, owned),
                lifetime,
                locking: flag(&raw.locking, default.locking),
                lock_expire: section.duration(&raw.lock_expire, default.lock_expire),
            };
            let path = path?;
            section.parse(path, |text| Memcached::at(text, settings.clone()), hint)?;
            Some(StoreSpec::Memcached(owned(path), settings))
        }
    }
}

fn owned(text: &At<String>) -> String {
    text.get().clone()
}

/// Reports keys that say nothing about files.
fn only_servers(raw: &Session, section: &mut Section<'_>) {
    let spans = [
        raw.gc_maxlifetime.as_ref().map(At::span),
        raw.locking.as_ref().map(At::span),
        raw.lock_expire.as_ref().map(At::span),
        raw.prefix.as_ref().map(At::span),
    ];
    for span in spans.into_iter().flatten() {
        section.fault(span, "only sessions in Redis or memcached have this");
    }
}
