//! Hostile input, end to end: exact bytes to the real binary, in front of a legacy that records every byte it gets.
//!
//! Refused means: the status says so, the connection is closed, legacy never got a complete request, and one metric
//! says why.
//!
//! # Where others went wrong
//!
//! | advisory | what it was | the test that it would fail here |
//! | --- | --- | --- |
//! | Pingora CVE-2026-2833, Envoy CVE-2024-23326 | an upgrade that the backend did not accept let requests past the checks | `passed::an_upgrade_that_is_answered_by_200_leaves_two_requests` |
//! | Pingora CVE-2026-2835 | Transfer-Encoding in HTTP/1.0, or beside others | `framing::what_shows_in_a_head_stops_before_a_byte_reaches_legacy` |
//! | Pingora CVE-2026-2836, CVE-2025-4366 | a cache key without host; a body behind a cache's answer | tests/caching/poisoning.rs |
//! | HAProxy CVE-2023-25725, CVE-2023-40225 | an empty field name; an empty Content-Length | `framing::what_shows_in_a_head_stops_before_a_byte_reaches_legacy` |
//! | Traefik CVE-2024-45410 | `Connection` took `X-Forwarded-…` away | `passed::connection_strips_neither_host_nor_what_we_say_of_the_client` |
//! | Traefik CVE-2025-66490 | encoded characters led past a route's rule | `passed::a_path_reaches_legacy_as_it_was_sent_and_matches_no_other_route` |
//! | Caddy CVE-2026-27590, PHP CVE-2019-11043 | another script ran than the configured one | `scripts::only_the_configured_script_runs` |
//! | httpoxy, CVE-2016-5385 | `Proxy:` became `HTTP_PROXY` | `passed::connection_strips_neither_host_nor_what_we_say_of_the_client` |
//! | CVE-2023-44487, CVE-2025-8671, RUSTSEC-2024-0003, -2024-0332, -2026-0258 | HTTP/2 resets, CONTINUATION, queues without bounds | tests/clients/attacks.rs, and no older `h2` than `advisories::h2_is_not_older_than_its_advisories` allows |

mod advisories;
mod framing;
mod legacy;
mod limits;
mod overload;
mod passed;
mod responders;
mod scripts;
mod world;
