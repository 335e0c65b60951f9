//! A routes.toml: whatever stands in it, all faults have a place in the text and can be shown, and nothing panics.
//!
//! The parser's files are taken in as they stand, so that the target builds without the proxy: the syntax, what is
//! filled in, and the types of the file. What a section means is validated later, on types that this made.

#![no_main]
#![allow(dead_code, unused_imports, unreachable_pub, rustdoc::all)]

use libfuzzer_sys::fuzz_target;

#[path = "."]
mod config {
    #[path = "../../src/config/document.rs"]
    pub(crate) mod document;
    #[path = "../../src/config/fault.rs"]
    pub(crate) mod fault;
    #[path = "../../src/config/interpolate.rs"]
    pub(crate) mod interpolate;
    #[path = "../../src/config/raw/mod.rs"]
    pub(crate) mod raw;
    #[path = "../../src/config/source.rs"]
    pub(crate) mod source;
    #[path = "../../src/config/units.rs"]
    pub(crate) mod units;

    /// What the file's types need of those that they become.
    pub(crate) mod valid {
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Ack {
            Delivered,
            Spool,
            Memory,
        }
    }
}

#[path = "."]
mod route {
    #[path = "../../src/route/stage.rs"]
    mod stage;
    pub use stage::Stage;
}

/// What the file's types need of those who may look and decide.
mod admin {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum Role {
        Viewer,
        Reviewer,
        Operator,
    }
}

use config::document::Document;
use config::fault::{Fault, Faults};
use config::raw::File;
use config::source::Sources;

fuzz_target!(|text: &str| {
    let env = |name: &str| (name != "NO_SUCH").then(|| "filled in".to_owned());
    let (mut document, mut faults) = Document::parse(0, text);
    if faults.is_empty() {
        faults.extend(document.interpolate(&env));
        let (file, unfit) = document.read::<File>();
        faults.extend(unfit);
        for route in &file.route {
            assert!(text.get(route.span()).is_some(), "a route stands in the text");
            route.get().timeout.iter().for_each(|text| drop(config::units::duration(text.get())));
            route.get().body_max.iter().for_each(|text| drop(config::units::size(text.get())));
        }
    }
    show(text, faults);
});

/// Shows them, as `handover check` would.
fn show(text: &str, faults: Vec<Fault>) {
    let count = faults.len();
    let sources = serde_json::json!([{ "path": "routes.toml", "text": text }]);
    let sources: Sources = serde_json::from_value(sources).expect("a file's path and text");
    let faults = Faults::of(sources, faults);
    assert!(faults.len() <= count);
    drop(faults.render(false));
    assert_eq!(faults.shown().len(), faults.len());
}
