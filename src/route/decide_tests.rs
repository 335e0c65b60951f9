//! Who answers, by stage, share and override.

use std::sync::Arc;

use handover_api::{Answer, Context, Decline, Handler, Outcome, Response};
use jiff::SignedDuration;

use super::testing::Request;
use super::*;
use crate::config::reload::note;
use crate::config::source::Sources;
use crate::config::validate::{Against, validate};
use crate::native::application::Names;
use crate::route::generation::{Handlers, Shared};
use crate::route::legacy_only::{LegacyOnly, WayBack};
use crate::route::overrides::{Overrides, StageOverride};

struct Never;

impl Handler for Never {
    async fn handle(&self, request: &handover_api::Request, _: &Context) -> Outcome {
        match request.param("never") {
            Some(_) => Answer::new(Response::text(200, "")).into(),
            None => Decline::because("a test's handler").into(),
        }
    }
}

/// A generation of two legacies and two routes: `a`, with these keys, to the second legacy, and `plain` without native. `a` has a
/// handler, unless the first legacy is its candidate.
fn generation(keys: &str, overrides: Overrides) -> Arc<Generation> {
    let native = if keys.contains("candidate") { "" } else { "native = 'never'" };
    let text = format!(
        "[legacy.one]\nhttp = 'http://one'\ndefault = true\n[legacy.two]\nhttp = 'http://two'\n\
         [[route]]\nname = 'plain'\nmatch = 'GET /plain'\n\
         [[route]]\nname = 'a'\nmatch = 'GET /a/{{id}}'\nlegacy = 'two'\n{native}\n{keys}\n"
    );
    let against = Against { env: &|_| None, names: &Names::of_handlers(&["never"]), state: None };
    let checked = validate(&Sources::text(&text), &against).unwrap_or_else(|faults| panic!("{faults}"));
    let handlers: Handlers = [("never".to_owned(), Arc::new(Never) as _)].into();
    Shared::new(handlers, Arc::new(checked.config), Arc::new(overrides)).load()
}

fn legacy_only() -> Overrides {
    Overrides { legacy_only: Some(LegacyOnly::Asked(note("ann", "outage"))), ..Overrides::default() }
}

fn stages(route: &str, stage: Stage) -> Overrides {
    let set = StageOverride { stage, note: note("rollback", "mismatches") };
    Overrides { stages: [(route.to_owned(), set)].into(), ..Overrides::default() }
}

#[test]
fn the_stage_decides_unless_it_is_overridden() {
    let (none, own, all) = (Overrides::default, |stage| stages("a", stage), legacy_only);
    let rows = [
        ("", none(), Plan::Legacy, Why::Stage),
        ("stage = 'shadow'", none(), Plan::Shadow, Why::Stage),
        ("stage = 'native'", none(), Plan::Native, Why::Stage),
        ("stage = 'retired'", none(), Plan::Retired, Why::Stage),
        ("stage = 'native'\nverify = 1", none(), Plan::Shadow, Why::Verify),
        ("stage = 'native'\nverify = 1\nrepeatable = true", none(), Plan::Verify, Why::Verify),
        (
            "stage = 'native'\nverify = 1\nrepeatable = true\nshadow = { inject = { id = 'json:/id' } }",
            none(),
            Plan::Shadow,
            Why::Verify,
        ),
        ("stage = 'native'\nverify = 0.5", none(), Plan::Native, Why::Stage),
        ("stage = 'native'", own(Stage::Shadow), Plan::Shadow, Why::Override),
        ("stage = 'shadow'", own(Stage::Native), Plan::Native, Why::Override),
        ("stage = 'retired'", own(Stage::Legacy), Plan::Legacy, Why::Override),
        ("stage = 'native'", all(), Plan::Legacy, Why::Override),
        ("stage = 'shadow'", all(), Plan::Legacy, Why::Override),
        ("stage = 'retired'", all(), Plan::Retired, Why::Stage),
        (
            "stage = 'native'",
            Overrides { stages: own(Stage::Shadow).stages, ..all() },
            Plan::Legacy,
            Why::Override,
        ),
    ];
    for (keys, overrides, plan, why) in rows {
        let shown = format!("{keys} {overrides:?}");
        let generation = generation(keys, overrides);
        let decision = decide(&generation, &Request::get("/a/1"));
        assert_eq!((decision.plan, decision.why), (plan, why), "{shown}");
        assert_eq!(decision.route.map(|route| route.name()), Some("a"));
    }
}

