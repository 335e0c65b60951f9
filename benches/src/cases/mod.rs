//! What is measured, a file a case.

mod fastcgi;
mod idle;
mod native;
mod proxy;
mod routes;
mod secured;
mod shadow;
mod start;

use crate::report::Row;
use crate::rounds::Pace;

/// One thing that is measured.
pub(crate) struct Case {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it measures.
    pub what: &'static str,
    /// Measures it.
    pub run: fn(&Pace) -> Vec<Row>,
}

/// All of them, in the order in which they run.
pub(crate) fn all() -> [Case; 8] {
    [
        Case { name: "proxy", what: "HTTP proxying, beside nginx and HAProxy", run: proxy::run },
        Case { name: "secured", what: "the same by TLS and HTTP/2", run: secured::run },
        Case { name: "routes", what: "10,000 routes, beside 10", run: routes::run },
        Case { name: "fastcgi", what: "FastCGI to php-fpm, beside nginx", run: fastcgi::run },
        Case {
            name: "native",
            what: "a POST with forty rules, beside PHP and nginx's bare 200",
            run: native::run,
        },
        Case { name: "shadow", what: "full shadowing, beside none", run: shadow::run },
        Case { name: "idle", what: "memory of 10,000 idle connections, beside nginx", run: idle::run },
        Case { name: "start", what: "time to ready with tables on disk", run: start::run },
    ]
}
