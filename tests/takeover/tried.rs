//! A recording of what PHP answers and sends: to departures of January, to old clients' requests, and to what `fuzz` makes of these.
//!
//! What `fuzz` makes follows what PHP reaches and not what native answers, so a search beside another handler sends the same:
//! whichever of its faults a search would find, it shows on this recording. `make mutants` judges all mutants by it.

use std::path::PathBuf;

use handover_parts::process;

use crate::app;

/// Requests of old clients.
const OLD: usize = 10_000;

/// Only where `TRIED` names a file for it. Each departure is in it; of each `EVERY` one.
#[test]
fn what_php_makes_of_departures_and_of_a_search_is_recorded_and_native_does_the_same() {
    let Some(recording) = std::env::var_os("TRIED").map(PathBuf::from).filter(|path| !path.exists()) else {
        return;
    };
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let folder = process::folder("tried");
    let app = app::with_rules(folder.path(), "<?php\nfunction rules_hidden($f)\n{\n    return $f;\n}\n");
    process::write(folder.path().join("routes.toml"), app::routes(&app));
    let every = setting("EVERY", "1").parse().expect("EVERY is a number");
    app::record(&folder.path().join("traffic.recording"), every, OLD / every);
    let search = setting("SEARCH", "10m");
    let with =
        ["--with", "traffic.recording", "--tried", "tried.recording", "--seed", "15", "--for", &search];
    let said = app::run(folder.path(), &[&["fuzz", "create-flight", "--json"][..], &with[..]].concat());
    println!("{:#}", said["standing"]);
    assert_eq!(said["findings"].as_array().map(Vec::len), Some(0), "{said:#}");
    std::fs::copy(folder.path().join("tried.recording"), recording).expect("it can be kept");
}
