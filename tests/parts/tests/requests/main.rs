//! What PHP makes of a request, and what `legacy-compat` makes of it: the same, whatever comes.
//!
//! Generated requests go to a real php-fpm, whose script gives all superglobals back, serialized; the crate's are compared byte by
//! byte. A few thousand are sent in `make test`; `make parity-requests` sends 100,000. `PARITY_REQUESTS` sets the number,
//! `PARITY_SEED` (a number) sends others.

mod generate;
mod world;

use generate::{cookie_and_query, form, multipart};
use world::{Pool, holds};

#[test]
fn queries_and_cookies_are_seen_alike() {
    let mut pools = [Pool::of_distributions(), Pool::with_tight_limits()];
    holds("queries and cookies", cookie_and_query(), |request| {
        pools.iter_mut().for_each(|pool| pool.compare(request))
    });
}

#[test]
fn forms_are_seen_alike() {
    let mut pools = [Pool::of_distributions(), Pool::with_tight_limits(), Pool::that_does_not_read_bodies()];
    holds("forms", form(), |request| pools.iter_mut().for_each(|pool| pool.compare(request)));
}

#[test]
fn multipart_bodies_are_seen_alike() {
    let mut pools = [Pool::of_distributions(), Pool::with_tight_limits(), Pool::without_uploads()];
    holds("multipart bodies", multipart(), |request| pools.iter_mut().for_each(|pool| pool.compare(request)));
}
