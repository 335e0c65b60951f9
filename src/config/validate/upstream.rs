//! The upstreams of an HTTP legacy, and how they are watched.

use std::time::Duration;

use handover_http1::{Leniency, Limits, RequestHead};

use super::address::origin;
use crate::config::raw::upstream::{CircuitBreaker, HealthCheck, Upstream as RawUpstream, Upstreams};
use crate::config::raw::{self, At};
use crate::config::section::Section;
use crate::legacy::spec::{Address, Breaker, Check, Http, UPSTREAMS_MAX, Upstream};

const ORIGIN: &str = "\"http://127.0.0.1:9501\" or \"unix:/run/app.sock\"";

/// The most that a weight may be.
const WEIGHT_MAX: u32 = 1000;

/// What an HTTP legacy says of its upstreams.
pub(super) fn http(raw: &raw::Legacy, upstreams: &At<Upstreams>, section: &mut Section<'_>) -> Option<Http> {
    let check = raw.health_check.as_ref().map(|given| check(given, section));
    let breaker = raw.circuit_breaker.as_ref().map(|given| breaker(given, section));
    let all = match upstreams.get() {
        Upstreams::One(text) => {
            let address = parse(text, upstreams.span(), section)?;
            vec![Upstream { address, weight: 1 }]
        }
        Upstreams::Many(list) => several(list, upstreams, section)?,
    };
    Some(Http {
        // The only one is never left alone, unless someone wants that: whom should be asked instead?
        breaker: breaker.or_else(|| (all.len() > 1).then(Breaker::default)),
        upstreams: all,
        http2: raw.http2.as_ref().is_some_and(|given| *given.get()),
        // A check that is wrong is a fault by now.
        check: check.flatten(),
    })
}

fn several(
    list: &[At<RawUpstream>],
    whole: &At<Upstreams>,
    section: &mut Section<'_>,
) -> Option<Vec<Upstream>> {
    if list.is_empty() || list.len() > UPSTREAMS_MAX {
        section.fault(whole.span(), format!("a legacy has from 1 to {UPSTREAMS_MAX} upstreams"));
        return None;
    }
    let mut all: Vec<Option<Upstream>> = Vec::new();
    for given in list {
        let upstream = one(given, section);
        if let Some(upstream) = &upstream
            && all.iter().flatten().any(|other| other.address == upstream.address)
        {
            let hint = "give one of them more `weight` instead".to_owned();
            section.fault_with_hint(given.span(), format!("{} is there twice", upstream.address), hint);
        }
        all.push(upstream);
    }
    all.into_iter().collect()
}

fn one(given: &At<RawUpstream>, section: &mut Section<'_>) -> Option<Upstream> {
    match given.get() {
        RawUpstream::Plain(text) => {
            Some(Upstream { address: parse(text, given.span(), section)?, weight: 1 })
        }
        RawUpstream::Table(table) => {
            let weight = table.weight.as_ref().map_or(1, |weight| *weight.get());
            if let Some(given) = table.weight.as_ref().filter(|_| !(1..=WEIGHT_MAX).contains(&weight)) {
                section.fault(given.span(), format!("a weight is a number from 1 to {WEIGHT_MAX}"));
            }
            Some(Upstream { address: parse(table.url.get(), table.url.span(), section)?, weight })
        }
    }
}

fn parse(text: &str, at: std::ops::Range<usize>, section: &mut Section<'_>) -> Option<Address> {
    origin(text).map_err(|why| section.fault_with_hint(at, why, ORIGIN.to_owned())).ok()
}

fn breaker(given: &At<CircuitBreaker>, section: &mut Section<'_>) -> Breaker {
    let (given, mut section) = (given.get(), section.inner(given.span()));
    let usual = Breaker::default();
    Breaker {
        failures: section.count(&given.failures, usual.failures as usize) as u32,
        pause: section.duration(&given.pause, usual.pause),
        slow_start: section.duration(&given.slow_start, usual.slow_start),
    }
}

fn check(given: &At<HealthCheck>, section: &mut Section<'_>) -> Option<Check> {
    let (given, mut section) = (given.get(), section.inner(given.span()));
    let interval = section.duration(&given.interval, Duration::from_secs(5));
    let timeout = section.duration(&given.timeout, Duration::from_secs(2));
    if let Some(host) = given.host.as_ref().filter(|host| !is_askable("/", host.get())) {
        section.fault(host.span(), format!("`{}` is no host", host.get()));
    }
    let path = section.required(&given.path, "path", "what upstreams are asked: `path = \"/healthz\"`")?;
    if !is_askable(path.get(), "h") {
        let hint = "it begins with a slash: \"/healthz\"".to_owned();
        section.fault_with_hint(path.span(), format!("`{}` is no path", path.get()), hint);
    }
    let host = given.host.as_ref().map(|host| host.get().clone());
    Some(Check { path: path.get().clone(), host, interval, timeout })
}

/// Whether that makes a request.
fn is_askable(path: &str, host: &str) -> bool {
    let text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let head = RequestHead::parse(text.as_bytes(), &Limits::default(), &Leniency::default());
    path.starts_with('/')
        && head.is_ok_and(|head| head.target() == path.as_bytes() && head.fields().len() == 1)
}
