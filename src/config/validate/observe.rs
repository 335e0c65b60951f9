//! `[access_log]` and `[explain]`: what is told of requests.

use super::Read;
use super::front::field_name;
use crate::config::fault::Fault;
use crate::config::raw::At;
use crate::config::raw::observe::{self, LogForm};
use crate::config::section::Section;
use crate::observe::access::{Form, Spec, To};
use crate::route::explain::{Explain, Force, Key};

/// The shortest key by which a stage is forced, in bytes.
const KEY_MIN: usize = 16;

/// Validates `[access_log]`.
pub(super) fn access_log(main: &Read<'_>, faults: &mut Vec<Fault>) -> Option<Spec> {
    let raw = main.raw.access_log.as_ref()?;
    let mut section = Section::new(main.context, raw.span(), faults);
    let raw = raw.get();
    let to = match &raw.to {
        None => To::Stdout,
        Some(text) => match text.get().as_str() {
            "stdout" => To::Stdout,
            "stderr" => To::Stderr,
            other => match other.strip_prefix("file:").filter(|path| !path.is_empty()) {
                Some(path) => To::File(section.path(path)),
                None => {
                    let hint = "\"stdout\", \"stderr\" or \"file:PATH\"".to_owned();
                    section.fault_with_hint(text.span(), format!("`{other}` is nothing to log to"), hint);
                    To::Stdout
                }
            },
        },
    };
    let form = match raw.form.as_ref().map(At::get) {
        Some(LogForm::Text) => Form::Text,
        Some(LogForm::Json) | None => Form::Json,
    };
    Some(Spec { to, form, query: raw.query.as_ref().is_some_and(|query| *query.get()) })
}

/// Validates `[explain]`.
pub(super) fn explain(main: &Read<'_>, faults: &mut Vec<Fault>) -> Explain {
    let Some(raw) = &main.raw.explain else { return Explain::default() };
    let mut section = Section::new(main.context, raw.span(), faults);
    let raw = raw.get();
    let field = raw.field.as_ref().and_then(|name| field_name(name, "say why", &mut section));
    let force = raw.force.as_ref().and_then(|force| self::force(force, &mut section));
    Explain { field, force }
}

fn force(raw: &At<observe::Force>, section: &mut Section<'_>) -> Option<Force> {
    let field = field_name(&raw.get().field, "force a stage", section);
    let (at, key_file) = (&raw.get().key_file, section.path(raw.get().key_file.get()));
    let key = match std::fs::read(&key_file) {
        Ok(text) if text.trim_ascii_end().len() < KEY_MIN => {
            let hint = "make one: openssl rand -hex 32".to_owned();
            section.fault_with_hint(at.span(), format!("the key has less than {KEY_MIN} bytes"), hint);
            None
        }
        Ok(text) => Some(Key::of(&text)),
        // Not everyone who checks the file may read the key.
        Err(error) => {
            let message =
                format!("{} cannot be read, so that nobody may force a stage: {error}", key_file.display());
            section.push(Fault::at(section.place(at.span()), message).warning());
            None
        }
    };
    Some(Force { field: field?, key })
}
