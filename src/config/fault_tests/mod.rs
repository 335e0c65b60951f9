//! Files and what is wrong with them.

mod legacies;
mod process;
mod routes;
mod stores;

use super::tests::{LEGACY, check};

/// Each fault as `line:column message (hint)`.
fn faults(text: &str) -> Vec<String> {
    check(text).map_or_else(|faults| faults.lines(), |_| Vec::new())
}

/// Asserts which faults each text has, and no others that only follow from them. `L` at the beginning of a line stands for a legacy
/// that is right.
fn assert_faults(rows: &[(&str, &[&str])]) {
    for (text, expected) in rows {
        let text = match text.find('L') {
            Some(at) if at == 0 || text[..at].ends_with('\n') => {
                [&text[..at], LEGACY, &text[at + 1..]].concat()
            }
            _ => (*text).to_owned(),
        };
        assert_eq!(faults(&text), *expected, "\n{text}");
    }
}

#[test]
fn a_fault_is_shown_with_its_line_a_caret_and_a_hint() {
    let text = format!(
        "{LEGACY}\n[[route]]\nname = \"a\"\nmatch = \"POST /é\"\nstge = \"shadow\"\n[[route]]\nname = \"a\"\nmatch = \"GET /\"\n"
    );
    let shown = r#"error: `é` cannot stand in a path's literal part
 --> routes.toml:6:9
  |
6 | match = "POST /é"
  |         ^^^^^^^^^
  |
  = help: letters, digits and -._~!$&'()*+,;=:@ (RFC 3986 §3.3); the rest by a capture

error: unknown key `stge`
 --> routes.toml:7:1
  |
7 | stge = "shadow"
  | ^^^^
  |
  = help: did you mean `stage`?

error: there are two routes `a`
 --> routes.toml:9:8
  |
5 | name = "a"
  |        --- the other one
...
9 | name = "a"
  |        ^^^"#;
    assert_eq!(check(&text).unwrap_err().to_string(), shown);
}

#[test]
fn programs_get_the_same_faults() {
    let faults = check("[legacy.a]\nhttp = 'ftp://x'\n").unwrap_err();
    let shown = serde_json::json!([{
        "severity": "error", "file": "routes.toml", "line": 2, "column": 8,
        "message": "`ftp://x` is no HTTP backend's address",
        "hint": "\"http://127.0.0.1:9501\" or \"unix:/run/app.sock\"",
    }]);
    assert_eq!(serde_json::to_value(faults.shown()).unwrap(), shown);
}

#[test]
fn a_warning_does_not_stop_anything() {
    let kafka = "[kafka.k]\nbootstrap = ['k:1']\nauth = { plain = { user = 'u', password_file = 'p' } }\ntls = false\n";
    let checked = check(&format!("{kafka}{LEGACY}")).unwrap();
    assert_eq!(checked.warnings.lines(), ["4:7 the password goes over the network as it is"]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[\\[?(route|legacy\\.a|kafka\\.k|listen)\\]\\]?\n|(name|match|http|shadow|stage|auth|bootstrap) = (['\"\\[{]?[a-z:/${}%é\\n,= 0-9]{0,12}['\"\\]}]?)\n|\\PC{0,6}\n){0,12}") {
        if let Err(faults) = check(&text) {
            proptest::prop_assert!(!faults.is_empty() && !faults.render(true).is_empty());
        }
    }
}
