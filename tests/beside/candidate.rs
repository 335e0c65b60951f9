//! A second legacy as the candidate: compared, put to the gate, answering, and taken back.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use handover_parts::load::{Outcome, send_all};
use handover_parts::{Handover, http};

use crate::{App, CONNECTIONS, binary, cluster, clusters, command, compare, json, judged, load, parity};

/// The price of a ticket; every tenth is rounded where that is planted.
fn page(version: u32, planted: bool) -> String {
    let price = if planted { "$n % 10 == 3 ? round($n * 1.5) : $n * 1.5" } else { "$n * 1.5" };
    format!(
        "<?php header_remove('X-Powered-By'); header('X-App-Version: {version}'); \
         header('Content-Type: application/json'); $n = (int) ($_GET['n'] ?? 0); \
         echo json_encode(array('n' => $n, 'price' => {price}));"
    )
}

fn routes(old: &App, new: &App, stage: &str) -> String {
    format!(
        "{}version = 'header:X-App-Version'\ndefault = true\n{}version = 'header:X-App-Version'\n\
         [[route]]\nname = 'n'\nmatch = 'GET /n'\nstage = '{stage}'\ncandidate = 'new'\nrepeatable = true\n\
         gate = {{ samples = 60, age = '1s', mismatches = 0.1, ignored = 1, statuses = ['2xx'], \
         waive = {{ effects = 'it has none' }} }}\n\
         rollback = {{ errors = 0.05, over = '5s', least = 10 }}\n\
         [[route.shadow.ignore]]\npath = 'header:x-app-version'\nauthor = 'ann'\nreason = 'they are two versions'\n",
        old.legacy("old"),
        new.legacy("new"),
    )
}

/// Routes that the candidate answers, since nobody asks for evidence.
fn ungated(old: &App, new: &App, names: &[&str]) -> String {
    let route = |name: &&str| {
        format!(
            "[[route]]\nname = '{name}'\nmatch = 'GET /{name}'\nstage = 'native'\ncandidate = 'new'\nrepeatable = true\n\
             rollback = {{ errors = 0.05, over = '30s', least = 10 }}\n"
        )
    };
    let routes: String = names.iter().map(route).collect();
    format!(
        "{}default = true\nversion = '1'\n{}version = '2'\n{routes}",
        old.legacy("old"),
        new.legacy("new")
    )
}

fn stage(admin: SocketAddr) -> String {
    json(admin, "/api/status")["routes"][0]["stage"].as_str().expect("a stage").to_owned()
}

/// The file asks for more, and the gate keeps the route where it is.
fn gate_is_shut(proxy: &mut Handover) {
    let admin = proxy.admin();
    proxy.wait_until("the gate says no", Duration::from_secs(20), || {
        let status = json(admin, "/api/status");
        status["routes"][0]["overridden"].as_str().is_some_and(|why| why.contains("is shut"))
    });
    assert_eq!(stage(admin), "shadow");
}

fn assert_all_answered(outcomes: &[Outcome], from: usize) {
    for outcome in outcomes {
        let (response, n) = (outcome.response(), from + outcome.index);
        let price: f64 = serde_json::from_slice::<serde_json::Value>(&response.body).expect("JSON")["price"]
            .as_f64()
            .expect("a price");
        assert_eq!((response.status, price), (200, n as f64 * 1.5));
    }
}

#[test]
fn a_second_legacy_is_compared_gated_and_takes_the_first_one_s_place() {
    let (old, new) = (App::start(&page(1, false)), App::start(&page(2, true)));
    let mut proxy = Handover::start(binary(), &routes(&old, &new, "shadow"));
    let (admin, clients) = (proxy.admin(), proxy.http());

    // The fault that is planted is found where it is, and clients never see it.
    for from in (0..200).step_by(20) {
        assert_all_answered(&compare(&mut proxy, from..from + 20), from);
    }
    let found = parity(admin);
    assert_eq!((found["mismatched"].as_u64(), found["ignored"].as_u64()), (Some(20), Some(180)), "{found:#}");
    let price = cluster("body:/price", "value", "unreviewed");
    assert_eq!(clusters(admin), [price, cluster("header:x-app-version", "value", "ignored")]);
    assert_eq!(
        (found["evidence"]["legacy"].as_str(), found["evidence"]["on_trial"].as_str()),
        (Some("1"), Some("legacy new 2"))
    );
    let (_, said) = command(&proxy, &["parity", "n"]);
    assert!(said.contains("legacy new 2 answered 200") && said.contains("\n      new      "), "{said}");
    let (_, said) = command(&proxy, &["explain", "GET", "/n"]);
    assert!(said.contains("legacy answers, new is asked too and compared"), "{said}");

    // The gate keeps it from the place of the first one.
    proxy.replace_routes(&routes(&old, &new, "native"));
    gate_is_shut(&mut proxy);

    // Mended it is another version, of which there is no evidence yet.
    new.replace(&page(3, false));
    let mut sent = 200;
    proxy.wait_until("the gate opens", Duration::from_secs(120), || {
        assert_all_answered(&load(clients, sent..sent + 40), sent);
        sent += 40;
        std::thread::sleep(Duration::from_millis(500));
        stage(admin) == "native"
    });
    assert_eq!(parity(admin)["evidence"]["on_trial"].as_str(), Some("legacy new 3"));
    let before = old.php.seen().len();
    assert_all_answered(&load(clients, sent..sent + 50), sent);
    assert_eq!(old.php.seen().len(), before, "the first one is not asked any more");
    let answered = &json(admin, "/api/status")["routes"][0]["answered"];
    assert!(answered["candidate"].as_u64() >= Some(50), "{answered}");
    let (_, ledger) = command(&proxy, &["ledger", "n", "--json"]);
    let ledger: serde_json::Value = serde_json::from_str(&ledger).expect("JSON");
    let moves = ledger.as_array().expect("a list").iter().filter(|entry| entry["to"] == "native").count();
    assert_eq!(moves, 1, "it is granted once: {ledger:#}");
}

