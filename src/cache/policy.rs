//! What may be stored, and how long it may be used (RFC 9111 §3 and §4, for a shared cache; RFC 5861).
//!
//! Where the standard leaves a choice, the choice is the one that asks legacy: no freshness is guessed from
//! `Last-Modified`, no stale answer is given unless its directives say so, a client's `max-stale` is not honoured, and an
//! answer that sets a cookie is stored only where it says `s-maxage`: PHP's own `session.cache_limiter = public` says
//! `public` beside the cookie of a session that has just begun, which is one client's.

use std::time::{Duration, SystemTime};

use handover_http1::{Fields, RequestHead, ResponseHead};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::directives::{Directives, number};

/// Statuses that may be stored without being asked for by name (RFC 9110 §15.1). 206 is left out: parts are not stored.
const BY_DEFAULT: [u16; 11] = [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501];

/// How an answer that is stored may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// How long it is fresh, counted from its origin.
    pub(super) lifetime: Duration,
    /// How old it was when it came.
    pub(super) age: Duration,
    /// How much longer it may be used while it is asked for anew.
    pub(super) while_revalidating: Duration,
    /// How much longer it may be used where legacy fails.
    pub(super) on_error: Duration,
}

impl Policy {
    /// The policy of an answer that may be stored; `None` where it may not.
    pub(super) fn of(request: &RequestHead, answer: &ResponseHead, now: SystemTime) -> Option<Self> {
        let said = Directives::of(answer.fields());
        if !may_be_stored(request, answer, &said) {
            return None;
        }
        let must_validate =
            said.has("must-revalidate") || said.has("proxy-revalidate") || said.has("no-cache");
        let longer = |name| {
            let longer = if must_validate { 0 } else { said.seconds(name).unwrap_or(0) };
            Duration::from_secs(longer)
        };
        let lifetime =
            if is_unconditional(&said, answer) { Duration::ZERO } else { lifetime(&said, answer, now) };
        let policy = Self {
            lifetime,
            age: age(answer.fields(), now),
            while_revalidating: longer("stale-while-revalidate"),
            on_error: longer("stale-if-error"),
        };
        // What is never fresh and can't be validated would never be used.
        let of_use = policy.lifetime > policy.age
            || policy.while_revalidating > Duration::ZERO
            || policy.on_error > Duration::ZERO
            || has_validator(answer.fields());
        of_use.then_some(policy)
    }
}

/// Whether each use has to be validated.
fn is_unconditional(said: &Directives, answer: &ResponseHead) -> bool {
    let pragma = || answer.fields().get_all(b"pragma").any(|value| value.eq_ignore_ascii_case(b"no-cache"));
    said.has("no-cache") || said.is_empty() && pragma()
}

fn may_be_stored(request: &RequestHead, answer: &ResponseHead, said: &Directives) -> bool {
    let asked = Directives::of(request.fields());
    let is_for_all = said.has("public") || said.has("s-maxage");
    let has = |fields: &Fields, name: &[u8]| fields.get_all(name).next().is_some();
    let explicit = said.has("s-maxage") || said.has("max-age") || has(answer.fields(), b"expires");
    request.method() == b"GET"
        && !matches!(answer.status(), 100..200 | 206 | 304)
        && !asked.has("no-store")
        && !said.has("no-store")
        && !said.has("private")
        && (!said.has("must-understand") || BY_DEFAULT.contains(&answer.status()))
        && (!has(request.fields(), b"authorization") || is_for_all || said.has("must-revalidate"))
        && (!has(answer.fields(), b"set-cookie") || said.has("s-maxage"))
        && vary(answer.fields()).all(|name| name != b"*" && !is_told(name))
        && (explicit || is_for_all || BY_DEFAULT.contains(&answer.status()))
}

/// The names in `Vary`.
pub(super) fn vary(fields: &Fields) -> impl Iterator<Item = &[u8]> {
    let names = fields.get_all(b"vary").flat_map(|value| value.split(|byte| *byte == b','));
    names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
}