#[test]
fn of_two_legacies_the_one_that_is_to_go_answers_what_is_compared() {
    let with = |keys: &str| format!("repeatable = true\ncandidate = 'one'\n{keys}");
    for (keys, plan, said) in [
        ("stage = 'shadow'", Plan::Shadow, "legacy answers, one is asked too and compared"),
        ("stage = 'native'", Plan::Native, "one answers in legacy's place"),
        ("stage = 'native'\nverify = 1", Plan::Shadow, "legacy answers, one is asked too and compared"),
    ] {
        let generation = generation(&with(keys), Overrides::default());
        let decision = decide(&generation, &Request::get("/a/1"));
        assert_eq!((decision.plan, decision.plan_text().as_str()), (plan, said), "{keys}");
    }
}

#[test]
fn a_stage_is_forced_but_not_past_what_operators_have_ruled_out() {
    use crate::route::explain::Forced::{Legacy, Native, Shadow};
    let none = Overrides::default;
    let rows = [
        ("stage = 'legacy'", none(), Native, Plan::Native, Why::Forced),
        ("stage = 'legacy'", none(), Shadow, Plan::Shadow, Why::Forced),
        ("stage = 'native'\nverify = 1", none(), Legacy, Plan::Legacy, Why::Forced),
        ("stage = 'native'", legacy_only(), Native, Plan::Legacy, Why::Override),
        ("stage = 'native'", stages("a", Stage::Shadow), Native, Plan::Shadow, Why::Override),
        ("stage = 'native'", stages("a", Stage::Shadow), Legacy, Plan::Legacy, Why::Forced),
        ("stage = 'retired'", none(), Legacy, Plan::Retired, Why::Stage),
    ];
    for (keys, overrides, forced, plan, why) in rows {
        let shown = format!("{keys} {overrides:?} {forced:?}");
        let generation = generation(keys, overrides);
        let decision = decide(&generation, &Request { forced: Some(forced), ..Request::get("/a/1") });
        assert_eq!((decision.plan, decision.why), (plan, why), "{shown}");
    }
    let generation = generation("", none());
    let plain = decide(&generation, &Request { forced: Some(Native), ..Request::get("/plain") });
    assert_eq!((plain.plan, plain.why), (Plan::Legacy, Why::Stage), "it has no handler");
}

#[test]
fn a_canary_splits_by_client() {
    let canary = |share: f64| {
        generation(
            &format!("stage = 'canary'\ncanary = {{ share = {share}, sticky = 'header:x-user' }}"),
            Overrides::default(),
        )
    };
    for (share, request, plan, side) in [
        (1.0, Request::get("/a/1"), Plan::Native, Side::In),
        (0.5, Request::get("/a/1"), Plan::Shadow, Side::Unknown),
        (0.0, Request::get("/a/1").with("x-user", "7"), Plan::Shadow, Side::Out),
    ] {
        let generation = canary(share);
        let decision = decide(&generation, &request);
        assert_eq!((decision.plan, decision.why), (plan, Why::Canary(side)), "{share}");
    }
}