#[test]
fn a_candidate_that_fails_is_a_mismatch_and_is_taken_back() {
    let (old, mut new) = (App::start(&page(1, false)), App::start(&page(2, false)));
    let mut proxy = Handover::start(binary(), &routes(&old, &new, "shadow"));
    let (admin, clients) = (proxy.admin(), proxy.http());
    let mut sent = 0;
    proxy.replace_routes(&routes(&old, &new, "native"));
    proxy.wait_until("the gate opens", Duration::from_secs(120), || {
        assert_all_answered(&load(clients, sent..sent + 40), sent);
        sent += 40;
        std::thread::sleep(Duration::from_millis(500));
        stage(admin) == "native"
    });
    new.php.kill();
    proxy.wait_until("the route is back", Duration::from_secs(60), || {
        load(clients, sent..sent + 10);
        std::thread::sleep(Duration::from_millis(200));
        stage(admin) == "shadow"
    });
    let failed = || parity(admin)["failed"].as_u64().unwrap_or_default();
    assert_all_answered(&load(clients, 0..20), 0);
    proxy.wait_until("no answer is a mismatch", Duration::from_secs(60), || failed() >= 20);
    assert_eq!(parity(admin)["evidence"]["on_trial"].as_str(), Some("legacy new 2"));
}

#[test]
fn error_pages_without_a_version_count_against_the_one_that_gives_them() {
    let broken = "if ((int) $_GET['n'] % 3 == 0) { http_response_code(500); exit; }";
    let broken = page(2, false).replace(
        "<?php header_remove('X-Powered-By');",
        &format!("<?php header_remove('X-Powered-By'); {broken}"),
    );
    let (old, new) = (App::start(&page(1, false)), App::start(&broken));
    let mut proxy = Handover::start(binary(), &routes(&old, &new, "shadow"));
    let admin = proxy.admin();
    // The first one says which version it is, so that all others are that version's.
    for numbers in [1..2, 2..242] {
        assert_all_answered(&compare(&mut proxy, numbers.clone()), numbers.start);
    }
    let found = parity(admin);
    assert_eq!(found["evidence"]["on_trial"].as_str(), Some("legacy new 2"), "{found:#}");
    assert_eq!((found["mismatched"].as_u64(), found["ignored"].as_u64()), (Some(80), Some(161)), "{found:#}");
    proxy.replace_routes(&routes(&old, &new, "native"));
    gate_is_shut(&mut proxy);
    let (_, said) = command(&proxy, &["gate", "n"]);
    assert!(said.contains("mismatches"), "{said}");
}

#[test]
fn all_routes_of_a_candidate_that_fails_are_taken_back() {
    let (old, mut new) = (App::start(&page(1, false)), App::start(&page(2, false)));
    let mut proxy = Handover::start(binary(), &ungated(&old, &new, &["n", "m"]));
    let (admin, clients) = (proxy.admin(), proxy.http());
    let both = || -> Vec<u16> {
        let request =
            |n: usize| http::request("GET", ["/n?n=1", "/m?n=1"][n % 2], &[("Host", "app.example")], b"");
        let outcomes = send_all(clients, 1, &(0..20).map(request).collect::<Vec<_>>());
        outcomes.iter().map(|outcome| outcome.response().status).collect()
    };
    assert_eq!(both(), [200; 20]);
    new.php.kill();
    proxy.wait_until("both routes are back", Duration::from_secs(30), || {
        both();
        std::thread::sleep(Duration::from_millis(200));
        let status = json(admin, "/api/status");
        ["n", "m"].iter().all(|name| {
            let routes = status["routes"].as_array().expect("a list");
            routes.iter().any(|route| route["name"] == *name && route["stage"] == "shadow")
        })
    });
    assert_eq!(both(), [200; 20]);
}

