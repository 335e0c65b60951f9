//! FastCGI to php-fpm, 4 children and 64 clients: what a connection kept per child spares both sides.

use handover_parts::{Nginx, PhpFpm};

use crate::contender::{Contender, Goal, Request};
use crate::report::Row;
use crate::rounds::{Pace, measure};
use crate::servers::{application, event, handover};

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let application = application();
    let php = PhpFpm::serving(application.path()).children(4).start();
    let nginx = Nginx::in_front_of(&php);
    let ours = handover(&format!(
        "[legacy.php]\nfastcgi = \"{}\"\nroot = \"{}\"\nconnections_max = 4\nkeep_alive = true\n",
        php.address(),
        php.root().display()
    ));
    let pool = php.id().expect("it runs");
    let mut rows = Vec::new();
    for (work, request) in [
        ("PHP, GET /healthz", Request::get("/healthz")),
        ("PHP, POST of 40 rules", Request::post("/events", event(), 202)),
    ] {
        let contenders = [
            Contender::new("handover", ours.http(), ours.id().expect("it runs"), &request)
                .with(pool)
                .goal(Goal::own(&["nginx"], 0.5))
                .goal(Goal::whole(&["nginx"], 0.7)),
            Contender::new("nginx", nginx.address(), nginx.id(), &request).with(pool),
        ];
        rows.extend(measure(work, &contenders, 64, pace));
    }
    rows
}
