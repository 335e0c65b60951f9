//! Conformance suites of others, through the proxy, against real legacies.

use std::net::SocketAddr;

use handover_parts::{Authority, Echo, Handover, PhpFpm, free_port, process, suites};

use crate::world::{BINARY, metric};

#[test]
fn h2spec_passes_whole_in_the_clear_and_by_tls() {
    let app = process::folder("app");
    process::write(
        app.path().join("index.php"),
        "<?php echo 'a body that is long enough', file_get_contents('php://input');",
    );
    let php = PhpFpm::serving(app.path()).start();
    let authority = Authority::new();
    let identity = authority.sign("shop.example");
    let https = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let routes = format!(
        "[listen]\nhttps = \"{https}\"\ntls = {{ cert_file = \"{}\", key_file = \"{}\" }}\n\
         [legacy.app]\nfastcgi = \"{}\"\nroot = \"{}\"\n",
        identity.cert_file.display(),
        identity.key_file.display(),
        php.address(),
        php.root().display()
    );
    let proxy = Handover::start(BINARY, &routes);
    for (address, tls) in [(proxy.http(), false), (https, true)] {
        assert_eq!(suites::h2spec(address, tls), "146 tests, 146 passed, 0 skipped, 0 failed");
    }
}

#[test]
fn the_websocket_suite_passes_through_a_tunnel() {
    let echo = Echo::start();
    let proxy = Handover::start(BINARY, &format!("[legacy.app]\nhttp = \"http://{}\"\n", echo.address()));
    assert_eq!(suites::websocket(proxy.http()), 247);
    assert!(metric(&proxy, "handover_tunnels_total") >= 247);
}
