//! A stream's head as the bytes of an HTTP/1.1 head, for the validator that reads those too: what two protocols could
//! be read as differently is refused once, for both.

use handover_http1::{Leniency, Limits, Refusal, RequestHead};
use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::request::Parts;

/// Validates a stream's head. `ends` says that the stream has no body.
pub(super) fn validate(
    parts: &Parts,
    ends: bool,
    limits: &Limits,
    leniency: &Leniency,
) -> Result<RequestHead, Refusal> {
    let Some(target) = parts.uri.path_and_query() else { return Err(Refusal::Connect) };
    let mut bytes = Vec::with_capacity(1024);
    for part in [parts.method.as_str(), " ", target.as_str(), " HTTP/1.1\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    host(parts, &mut bytes)?;
    fields(parts, &mut bytes);
    bytes.extend_from_slice(b"\r\n");
    let head = RequestHead::parse(&bytes, limits, leniency)?;
    Ok(if ends || parts.headers.contains_key(CONTENT_LENGTH) { head } else { head.with_body() })
}

/// `:authority` is Host; a Host beside it has to say the same (RFC 9113 §8.3.1).
fn host(parts: &Parts, bytes: &mut Vec<u8>) -> Result<(), Refusal> {
    let Some(authority) = parts.uri.authority() else { return Ok(()) };
    let same = |host: &http::HeaderValue| host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes());
    if !parts.headers.get_all(HOST).iter().all(same) {
        return Err(Refusal::HostDiffers);
    }
    line(bytes, b"host", authority.as_str().as_bytes());
    Ok(())
}

fn fields(parts: &Parts, bytes: &mut Vec<u8>) {
    let host_is_written = parts.uri.authority().is_some();
    let mut cookies_are_written = false;
    for (name, value) in &parts.headers {
        if *name == HOST && host_is_written || *name == COOKIE && cookies_are_written {
            continue;
        }
        if *name != COOKIE {
            line(bytes, name.as_str().as_bytes(), value.as_bytes());
            continue;
        }
        // One field in HTTP/1.1, however many crumbs it came in (RFC 9113 §8.2.3).
        let crumbs: Vec<&[u8]> = parts.headers.get_all(COOKIE).iter().map(|crumb| crumb.as_bytes()).collect();
        line(bytes, b"cookie", &crumbs.join(&b"; "[..]));
        cookies_are_written = true;
    }
}

fn line(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        bytes.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use handover_http1::Framing;
    use http::{Method, Request};

    use super::*;

    fn head(request: http::request::Builder, ends: bool) -> Result<RequestHead, Refusal> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        validate(&parts, ends, &Limits::default(), &Leniency::default())
    }

    fn get(target: &str) -> http::request::Builder {
        Request::builder().uri(target)
    }

    #[test]
    fn a_head_becomes_the_bytes_that_http1_would_have_sent() {
        let request = get("http://shop.example/a%2Fb?x=%zz")
            .header("host", "SHOP.example")
            .header("cookie", "a=1")
            .header("x-a", "1")
            .header("cookie", "b=2")
            .header("x-a", "2");
        let head = head(request, true).unwrap();
        assert_eq!(
            String::from_utf8_lossy(head.bytes()),
            "GET /a%2Fb?x=%zz HTTP/1.1\r\nhost: shop.example\r\ncookie: a=1; b=2\r\nx-a: 1\r\nx-a: 2\r\n\r\n"
        );
        assert_eq!((head.framing(), head.host()), (Framing::None, Some(&b"shop.example"[..])));
    }

    #[test]
    fn a_body_is_as_long_as_it_says_or_of_unknown_length() {
        let framing = |request, ends| head(request, ends).unwrap().framing();
        let declared = get("http://a/").method("POST").header("content-length", "5");
        assert_eq!(framing(declared, false), Framing::Length(5));
        assert_eq!(framing(get("http://a/").method("POST"), false), Framing::Chunked);
        assert_eq!(framing(get("http://a/").method("POST"), true), Framing::None);
    }

    #[test]
    fn what_http1_refuses_is_refused() {
        let many = (0..101).fold(get("http://a/"), |request, at| request.header(format!("x-{at}"), "1"));
        for (request, refusal) in [
            (get("/"), Refusal::NoHost),
            (get("http://a/").header("host", "b"), Refusal::HostDiffers),
            (get("/").header("host", "a").header("host", "a"), Refusal::SecondHost),
            (get("http://u@a/"), Refusal::Host),
            (
                get("http://a/").header("content-length", "1").header("content-length", "1"),
                Refusal::SecondLength,
            ),
            (get("http://a/").header("content-length", "+1"), Refusal::Length),
            (
                get("http://a/").header("content-length", "1").header("transfer-encoding", "chunked"),
                Refusal::LengthAndEncoding,
            ),
            (Request::builder().method(Method::CONNECT).uri("a:443"), Refusal::Connect),
            (get(&format!("http://a/{}", "x".repeat(9000))), Refusal::TargetTooLong),
            (get("http://a/").header("x", "y".repeat(33_000)), Refusal::HeadTooLong),
            (many, Refusal::TooManyFields),
        ] {
            let asked = format!("{request:?}");
            assert_eq!(head(request, false).err(), Some(refusal), "{}", &asked[..asked.len().min(200)]);
        }
    }
}
