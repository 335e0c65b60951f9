//! Where legacy differs from itself as often as from the candidate is noise; what differs more often is found all the same.

use std::time::Duration;

use handover_parts::Handover;

use crate::{App, binary, cluster, clusters, command, compare, parity};

/// A page with a lottery number that is another one each time, and a seat that is another one now and then.
fn page(seat: &str, price: &str) -> String {
    format!(
        "<?php header_remove('X-Powered-By'); header('Content-Type: application/json'); $n = (int) $_GET['n']; \
         echo json_encode(array('n' => $n, 'lottery' => mt_rand(1, 1000000000), 'seat' => {seat}, 'price' => {price}));"
    )
}

/// One of four times another seat.
const SEAT: &str = "mt_rand(1, 4) == 1 ? 'B' : 'A'";

fn routes(old: &App, new: &App, noise: &str) -> String {
    format!(
        "{}version = '1'\ndefault = true\n{}version = '1'\n\
         [[route]]\nname = 'n'\nmatch = 'GET /n'\nstage = 'shadow'\ncandidate = 'new'\nrepeatable = true\n\
         shadow = {{ {noise} }}\n",
        old.legacy("old"),
        new.legacy("new"),
    )
}

/// Compares that many requests of two pages.
fn compared(old: &str, new: &str, noise: &str, requests: usize) -> (Handover, App, App) {
    let (old, new) = (App::start(old), App::start(new));
    let mut proxy = Handover::start(binary(), &routes(&old, &new, noise));
    let outcomes = compare(&mut proxy, 0..requests);
    assert!(outcomes.iter().all(|outcome| outcome.response().status == 200));
    (proxy, old, new)
}

#[test]
fn what_legacy_does_itself_is_noise_and_a_fault_beside_it_is_found() {
    let page_of = |price: &str| page(SEAT, price);
    let (mut proxy, old, _new) =
        compared(&page_of("$n * 2"), &page_of("$n % 10 == 3 ? $n : $n * 2"), "noise = 1", 400);
    let admin = proxy.admin();
    let lottery = cluster("body:/lottery", "value", "noise");
    let seat = cluster("body:/seat", "value", "noise");
    let mut found = clusters(admin);
    found.sort();
    assert_eq!(found, [lottery, cluster("body:/price", "value", "unreviewed"), seat]);
    let said = parity(admin);
    assert_eq!((said["noise"].as_u64(), said["mismatched"].as_u64()), (Some(360), Some(40)), "{said:#}");
    assert_eq!(said["asked_twice"].as_u64(), Some(400), "{said:#}");
    // php-fpm writes a request down once it has answered it.
    let asked = || old.php.seen().len();
    proxy.wait_until("legacy was asked twice each time", Duration::from_secs(10), || asked() == 800);
    let (_, text) = command(&proxy, &["clusters", "n", "--only", "noise"]);
    assert!(text.contains("body:/lottery"), "{text}");
}

#[test]
fn a_fault_at_the_place_of_noise_is_found_where_it_is_seen_more_often() {
    let fault = "$n % 2 == 1 ? 'C' : (mt_rand(1, 4) == 1 ? 'B' : 'A')";
    let (proxy, _old, _new) = compared(&page(SEAT, "$n"), &page(fault, "$n"), "noise = 1", 400);
    let mut found = clusters(proxy.admin());
    found.sort();
    let lottery = cluster("body:/lottery", "value", "noise");
    assert_eq!(found, [lottery, cluster("body:/seat", "value", "unreviewed")]);
}

#[test]
fn nothing_is_noise_where_legacy_was_not_asked_often_enough() {
    let (mut proxy, old, _new) = compared(&page("'A'", "$n"), &page("'A'", "$n"), "noise = 0.05", 200);
    assert_eq!(clusters(proxy.admin()), [cluster("body:/lottery", "value", "unreviewed")]);
    let asked = parity(proxy.admin())["asked_twice"].as_u64().expect("a count");
    assert!(asked < 50, "{asked} of 200 is not one of twenty");
    let seen = || old.php.seen().len() as u64;
    proxy.wait_until("it was asked no more often", Duration::from_secs(10), || seen() == 200 + asked);
}

#[test]
fn legacy_is_asked_once_more_what_the_client_asked_whether_or_not_it_can_run_dry() {
    let page = "<?php header_remove('X-Powered-By'); header('Content-Type: application/json'); \
                echo json_encode(array('n' => (int) $_GET['n'], 'dry' => isset($_SERVER['HTTP_X_DRY'])));";
    let (old, new) = (App::start(page), App::start(&page.replace("isset($_SERVER['HTTP_X_DRY'])", "true")));
    let dry =
        routes(&old, &new, "noise = 1").replacen("default = true", "default = true\ndry_run = 'X-Dry: 1'", 1);
    let mut proxy = Handover::start(binary(), &dry);
    compare(&mut proxy, 0..100);
    let said = parity(proxy.admin());
    assert_eq!((said["asked_twice"].as_u64(), said["noise"].as_u64()), (Some(100), Some(0)), "{said:#}");
    assert_eq!(clusters(proxy.admin()), [cluster("body:/dry", "value", "unreviewed")]);
}
