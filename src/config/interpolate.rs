//! `${NAME}` and `${NAME:-default}` in texts, from the environment.

use std::borrow::Cow;

/// Where names are looked up.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The process's environment.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Why a text cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfilled {
    /// The variable is not set, and there is no default.
    #[error("the environment has no `{0}`")]
    Unset(String),
    /// `${` without `}`.
    #[error("a `${{` without its `}}`")]
    Open,
    /// Not the name of a variable.
    #[error("`{0}` is no name of an environment variable")]
    Name(String),
}

impl Unfilled {
    /// What to do about it.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Unset(name) => format!("set it, or give a default: `${{{name}:-…}}`"),
            Self::Open | Self::Name(_) => "write `$${` for a `${` that is meant as it stands".to_owned(),
        }
    }
}

/// Fills a text in. `$${` is a `${` that stays. As in a shell, `:-` counts an empty variable as unset.
pub(crate) fn fill<'t>(text: &'t str, env: &Lookup<'_>) -> Result<Cow<'t, str>, Unfilled> {
    if !text.contains("${") {
        return Ok(Cow::Borrowed(text));
    }
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("${") {
        if let Some(before) = rest[..at].strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        filled.push_str(&rest[..at]);
        let (inside, after) = rest[at + 2..].split_once('}').ok_or(Unfilled::Open)?;
        filled.push_str(&variable(inside, env)?);
        rest = after;
    }
    filled.push_str(rest);
    Ok(Cow::Owned(filled))
}

fn variable(inside: &str, env: &Lookup<'_>) -> Result<String, Unfilled> {
    let (name, default) =
        inside.split_once(":-").map_or((inside, None), |(name, default)| (name, Some(default)));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return Err(Unfilled::Name(name.to_owned()));
    }
    match (env(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(Unfilled::Unset(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_filled_from_the_environment() {
        let env = |name: &str| match name {
            "HOST" => Some("kafka".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, filled) in [
            ("plain $5 {x}", Ok("plain $5 {x}")),
            ("${HOST}:9092", Ok("kafka:9092")),
            ("${HOST}${HOST}", Ok("kafkakafka")),
            ("${HOST:-x}", Ok("kafka")),
            ("${NONE:-127.0.0.1:9092}", Ok("127.0.0.1:9092")),
            ("${NONE:-}", Ok("")),
            ("${EMPTY}", Ok("")),
            ("${EMPTY:-x}", Ok("x")),
            ("$${HOST}", Ok("${HOST}")),
            ("${NONE}", Err(Unfilled::Unset("NONE".into()))),
            ("a${HOST", Err(Unfilled::Open)),
            ("${}", Err(Unfilled::Name(String::new()))),
            ("${a b}", Err(Unfilled::Name("a b".into()))),
        ] {
            assert_eq!(fill(text, &env).as_deref(), filled.as_ref().copied(), "{text}");
        }
    }
}
