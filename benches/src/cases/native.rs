//! A POST of JSON with forty rules and a look-up in 50,000 rows, without Kafka: natively, and in PHP behind nginx.

use handover_parts::{Nginx, PhpFpm};

use crate::contender::{Contender, Goal, Request};
use crate::cpu::Processes;
use crate::report::Row;
use crate::rounds::{Pace, measure};
use crate::servers::{Origin, application, event, handover};

/// Swoole has no package here. Where it was measured, it took 79 µs for this work and nginx with php-fpm 133 + 276 µs.
const SWOOLE_OF_PHP: f64 = 79.0 / (133.0 + 276.0);

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let application = application();
    let php = PhpFpm::serving(application.path()).children(4).start();
    let (nginx, bare) = (Nginx::in_front_of(&php), Origin::start());
    let ours = handover(&format!(
        r#"
[legacy.php]
fastcgi = "{php}"
root = "{root}"
[table.campaigns]
source = "file:{root}/campaigns.csv"
key = "id"
[[route]]
name = "events"
match = "POST /events"
stage = "native"
native = "events"
[[route]]
name = "nothing"
match = "POST /nothing"
stage = "native"
native = "nothing"
"#,
        php = php.address(),
        root = php.root().display(),
    ));
    let post = |path: &str, status| Request::post(path, event(), status);
    let group = ours.id().expect("it runs");
    let contenders = [
        Contender::new("handover", ours.http(), group, &post("/events", 202))
            .goal(Goal::whole(&["nginx + php-fpm"], 1.0 / 20.0))
            .goal(
                Goal::whole(&["nginx + php-fpm"], SWOOLE_OF_PHP / 5.0)
                    .standing_for("Swoole, by its ratio to php-fpm"),
            )
            .goal(Goal::own(&["nginx, bare 200"], 1.5)),
        Contender::new("handover, bare 204", ours.http(), group, &post("/nothing", 204)),
        Contender::new("nginx, bare 200", bare.address(), bare.group(), &post("/bare", 200)),
        Contender::new("nginx + php-fpm", nginx.address(), nginx.id(), &post("/events", 202))
            .with(Processes::of_groups(php.id())),
    ];
    measure("POST of 40 rules, a look-up", &contenders, 64, pace)
}
