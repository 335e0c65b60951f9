//! A backend that names its own address, which clients can't reach.

use handover_parts::{Backend, Handover, http};

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

#[test]
fn redirects_and_cookies_of_the_backends_own_address_lead_clients_back() {
    let backend = Backend::answering(
        "HTTP/1.1 302 Found\r\nLocation: http://old.internal:8080/next?a=b\r\n\
         Set-Cookie: id=1; Domain=old.internal; Path=/\r\nLink: <http://old.internal:8080/>\r\nContent-Length: 0\r\n\r\n",
    );
    let ask = |more: &str| {
        let proxy = Handover::start(BINARY, &format!("{}{more}", backend.as_legacy()));
        let request = b"GET / HTTP/1.1\r\nHost: shop.example:81\r\n\r\n";
        http::Client::connect(proxy.http()).unwrap().exchange(request).unwrap()
    };
    let rewritten = ask("rewrite = 'http://old.internal:8080'\n");
    assert_eq!(rewritten.field("Location").as_deref(), Some("http://shop.example:81/next?a=b"));
    assert_eq!(rewritten.field("Set-Cookie").as_deref(), Some("id=1; Domain=shop.example; Path=/"));
    assert_eq!(
        rewritten.field("Link").as_deref(),
        Some("<http://old.internal:8080/>"),
        "what nobody asked for"
    );
    let plain = ask("");
    assert_eq!(plain.field("Location").as_deref(), Some("http://old.internal:8080/next?a=b"));
}
