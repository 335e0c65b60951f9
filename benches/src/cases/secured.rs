//! HTTP proxying for clients that come by TLS, with HTTP/1.1 and with HTTP/2.

use std::net::SocketAddr;

use handover_parts::free_port;

use crate::contender::{Contender, Goal, Protocol, Request};
use crate::report::Row;
use crate::rounds::{Pace, measure};
use crate::servers::{Haproxy, Origin, ProxyNginx, handover, identity};

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let origin = Origin::start();
    let nginx = ProxyNginx::start(origin.address());
    let haproxy = Haproxy::start(origin.address());
    let secured = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let ours = handover(&format!(
        "[listen]\nhttps = \"{secured}\"\ntls = {{ cert_file = \"{}\", key_file = \"{}\" }}\n\
         [legacy.origin]\nhttp = \"http://{}\"\n[[route]]\nname = \"all\"\nmatch = \"GET|POST /{{*path}}\"\n",
        identity().cert_file.display(),
        identity().key_file.display(),
        origin.address()
    ));
    let kilobyte = || vec![b'x'; 1024];
    let works = [
        ("TLS, GET 1 KB", Protocol::Tls, Request::get("/1k")),
        ("TLS, POST 1 KB", Protocol::Tls, Request::post("/1k", kilobyte(), 200)),
        ("HTTP/2, GET 1 KB", Protocol::Http2, Request::get("/1k")),
        ("HTTP/2, POST 1 KB", Protocol::Http2, Request::post("/1k", kilobyte(), 200)),
        ("HTTP/2, GET 100 KB", Protocol::Http2, Request::get("/100k")),
    ];
    let mut rows = Vec::new();
    for (work, protocol, request) in works {
        let contenders = [
            Contender::new("handover", secured, ours.id().expect("it runs"), &request)
                .goal(Goal::own(&["nginx", "HAProxy"], 1.0)),
            Contender::new("nginx", nginx.secured(), nginx.group(), &request),
            Contender::new("HAProxy", haproxy.secured(), haproxy.group(), &request),
        ]
        .map(|contender| contender.by(protocol));
        rows.extend(measure(work, &contenders, 64, pace));
    }
    rows
}
