//! What a probe tells, and what the functions of `legacy-compat` make of it.

use std::fmt::Write as _;

use legacy_compat::families::serialize::unserialize;
use legacy_compat::{IntSize, Libc, Php, Value, Version, cast};
use ring::digest::{SHA256, digest};

/// What a pool said of its PHP.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    said: Value,
    /// The version in full: `8.2.30`.
    pub version: String,
    /// A hash of everything that was said: another one is another PHP.
    pub hash: String,
}

/// An answer that is none of the probe's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what answered is not the probe")]
pub(crate) struct NotTheProbe;

impl Facts {
    /// Reads a probe's answer.
    pub(crate) fn read(body: &[u8]) -> Result<Self, NotTheProbe> {
        let said = unserialize(&Php::new(Version::V8_2), body, false).ok_or(NotTheProbe)?;
        let version = said.at("version").as_bytes().and_then(|text| std::str::from_utf8(text).ok());
        match (said.at("handover").as_int(), version) {
            (Some(1), Some(version)) if version.parse::<Version>().is_ok() => {
                Ok(Self { version: version.to_owned(), hash: short_hash(body), said })
            }
            _ => Err(NotTheProbe),
        }
    }

    /// Everything that was said, by name.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let pairs = |value: &Value, before: &str| -> Vec<(String, String)> {
            let array = value.as_array().cloned().unwrap_or_default();
            let text = |value: &Value| String::from_utf8_lossy(&cast::to_str(&php(), value)).into_owned();
            let name =
                |key: legacy_compat::Key| format!("{before}{}", String::from_utf8_lossy(&key.to_str()));
            array
                .iter()
                .filter(|(_, v)| v.as_array().is_none())
                .map(|(key, v)| (name(key), text(v)))
                .collect()
        };
        [pairs(&self.said, ""), pairs(self.said.at("settings"), "")].concat()
    }

    /// A setting's text; `None` where that PHP has no such setting.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.said.at("settings").at(name).as_bytes()?).ok()
    }

    /// The parameters that they are to `legacy-compat`.
    pub(crate) fn php(&self) -> Php {
        let mut php = Php::new(self.version.parse().unwrap_or(Version::V8_2));
        let whole = |name: &str| self.setting(name).map(quantity);
        let text = |name: &str| self.setting(name).filter(|text| !text.is_empty());
        let count = |name: &str, default: u64| whole(name).map_or(default, |n| n.max(0).unsigned_abs());
        php.precision = whole("precision").map_or(php.precision, |n| n as i32);
        php.serialize_precision = whole("serialize_precision").map_or(php.serialize_precision, |n| n as i32);
        if let Some(zone) = self.said.at("timezone").as_bytes() {
            php.timezone = String::from_utf8_lossy(zone).into();
        }
        php.max_input_vars = count("max_input_vars", php.max_input_vars as u64) as usize;
        php.max_input_nesting_level =
            count("max_input_nesting_level", php.max_input_nesting_level as u64) as usize;
        if let Some(charset) = text("default_charset") {
            php.default_charset = charset.into();
        }
        if *self.said.at("musl") == Value::Bool(true) {
            php.libc = Libc::Musl;
        }
        if self.said.at("int_size").as_int() == Some(4) {
            php.int_size = IntSize::Four;
        }
        php.argon2 = *self.said.at("argon2") != Value::Bool(false);
        php.pcre_jit = whole("pcre.jit").map_or(php.pcre_jit, |n| n != 0);
        php.backtrack_limit =
            count("pcre.backtrack_limit", php.backtrack_limit.into()).try_into().unwrap_or(u32::MAX);
        let input = &mut php.input;
        if let Some(order) = self.setting("variables_order") {
            input.variables_order = order.to_owned();
        }
        input.request_order = text("request_order").map(str::to_owned);
        if let Some(separators) = text("arg_separator.input") {
            input.arg_separator_input = separators.to_owned();
        }
        let flag = |name: &str, default: bool| self.setting(name).map_or(default, |text| quantity(text) != 0);
        input.enable_post_data_reading = flag("enable_post_data_reading", input.enable_post_data_reading);
        input.register_argc_argv = flag("register_argc_argv", input.register_argc_argv);
        input.file_uploads = flag("file_uploads", input.file_uploads);
        input.post_max_size = count("post_max_size", input.post_max_size);
        input.upload_max_filesize = count("upload_max_filesize", input.upload_max_filesize);
        input.max_file_uploads = count("max_file_uploads", input.max_file_uploads);
        input.max_multipart_body_parts = whole("max_multipart_body_parts").and_then(|n| n.try_into().ok());
        php
    }
}

fn php() -> Php {
    Php::new(Version::V8_2)
}

/// A number as `php.ini` has it: `8M` is 8 MiB.
fn quantity(text: &str) -> i64 {
    let text = text.trim();
    let unit = match text.bytes().last().map(|byte| byte.to_ascii_lowercase()) {
        Some(b'k') => 1 << 10,
        Some(b'm') => 1 << 20,
        Some(b'g') => 1 << 30,
        _ => 1,
    };
    cast::to_int(&php(), &text.into()).saturating_mul(unit)
}

fn short_hash(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().take(4).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"a:5:{s:8:"handover";i:1;s:7:"version";s:7:"7.0.33x";s:8:"settings";a:5:{s:9:"precision";s:2:"17";s:13:"post_max_size";s:2:"8M";s:12:"file_uploads";s:0:"";s:14:"max_input_vars";s:4:"5000";s:13:"request_order";s:2:"GP";}s:8:"timezone";s:13:"Europe/Berlin";s:4:"musl";b:0;}"#;

    #[test]
    fn what_a_pool_says_becomes_the_parameters() {
        let facts = Facts::read(SAID.as_bytes()).unwrap();
        let php = facts.php();
        assert_eq!((php.version, php.precision, php.serialize_precision), (Version::V7_0, 17, 17));
        assert_eq!((&*php.timezone, php.max_input_vars), ("Europe/Berlin", 5000));
        assert_eq!((php.input.post_max_size, php.input.file_uploads), (8 << 20, false));
        assert_eq!(php.input.request_order.as_deref(), Some("GP"));
        assert!(facts.all().contains(&("precision".to_owned(), "17".to_owned())));
        assert_eq!((php.libc, php.argon2, php.pcre_jit), (Libc::Glibc, true, true));
        let alpine = SAID
            .replace(r#"s:4:"musl";b:0;"#, r#"s:4:"musl";b:1;s:6:"argon2";b:0;"#)
            .replace("a:5:{s:8:\"handover\"", "a:6:{s:8:\"handover\"")
            .replace(r#"s:12:"file_uploads";s:0:"""#, r#"s:8:"pcre.jit";s:1:"0""#);
        let php = Facts::read(alpine.as_bytes()).unwrap().php();
        assert_eq!((php.libc, php.argon2, php.pcre_jit), (Libc::Musl, false, false));
    }

    #[test]
    fn anything_that_changes_changes_the_hash_and_no_page_of_the_application_passes() {
        let facts = Facts::read(SAID.as_bytes()).unwrap();
        let other = Facts::read(SAID.replace("Berlin", "Vienna").as_bytes()).unwrap();
        assert_ne!(facts.hash, other.hash);
        for page in ["<html>", "", "a:0:{}", "i:1;", "a:1:{s:8:\"handover\";i:1;}"] {
            assert!(Facts::read(page.as_bytes()).is_err(), "{page}");
        }
    }
}
