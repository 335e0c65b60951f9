//! What is measured, a file a case.

mod acks;
mod crowd;
mod fastcgi;
mod idle;
mod native;
mod producer;
mod proxy;
mod routes;
mod rules;
mod secured;
mod shadow;
mod start;
mod tables;

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
pub(crate) fn all() -> [Case; 13] {
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
        Case { name: "rules", what: "pipelines of 40 and of 5,000 rules", run: rules::run },
        Case {
            name: "acks",
            what: "the same POST with a record to Kafka, in the three ways to acknowledge it",
            run: acks::run,
        },
        Case {
            name: "producer",
            what: "records to Kafka, beside librdkafka's own performance tool",
            run: producer::run,
        },
        Case {
            name: "tables",
            what: "a hot table of a million rows: look-ups, memory, refresh",
            run: tables::run,
        },
        Case { name: "shadow", what: "full shadowing, beside none", run: shadow::run },
        Case { name: "idle", what: "memory of 10,000 idle connections, beside nginx", run: idle::run },
        Case { name: "start", what: "time to ready with tables on disk", run: start::run },
        Case {
            name: "crowd",
            what: "10,000 idle, 1,000 slow clients and an upload of 5 GiB at once",
            run: crowd::run,
        },
    ]
}
