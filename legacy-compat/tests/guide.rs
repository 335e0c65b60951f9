//! The guide's proofs: each names a call that real PHPs answered, and this crate answers it alike, in every version.

mod oracle_support;

use std::collections::BTreeMap;
use std::path::Path;

use oracle_support::vectors::{self, Expected};

/// The numbers of each set that the guide names, as `` `matrix 123` ``.
fn proofs() -> BTreeMap<&'static str, Vec<usize>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let mut proofs = BTreeMap::<_, Vec<usize>>::new();
    for file in folder.read_dir().expect("the guide") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        for part in text.split('`') {
            for set in vectors::SETS {
                let number = part.strip_prefix(set).and_then(|rest| rest.trim_start().parse::<usize>().ok());
                proofs.entry(set).or_default().extend(number);
            }
        }
    }
    proofs
}

#[test]
fn every_proof_is_a_call_that_this_crate_answers_as_php_did() {
    let mut proven = 0;
    for (set, numbers) in proofs() {
        let calls = vectors::calls(set);
        let width = vectors::width_dependent(set, &calls);
        for (version, file) in vectors::VERSIONS {
            let answers = vectors::answers(set, file);
            let php = vectors::php(version, vectors::clock(version).unwrap_or(1_750_000_000));
            for number in &numbers {
                let call = calls.get(*number).unwrap_or_else(|| panic!("there is no {set} {number}"));
                let wanted = answers.get(number).filter(|wanted| **wanted != Expected::None);
                let Some(wanted) = wanted.filter(|_| !(file.ends_with("wasm32") && width[*number])) else {
                    continue;
                };
                let got = oracle_support::run::run(&php, call, &mut Default::default());
                assert_eq!(
                    &vectors::expected(&got),
                    wanted,
                    "{set} {number} ({}) in {version}",
                    call.function
                );
                proven += 1;
            }
        }
    }
    assert!(proven > 300, "only {proven} answers were looked at");
}