/// Whether legacy is told that by us: what the client said is not what the answer was chosen by. Scheme and host are part
/// of the key.
fn is_told(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    match name.as_slice() {
        b"forwarded" | b"x-real-ip" | b"client-cert" | b"client-cert-chain" => true,
        b"x-forwarded-proto" | b"x-forwarded-host" => false,
        name => name.starts_with(b"x-forwarded-"),
    }
}

fn lifetime(said: &Directives, answer: &ResponseHead, now: SystemTime) -> Duration {
    let seconds = said.seconds("s-maxage").or_else(|| said.seconds("max-age"));
    seconds.map(Duration::from_secs).unwrap_or_else(|| {
        let date = |name: &[u8]| only(answer.fields(), name).and_then(date);
        let expires = date(b"expires").unwrap_or(SystemTime::UNIX_EPOCH);
        expires.duration_since(date(b"date").unwrap_or(now)).unwrap_or_default()
    })
}

/// How old an answer is when it comes (RFC 9111 §4.2.3): by its `Age`, or by its `Date` where that is more. One whose
/// `Age` is not a number, or is said more than once, is as old as can be.
fn age(fields: &Fields, now: SystemTime) -> Duration {
    const UNKNOWN: Duration = Duration::from_secs(u32::MAX as u64);
    let said = match only(fields, b"age") {
        Some(text) => number(text).map_or(UNKNOWN, Duration::from_secs),
        None if fields.get_all(b"age").next().is_some() => UNKNOWN,
        None => Duration::ZERO,
    };
    let apparent = only(fields, b"date").and_then(date).and_then(|date| now.duration_since(date).ok());
    said.max(apparent.unwrap_or_default())
}

/// Whether legacy can say that an answer still holds.
pub(super) fn has_validator(fields: &Fields) -> bool {
    only(fields, b"etag").is_some() || only(fields, b"last-modified").is_some()
}

/// The value of a field that is there once.
pub(super) fn only<'a>(fields: &'a Fields, name: &'a [u8]) -> Option<&'a [u8]> {
    let mut values = fields.get_all(name);
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// An HTTP-date (RFC 9110 §5.6.7), in the form that is to be written.
pub(super) fn date(value: &[u8]) -> Option<SystemTime> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let text = std::str::from_utf8(value).ok().filter(|text| text.ends_with(" GMT"))?;
    let time: Timestamp = PARSER.parse_timestamp(text).ok()?;
    Some(SystemTime::from(time))
}

/// What a request wants of what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// No answer may be used unless legacy says that it holds.
    pub(super) validated: bool,
    /// The oldest that an answer may be.
    pub(super) max_age: Option<Duration>,
    /// How long it has to be fresh still.
    pub(super) min_fresh: Duration,
    /// Legacy must not be asked.
    pub(super) only_if_cached: bool,
}

impl Wanted {
    pub(super) fn of(request: &RequestHead) -> Self {
        let said = Directives::of(request.fields());
        let pragma = || {
            request
                .fields()
                .get_all(b"pragma")
                .any(|value| value.to_ascii_lowercase().starts_with(b"no-cache"))
        };
        Self {
            validated: said.has("no-cache") || said.is_empty() && pragma(),
            max_age: said.seconds("max-age").map(Duration::from_secs),
            min_fresh: Duration::from_secs(said.seconds("min-fresh").unwrap_or(0)),
            only_if_cached: said.has("only-if-cached"),
        }
    }
}

#[cfg(test)]
mod tests {
    use handover_http1::Limits;

    use super::*;
    use crate::legacy::testing::request;

    const NOW: &str = "Fri, 01 Mar 2013 12:00:00 GMT";

    fn policy(asked: &str, answer: &str) -> Option<Policy> {
        let has_status = answer.as_bytes()[0].is_ascii_digit();
        let (first, fields) = answer.split_once('|').filter(|_| has_status).unwrap_or(("200", answer));
        let head =
            format!("HTTP/1.1 {first} X\r\n{}\r\n\r\n", fields.trim_end_matches('|').replace('|', "\r\n"));
        let head = ResponseHead::parse(head.as_bytes(), false, &Limits::default()).unwrap();
        let asked = request(&format!("{asked}Host: h\r\n\r\n"));
        Policy::of(&asked, &head, date(NOW.as_bytes()).unwrap())
    }

    const GET: &str = "GET / HTTP/1.1\r\n";

