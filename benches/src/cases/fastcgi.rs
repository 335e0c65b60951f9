//! FastCGI to php-fpm, 4 children and 64 clients each: what a connection kept per child spares both sides.

use handover_parts::{Nginx, PhpFpm};

use crate::contender::{Contender, Goal, Request};
use crate::cpu::Processes;
use crate::report::Row;
use crate::rounds::{Pace, measure};
use crate::servers::{application, event, handover};

/// Measures it: nginx with a php-fpm, and the proxy with one that runs under it, so that it may keep connections.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let application = application();
    let php = PhpFpm::serving(application.path()).children(4).start();
    let nginx = Nginx::in_front_of(&php);
    let root = php.root().display();
    let ours = handover(&format!("[legacy.php.managed]\nroot = \"{root}\"\nchildren = 4\n"));
    let group = ours.id().expect("it runs");
    let works = [
        ("PHP, GET /healthz", Request::get("/healthz")),
        ("PHP, POST of 40 rules", Request::post("/events", event(), 202)),
    ];
    let mut rows = Vec::new();
    for (work, request) in works {
        let contenders = [
            Contender::new("handover", ours.http(), group, &request)
                .with(Processes::started_by(group))
                .goal(Goal::own(&["nginx"], 0.5))
                .goal(Goal::whole(&["nginx"], 0.7)),
            Contender::new("nginx", nginx.address(), nginx.id(), &request)
                .with(Processes::of_groups(php.id())),
        ];
        rows.extend(measure(work, &contenders, 64, pace));
    }
    rows
}
