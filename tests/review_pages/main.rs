//! The review pages: QA's way through them in a real Chromium, who may do what, and how they stand what is stored.

mod barriers;
mod by_http;
mod coverage;
mod doors;
mod many;
mod story;
mod world;
