//! The names in `$_FILES` that no later file may set: places of uploads.

use std::collections::HashSet;

use crate::request::Vars;
use crate::value::Value;

/// Names of files, and of their places, by their [`normalized`] form.
#[derive(Default)]
pub(super) struct Protected(HashSet<Vec<u8>>);

impl Protected {
    /// Takes a name, and gives its normalized form.
    pub(super) fn add(&mut self, name: Vec<u8>) -> Vec<u8> {
        let name = normalized(name);
        self.0.insert(name.clone());
        name
    }

    /// Sets a variable under its normalized name, unless a file has taken it.
    pub(super) fn register(&self, vars: &mut Vars<'_>, name: Vec<u8>, value: Value) {
        let name = normalized(name);
        if !self.0.contains(&name) {
            vars.register(&name, value);
        }
    }
}

/// The name without blanks before it and before its indices, and without what follows its last bracket: the form in which PHP
/// compares the names of files, and in which it then sets them.
pub(super) fn normalized(name: Vec<u8>) -> Vec<u8> {
    let blanks = name.iter().take_while(|byte| **byte == b' ').count();
    let name = &name[blanks..];
    let open = memchr::memchr(b'[', name).unwrap_or(name.len());
    let mut out: Vec<u8> =
        name[..open].iter().map(|byte| if matches!(byte, b' ' | b'.') { b'_' } else { *byte }).collect();
    let mut rest = &name[open..];
    while let [b'[', index @ ..] = rest {
        let blanks = index.iter().take_while(|byte| matches!(byte, b' ' | b'\r' | b'\n' | b'\t')).count();
        let index = &index[blanks..];
        let end = memchr::memchr(b']', index).map_or(index.len(), |at| at + 1);
        out.push(b'[');
        out.extend_from_slice(&index[..end]);
        rest = &index[end..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_their_quirks() {
        let cases =
            [("  a.b c", "a_b_c"), ("a[ x][\ty]z", "a[x][y]"), ("a[b", "a[b"), ("[x]", "[x]"), ("", "")];
        for (name, plain) in cases {
            assert_eq!(normalized(name.into()), plain.as_bytes(), "{name:?}");
        }
    }
}
