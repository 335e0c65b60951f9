//! Files as authors write them: what runs, and what is refused.

#![allow(missing_docs)]

use handover_pipeline::Pipeline;
use handover_pipeline::testing::Trial;

const ORDER: &str = include_str!("create-order.toml");

fn order() -> Trial {
    Trial::of(ORDER).table("customers", &["id", "name"], &[&["c1", "Ada"]])
}

#[test]
fn the_manual_shows_the_file_that_is_tested() {
    assert!(include_str!("../../docs/pipelines.md").contains(ORDER));
}

#[test]
fn a_good_order_becomes_a_record() {
    let passed = order().post(r#"{"customer": "c1", "country": "CH", "net": 200}"#);
    let id = "00010203-0405-4607-8809-0a0b0c0d0e0f";
    assert_eq!(passed.body(), format!(r#"{{"id":"{id}","total":238,"warnings":[]}}"#));
    let records = passed.records();
    let (key, header) = (records[0].key.as_ref().unwrap(), &records[0].headers[0]);
    assert_eq!(
        (records[0].topic.as_str(), &key[..], &header.1[..]),
        ("orders.v1", b"c1".as_slice(), id.as_bytes())
    );
    assert_eq!(passed.record_json()["name"], "Ada");
}

#[test]
fn errors_stand_in_the_order_of_the_file() {
    let failed = order().post(r#"{"customer": "c2", "country": "CH", "net": 100001}"#);
    let messages: Vec<String> = serde_json::from_str::<serde_json::Value>(&failed.body()).unwrap()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| format!("{} {} {}", error["code"], error["field"], error["message"]))
        .collect();
    assert_eq!(
        messages,
        [
            r#""O002" "net" "100001 is more than customs let through""#,
            r#""O003" "customer" "nobody knows c2""#,
        ]
    );
}

#[test]
fn the_schema_speaks_before_the_rules() {
    let failed = order().post(r#"{"customer": 7, "country": "CH"}"#);
    assert_eq!(failed.status(), 422);
    assert!(failed.body().contains("net"), "{}", failed.body());
    assert!(failed.fired().is_empty(), "no rule is asked");
    let broken = order().post("{");
    assert_eq!(broken.status(), 400);
}

#[test]
fn a_rule_that_cannot_apply_is_not_asked() {
    let mut trial = order();
    let passed = trial.post(r#"{"customer": "c1", "country": "DE", "net": 1}"#);
    assert!(!passed.rules().contains_key("O002"));
    assert_eq!(trial.never_exercised(), ["O002"]);
}

#[test]
fn all_faults_are_said_at_once_with_their_places() {
    let broken = ORDER
        .replace("body.net > 0", "body.nett > 0")
        .replace("body.net <= 100000", "body.net <= 'many'")
        .replace("nobody knows {body.customer}", "nobody knows {bodi.customer}")
        .replace("'customers', body.customer)\"\nfield", "'clients', body.customer)\"\nfield")
        .replace("fail = \"unreadable\"", "fail = \"unread\"");
    let Err(faults) = Pipeline::parse(&broken) else { panic!("it is broken") };
    let lines: Vec<String> = faults.to_string().lines().map(str::to_owned).collect();
    let starts = [
        "11:49: there is no `[response.unread]`",
        "there is no field `nett` (did you mean `net`?)",
        "`<=` does not take an int and a string",
        "the pipeline does not read a table `clients`",
        "there is no `bodi` here (did you mean `body`?)",
    ];
    assert_eq!(lines.len(), starts.len(), "{faults}");
    for (line, part) in lines.iter().zip(starts) {
        assert!(line.contains(part), "{line}");
    }
    assert!(lines[1].starts_with("26:14: "), "{}", lines[1]);
}

#[test]
fn an_else_chain_asks_one_after_the_other() {
    let file = |rules: &str| {
        format!(
            "semantics = 'php'\n[[step]]\ndecode = {{ as = ['json'], into = 'f' }}\n[[step]]\n{rules}\n\
             [response.pass]\nstatus = 200\njson = 'repairs'\n[response.fail]\nstatus = 422\njson = 'errors'"
        )
    };
    let rules = "each = 'f'\nas = 'n'\n\
        [[step.rule]]\nid = 'big'\nwhen = 'n > 10'\nrepair = true\n\
        [[step.rule]]\nid = 'even'\nunless = 'big'\nwhen = 'n % 2 == 0'\nrepair = true\nset = { n = 'n + 1' }\n\
        [[step.rule]]\nid = 'mended'\nafter = 'even'\nwhen = 'n % 2 == 1'\nrepair = true\nthen = 'leave'";
    let mut trial = Trial::of(&file(rules));
    assert_eq!(trial.post("[12, 1, 4, 12]").body(), r#"["big","even","mended"]"#);
}

#[test]
fn a_loop_does_not_remember_the_turn_before() {
    let file = "semantics = 'php'\n[[step]]\ndecode = { as = ['json'], into = 'f' }\nset = { sum = '0' }\n\
        [[step]]\neach = 'f'\nas = 'n'\n[[step.rule]]\nid = 'add'\nwhen = 'sum + n * 2 > 0 && sum + n * 2 < 100'\n\
        set = { sum = 'sum + n * 2' }\n\
        [response.pass]\nstatus = 200\njson = 'sum'\n[response.fail]\nstatus = 422";
    assert_eq!(Trial::of(file).post("[1, 2, 3, 500]").body(), "12");
}

#[test]
fn thousands_of_rules_are_looked_up_by_their_guards() {
    let mut file =
        String::from("semantics = 'php'\n[[step]]\ndecode = { as = ['json'], into = 'f' }\n[[step]]\n");
    for number in 0..1000 {
        file.push_str(&format!(
            "[[step.rule]]\nid = 'R{number}'\nwhen = \"f.country == 'C{}' && f.kind in ['K{}', 'x']\"\n\
             check = 'f.net > {number}'\nerror = 'too little'\n",
            number % 50,
            number % 4
        ));
    }
    file.push_str(
        "[response.pass]\nstatus = 200\n[response.fail]\nstatus = 422\njson = 'errors.map(e, e.code)'\n",
    );
    let tried = Trial::of(&file).post(r#"{"country": "C7", "kind": "K3", "net": 500}"#);
    let expected: Vec<usize> = (500..1000).filter(|n| n % 50 == 7 && n % 4 == 3).collect();
    assert_eq!(tried.fired(), expected.iter().map(|n| format!("R{n}")).collect::<Vec<_>>());
    assert_eq!(tried.rules().len(), 10, "only those whose guards hold are asked");
}

#[test]
fn limits_end_a_request_not_the_process() {
    let file = "semantics = 'php'\n[limits]\nsteps = 50\n[[step]]\ndecode = { as = ['json'], into = 'f' }\n\
        [[step]]\nset = { n = 'f.all(x, f.all(y, x == x))' }\n\
        [response.pass]\nstatus = 200\njson = 'n'\n[response.fail]\nstatus = 422";
    assert_eq!(Trial::of(file).post("[1, 2]").body(), "true");
    let many = std::panic::catch_unwind(|| Trial::of(file).post("[1, 2, 3, 4, 5, 6, 7, 8]").body());
    assert!(many.is_err(), "the trial says that it falls back to legacy");
}

#[test]
fn a_text_of_the_file_makes_two_requests_the_same_event() {
    let file = "once = '{body.id}'\n[[step]]\ndecode = { as = ['json'], into = 'body' }\n[response.pass]\nstatus = 202\n\
                [response.fail]\nstatus = 422\n";
    let mut trial = Trial::of(file);
    assert_eq!(trial.post(r#"{"id": "e-1"}"#).once().as_deref(), Some("e-1"));
    assert_eq!(trial.post(r#"{"id": ""}"#).once(), None, "nothing to know it by");
}