#[test]
fn what_we_have_no_connection_for_is_no_fault_of_the_candidate_s() {
    let slow = page(2, false).replace("echo", "usleep(700000); echo");
    let (old, new) = (App::start(&page(1, false)), App::start(&slow));
    let few = routes(&old, &new, "shadow").replace(
        &new.legacy("new"),
        &new.legacy("new")
            .replace(&format!("connections_max = {CONNECTIONS}"), "connections_max = 1\nread_timeout = '1s'"),
    );
    let mut proxy = Handover::start(binary(), &few);
    let admin = proxy.admin();
    assert_all_answered(&load(proxy.http(), 0..8), 0);
    let dropped = || parity(admin)["dropped"]["budget"].as_u64().unwrap_or_default();
    proxy.wait_until("all are compared or dropped", Duration::from_secs(30), || {
        judged(admin) + dropped() >= 8
    });
    let found = parity(admin);
    assert!(dropped() > 0 && judged(admin) > 0, "{found:#}");
    assert_eq!((found["failed"].as_u64(), found["mismatched"].as_u64()), (Some(0), Some(0)), "{found:#}");
}

#[test]
fn a_candidate_that_breaks_off_within_its_answer_fails_and_is_taken_back() {
    let breaks_off = page(2, false).replace("echo", "header('Content-Length: 1000'); echo");
    let (old, new) = (App::start(&page(1, false)), App::start(&breaks_off));
    let mut proxy = Handover::start(binary(), &ungated(&old, &new, &["n"]));
    let (admin, clients) = (proxy.admin(), proxy.http());
    proxy.wait_until("the route is back", Duration::from_secs(30), || {
        load(clients, 0..10);
        std::thread::sleep(Duration::from_millis(200));
        stage(admin) == "shadow"
    });
    assert_all_answered(&load(clients, 0..20), 0);
    let failed = || parity(admin)["failed"].as_u64().unwrap_or_default();
    proxy.wait_until("half an answer is none", Duration::from_secs(60), || failed() >= 20);
}

#[test]
fn a_candidate_that_hangs_keeps_no_other_legacy_from_being_asked() {
    let (old, new) = (App::start(&page(1, false)), App::start(&page(2, false)));
    // It takes connections, and answers nothing.
    let hangs = TcpListener::bind("127.0.0.1:0").expect("a port of ours");
    let route = |name: &str, candidate: &str| {
        format!(
            "[[route]]\nname = '{name}'\nmatch = 'GET /{name}'\nstage = 'shadow'\ncandidate = '{candidate}'\nrepeatable = true\n"
        )
    };
    let routes = format!(
        "{}default = true\nversion = '1'\n{}version = '2'\n[legacy.stuck]\nhttp = 'http://{}'\n{}{}",
        old.legacy("old"),
        new.legacy("new"),
        hangs.local_addr().expect("an address"),
        route("stuck", "stuck"),
        route("n", "new"),
    );
    let mut proxy = Handover::start(binary(), &routes);
    let stuck = http::request("GET", "/stuck", &[("Host", "app.example")], b"");
    let outcomes = send_all(proxy.http(), CONNECTIONS, &vec![stuck; 40]);
    assert!(outcomes.iter().all(|outcome| outcome.response().status == 200));
    assert_all_answered(&compare(&mut proxy, 0..40), 0);
}

#[test]
fn legacy_only_gives_a_route_of_a_candidate_back_to_the_old_legacy() {
    let (old, new) = (App::start(&page(1, false)), App::start(&page(2, false)));
    let mut proxy = Handover::start(binary(), &ungated(&old, &new, &["n"]));
    let clients = proxy.http();
    let versions = || {
        let outcomes = load(clients, 0..20);
        assert_all_answered(&outcomes, 0);
        let version =
            |outcome: &Outcome| outcome.response().field("x-app-version").expect("each page says it");
        outcomes.iter().map(version).collect::<Vec<_>>()
    };
    assert_eq!(versions(), ["2"; 20]);
    let (status, said) = command(&proxy, &["legacy-only", "--reason", "the new PHP is slow"]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(versions(), ["1"; 20]);
    let (status, said) = command(&proxy, &["legacy-only", "--off"]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(versions(), ["2"; 20]);
    // php-fpm writes a request down once it has answered it; the candidate was not asked beside the old one.
    proxy.wait_until("all is written down", Duration::from_secs(10), || new.php.seen().len() >= 40);
    assert_eq!((old.php.seen().len(), new.php.seen().len()), (20, 40));
}