#[test]
fn a_ramp_gives_native_back_a_share_after_the_other_and_clients_stay_where_they_are() {
    let at = |share: f64| {
        let ramp_seconds = Some(1000);
        let way_back = WayBack { note: note("ann", "outage"), ramp_seconds };
        let after = SignedDuration::from_millis((share * 1_000_000.0) as i64 - 49_000);
        let legacy_only = Some(way_back.at(way_back.note.when + after));
        Overrides { legacy_only, ..Overrides::default() }
    };
    let users: Vec<_> = (0..1000).map(|id| Request::get("/a/1").with("x-user", &format!("u{id}"))).collect();
    let natives = |keys: &str, share: f64| -> Vec<usize> {
        let generation = generation(keys, at(share));
        let native = |user: &Request| decide(&generation, user).plan == Plan::Native;
        (0..users.len()).filter(|id| native(&users[*id])).collect()
    };
    let sticky = "canary = { share = 0.4, sticky = 'header:x-user' }\nstage =";
    for (stage, before) in [("'native'", 1000), ("'canary'", 400)] {
        let keys = format!("{sticky} {stage}");
        let [some, half, few] = [0.05, 0.5, 0.9].map(|share| natives(&keys, share));
        for (natives, left) in [(&some, 0.95), (&half, 0.5), (&few, 0.1)] {
            let expected = f64::from(before) * left;
            assert!(
                (natives.len() as f64 - expected).abs() < 60.0,
                "{stage}: {} of {expected}",
                natives.len()
            );
        }
        assert!(few.iter().all(|id| half.contains(id)) && half.iter().all(|id| some.contains(id)), "{stage}");
        assert!(natives(&keys, 1.0).is_empty(), "{stage}");
    }
    // Who cannot be told apart is drawn.
    let generation = generation("stage = 'native'", at(0.5));
    let plan = |draw| {
        let decision = decide(&generation, &Request { draw, ..Request::get("/a/1") });
        (decision.plan, decision.why)
    };
    assert_eq!((plan(0.4), plan(0.6)), ((Plan::Legacy, Why::Override), (Plan::Native, Why::Override)));
}

#[test]
fn what_matches_no_route_goes_to_the_default_legacy() {
    let generation = generation("stage = 'native'", Overrides::default());
    let decision = decide(&generation, &Request::get("/other"));
    assert_eq!((decision.plan, decision.why), (Plan::Legacy, Why::NoRoute));
    assert_eq!(generation.legacy(decision.route.map(|route| &**route)).name, "one");
}

#[test]
fn an_unclear_path_is_legacys_to_read() {
    let of = |keys: &str| {
        let generation = generation(keys, Overrides::default());
        let decision = decide(&generation, &Request::get("/a/x%2Fy"));
        (decision.plan, generation.legacy(decision.route.map(|route| &**route)).name.clone())
    };
    assert_eq!(of("stage = 'native'"), (Plan::Legacy, "two".into()), "its route's own legacy");
    assert_eq!(of("stage = 'retired'"), (Plan::Legacy, "one".into()), "not a request of the retired route");
}

#[test]
fn an_override_to_native_needs_a_handler() {
    let generation = generation("", stages("plain", Stage::Native));
    let decision = decide(&generation, &Request::get("/plain"));
    assert_eq!(decision.plan, Plan::Legacy);
    assert!(decision.why_text().contains("has no native handler"), "{decision}");
}

#[test]
fn captures_come_with_their_names() {
    let generation = generation("stage = 'native'", Overrides::default());
    let decision = decide(&generation, &Request::get("/a/x%20y"));
    let params: Vec<_> = decision.params(b"/a/x%20y").collect();
    assert_eq!(params, [("id", b"x%20y".as_slice())]);
}

#[test]
fn a_decision_explains_itself() {
    let explained =
        |keys: &str, overrides| decide(&generation(keys, overrides), &Request::get("/a/1")).to_string();
    assert_eq!(
        explained("stage = 'shadow'", Overrides::default()),
        "legacy answers, native runs dry beside it: its stage is shadow"
    );
    let by = explained("stage = 'native'", legacy_only());
    assert!(
        by.starts_with("legacy answers: legacy-only, set by ann at ") && by.ends_with(": outage"),
        "{by}"
    );
}
