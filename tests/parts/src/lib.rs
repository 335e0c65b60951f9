//! Real parts for end-to-end tests, started on free ports with folders of their own.
//!
//! | part | what runs |
//! | --- | --- |
//! | [`Kafka`] | one real Apache Kafka broker (KRaft) |
//! | [`Secured`] | the same with SCRAM, client certificates and MSK's IAM, which checks signatures |
//! | [`S3`] | versitygw, a real S3 server that checks signatures |
//! | [`Toxiproxy`] | a slow, narrow, resetting or broken network between two of them |
//! | [`PhpFpm`] | a real PHP-FPM over an application's folder |
//! | [`PhpServer`] | PHP's own web server, an HTTP backend to be killed and hung |
//! | [`Nginx`] | a real nginx in front of a [`PhpFpm`], as a production site would have it |
//! | [`Echo`] | a WebSocket server (Node's `ws`) that sends back what it gets |
//! | [`Backend`] | a backend in the test itself, byte by byte |
//! | [`Authority`] | certificates, signed by an authority of the test's own |
//! | [`Registry`] | Apicurio, a real schema registry with Confluent's API; and Confluent's own client |
//! | [`Redis`] | a real Redis |
//! | [`Memcached`] | a real memcached |
//! | [`Browser`] | a real Chromium, in which pages are read, clicked and typed into |
//! | [`Handover`] | the proxy, a given binary with a given `routes.toml` |
//!
//! [`http`] sends exact bytes and gives exact bytes back, [`fastcgi`] asks PHP without a server in between; [`load`] keeps
//! connections busy; [`suites`] runs conformance suites of others.
//!
//! Every part waits until it is ready, within a deadline; it is killed with all its children when it is dropped, and
//! when the test's process dies without dropping anything ([`process`]). When a test fails, the part's log is shown.
//! A part that cannot be had is a panic that says what to do, never a skipped test.
//!
//! Everything here blocks. In an async test, call it through `tokio::task::spawn_blocking`.

pub mod fastcgi;
pub mod http;
pub mod load;
pub mod process;
pub mod suites;
pub mod tools;

mod backend;
mod browser;
mod certificates;
mod echo;
mod handover;
mod kafka;
mod memcached;
mod nginx;
mod php_fpm;
mod php_server;
mod port;
mod redis;
mod registry;
mod s3;
mod toxiproxy;

pub use backend::{Backend, Conversation};
pub use browser::{Browser, Page, Violation};
pub use certificates::{Authority, Identity};
pub use echo::Echo;
pub use handover::Handover;
pub use kafka::{Kafka, Record, Secured};
pub use memcached::Memcached;
pub use nginx::Nginx;
pub use php_fpm::{PhpFpm, PhpFpmBuilder};
pub use php_server::PhpServer;
pub use port::free_port;
pub use redis::Redis;
pub use registry::Registry;
pub use s3::S3;
pub use toxiproxy::Toxiproxy;
