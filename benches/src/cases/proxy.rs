//! HTTP proxying: small and large bodies, few and many connections.

use crate::contender::{Contender, Goal, Request};
use crate::report::Row;
use crate::rounds::{Pace, measure};
use crate::servers::{Haproxy, Origin, ProxyNginx, handover};

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let origin = Origin::start();
    let nginx = ProxyNginx::start(origin.address());
    let haproxy = Haproxy::start(origin.address());
    let ours = handover(&format!(
        "[legacy.origin]\nhttp = \"http://{}\"\n[[route]]\nname = \"all\"\nmatch = \"GET|POST /{{*path}}\"\n",
        origin.address()
    ));
    let works = [
        ("GET 1 KB", Request::get("/1k"), 64, 0.7),
        ("POST 1 KB", Request::post("/1k", vec![b'x'; 1024], 200), 64, 0.7),
        ("GET 100 KB", Request::get("/100k"), 64, 1.0),
        ("GET 10 MB", Request::get("/10m"), 16, 1.0),
        ("GET 1 KB, 1 connection", Request::get("/1k"), 1, 1.0),
        ("GET 1 KB, 1,000 connections", Request::get("/1k"), 1000, 1.0),
    ];
    let mut rows = Vec::new();
    for (work, request, connections, at_most) in works {
        let contenders = [
            Contender::new("handover", ours.http(), ours.id().expect("it runs"), &request)
                .goal(Goal::own(&["nginx", "HAProxy"], at_most)),
            Contender::new("nginx", nginx.address(), nginx.group(), &request),
            Contender::new("HAProxy", haproxy.address(), haproxy.group(), &request),
        ];
        rows.extend(measure(work, &contenders, connections, pace));
    }
    rows
}
