//! What rules cost: `cargo bench -p handover-pipeline`. Each case is a whole request: JSON in, rules, JSON out.

use divan::Bencher;
use handover_api::testing::Frozen;
use handover_api::{Handler, Request};
use handover_pipeline::Pipeline;
use http::Method;

fn main() {
    divan::main();
}

/// A pipeline of these rules.
fn pipeline(rules: impl Iterator<Item = String>) -> Pipeline {
    let mut file =
        String::from("semantics = 'php'\n[[step]]\ndecode = { as = ['json'], into = 'f' }\n[[step]]\n");
    file.extend(rules);
    file.push_str(
        "[response.pass]\nstatus = 200\njson = '{}'\n[response.fail]\nstatus = 422\njson = 'errors'\n",
    );
    Pipeline::parse(&file).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A rule that every request is checked by: three fields, two comparisons, a text.
fn applies(number: usize) -> String {
    let checks = [
        format!("f.net > {number} || f.gross > f.net"),
        format!("f.pax <= {} && f.carrier != 'X{number}'", number + 1000),
        format!("f.distance - f.air_time > {number} - 100000"),
        format!("!f.dest.startsWith('Q{number}')"),
    ];
    let check = &checks[number % 4];
    format!("[[step.rule]]\nid = 'A{number}'\ncheck = \"{check}\"\nfield = 'net'\nerror = 'no'\n")
}

/// A rule that only one country's campaign is checked by.
fn guarded(number: usize) -> String {
    let rule = applies(number);
    let country = number % 125;
    rule.replacen("check", &format!("when = \"f.country == 'C{country}' && f.net > 0\"\ncheck"), 1)
}

const BODY: &str = r#"{"country":"C7","net":200,"gross":300,"pax":180,"carrier":"UA","distance":1400,"air_time":227,"dest":"IAH"}"#;

fn run(bencher: Bencher<'_, '_>, pipeline: &Pipeline) {
    let request = Request::builder(Method::POST, "/").body(BODY).build().expect("a valid request");
    let ports = Frozen::at("2013-01-01T10:00:00Z");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let cx = handover_api::Context::new(std::sync::Arc::new(ports));
    bencher.bench_local(|| {
        let outcome = runtime.block_on(pipeline.handle(&request, &cx)).expect("an answer");
        divan::black_box(outcome)
    });
}

#[divan::bench]
fn no_rules(bencher: Bencher<'_, '_>) {
    run(bencher, &pipeline(std::iter::empty()));
}

#[divan::bench]
fn forty_that_apply(bencher: Bencher<'_, '_>) {
    run(bencher, &pipeline((0..40).map(applies)));
}

#[divan::bench]
fn five_thousand_of_which_forty_can_apply(bencher: Bencher<'_, '_>) {
    run(bencher, &pipeline((0..5000).map(guarded)));
}

#[divan::bench]
fn five_thousand_that_all_apply(bencher: Bencher<'_, '_>) {
    run(bencher, &pipeline((0..5000).map(applies)));
}