    #[test]
    fn what_is_not_for_everyone_or_not_asked_for_is_not_stored() {
        for answer in [
            "Cache-Control: max-age=9, No-Store",
            "Cache-Control: max-age=9, private",
            "Cache-Control: max-age=9, private=\"x\"",
            "206|Cache-Control: max-age=9",
            "304|Cache-Control: max-age=9",
            "302|X: y",
            "200|X: y",
            "500|ETag: \"a\"",
            "Cache-Control: max-age=9|Vary: *",
            "Cache-Control: max-age=9|Vary: a, *",
            "Cache-Control: max-age=9|Vary: Accept, X-Forwarded-For",
            "Cache-Control: max-age=9|Set-Cookie: a=b",
            "Cache-Control: public, max-age=9|Set-Cookie: a=b",
            "299|Cache-Control: max-age=9, must-understand",
            "Cache-Control: max-age=0",
        ] {
            assert_eq!(policy(GET, answer), None, "{answer}");
        }
        let nine = "Cache-Control: max-age=9";
        assert_eq!(policy("POST / HTTP/1.1\r\n", nine), None);
        assert_eq!(policy("GET / HTTP/1.1\r\nCache-Control: no-store\r\n", nine), None);
        let authorized = "GET / HTTP/1.1\r\nAuthorization: x\r\n";
        assert_eq!(policy(authorized, nine), None);
        assert!(policy(authorized, "Cache-Control: max-age=9, public").is_some());
        assert!(policy(GET, "Cache-Control: s-maxage=9|Set-Cookie: a=b").is_some());
        assert!(policy(GET, "503|Cache-Control: max-age=9").is_some());
    }

    #[test]
    fn freshness_is_what_the_answer_says_and_never_guessed() {
        let lifetime = |answer: &str| policy(GET, answer).map(|policy| policy.lifetime.as_secs());
        assert_eq!(lifetime("Cache-Control: max-age=9, s-maxage=20|Expires: 0"), Some(20));
        assert_eq!(lifetime(&format!("Date: {NOW}|Expires: Fri, 01 Mar 2013 12:01:00 GMT")), Some(60));
        assert_eq!(lifetime("Expires: 0|ETag: \"a\""), Some(0));
        assert_eq!(lifetime("Last-Modified: Fri, 01 Mar 2002 12:00:00 GMT"), Some(0));
        assert_eq!(lifetime("Cache-Control: no-cache, max-age=9|ETag: \"a\""), Some(0));
        assert_eq!(lifetime("Pragma: no-cache|Expires: Fri, 01 Mar 2013 12:01:00 GMT|ETag: \"a\""), Some(0));
    }

    #[test]
    fn an_answer_is_as_old_as_its_age_or_its_date_says() {
        let age = |fields: &str| {
            policy(GET, &format!("Cache-Control: max-age=99|{fields}")).map(|policy| policy.age.as_secs())
        };
        assert_eq!(age("Age: 30"), Some(30));
        for text in ["a", "-1", "1.0", "0, 0", "7200;a=1", "0|Age: 0"] {
            assert_eq!(policy(GET, &format!("Cache-Control: max-age=99|Age: {text}")), None, "{text}");
        }
        assert_eq!(age("Date: Fri, 01 Mar 2013 11:59:20 GMT|Age: 30"), Some(40));
        assert_eq!(age("Date: Fri, 01 Mar 2013 12:59:20 GMT"), Some(0));
    }

    #[test]
    fn stale_answers_are_used_only_where_they_say_so() {
        let stale = |answer: &str| {
            policy(GET, answer).map(|policy| [policy.while_revalidating.as_secs(), policy.on_error.as_secs()])
        };
        let both = "stale-while-revalidate=5, stale-if-error=7";
        assert_eq!(stale("Cache-Control: max-age=9"), Some([0, 0]));
        assert_eq!(stale(&format!("Cache-Control: max-age=9, {both}")), Some([5, 7]));
        for strict in ["must-revalidate", "proxy-revalidate", "no-cache"] {
            assert_eq!(
                stale(&format!("Cache-Control: max-age=9, {strict}, {both}|ETag: \"a\"")),
                Some([0, 0])
            );
        }
    }
}
