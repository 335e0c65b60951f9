//! Requests made of what PHP treats specially, in every order.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::Request;

/// What stands between a name and its value.
const EQUALS: &[&[u8]] = &[b"=", b"=", b"=", b"", b"==", b" = "];

/// A request without a body.
pub(crate) fn cookie_and_query() -> impl Strategy<Value = Request> {
    (select(&["GET", "POST", "PUT"][..]), pairs(), cookies(), fields()).prop_map(
        |(method, query, cookie, fields)| Request { method, query, cookie, fields, ..Request::default() },
    )
}

/// A request with a form, or what may be taken for one.
pub(crate) fn form() -> impl Strategy<Value = Request> {
    let types = select(
        &[
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "Application/X-WWW-Form-URLEncoded,x",
            "application/x-www-form-urlencoded x",
            " application/x-www-form-urlencoded",
            "application/json",
            "text/plain",
            "",
        ][..],
    );
    let body = prop_oneof![8 => pairs(), 1 => (pairs(), 8_100..16_500usize).prop_map(|(pairs, len)| long(&pairs, len)), 1 => vec(any::<u8>(), 0..40)];
    let methods = select(&["POST", "POST", "POST", "PUT", "post", "GET"][..]);
    (methods, types, body, pairs(), cookies()).prop_map(|(method, content_type, body, query, cookie)| {
        Request { method, content_type: content_type.into(), body, query, cookie, ..Request::default() }
    })
}

/// A request with a multipart body, whole or broken.
pub(crate) fn multipart() -> impl Strategy<Value = Request> {
    let boundaries = prop_oneof![4 => Just("x"), 2 => Just("----WebKitFormBoundary7MA4"), 1 => Just("a b"), 1 => Just(""), 1 => Just("-")];
    let body = boundaries.prop_flat_map(|boundary| (content_type(boundary), parts(boundary)));
    let broken = (
        body,
        proptest::option::weighted(0.15, any::<prop::sample::Index>()),
        proptest::option::weighted(0.1, (any::<prop::sample::Index>(), byte())),
    );
    let methods = select(&["POST", "POST", "POST", "POST", "POST", "POST", "PUT"][..]);
    (methods, broken, proptest::option::weighted(0.2, pairs())).prop_map(
        |(method, ((content_type, mut body), cut, flip), query)| {
            if let Some(cut) = cut {
                body.truncate(cut.index(body.len() + 1));
            }
            if let (Some((at, byte)), false) = (flip, body.is_empty()) {
                let at = at.index(body.len());
                body[at] = byte;
            }
            Request { method, content_type, body, query: query.unwrap_or_default(), ..Request::default() }
        },
    )
}

/// Bytes, none of them special but to PHP.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![select(&b"\r\n\0 -\"'\\;:=[]."[..]), any::<u8>()]
}

/// Something out of which a variable's name is made.
fn piece() -> impl Strategy<Value = &'static [u8]> {
    let plain: &[&[u8]] =
        &[b"a", b"b", b"key", b"0", b"7", b"-1", b"01", b"\xC3\xA9", b"\xFF", b"this", b"GLOBALS"];
    let odd: &[&[u8]] = &[
        b".",
        b" ",
        b"+",
        b"_",
        b"%20",
        b"%00",
        b"%",
        b"%zz",
        b"%4",
        b"%41",
        b"\t",
        b"%0a",
        b"__Host-",
        b"__Secure-",
        b".",
        b"'",
        b"\"",
        b"\\",
    ];
    let brackets: &[&[u8]] = &[
        b"[]",
        b"[",
        b"]",
        b"[a]",
        b"[0]",
        b"[ ]",
        b"[b.c]",
        b"%5B%5D",
        b"%5Bx%5D",
        b"[9223372036854775807]",
        b"[-5]",
        b"[ x]",
    ];
    prop_oneof![4 => select(plain), 2 => select(odd), 3 => select(brackets)]
}

fn text(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(piece(), 0..most).prop_map(|pieces| pieces.concat())
}

/// `name=value&…`, with what stands for nothing in between.
fn pairs() -> impl Strategy<Value = Vec<u8>> {
    let separators: &[&[u8]] = &[b"&", b"&", b"&", b"&", b"&", b"&&", b";", b"=", b"&="];
    vec((text(5), select(EQUALS), text(3), select(separators)), 0..7).prop_map(|pairs| {
        pairs
            .into_iter()
            .flat_map(|(name, equals, value, end)| [&name, equals, &value, end].concat())
            .collect()
    })
}

fn cookies() -> impl Strategy<Value = Vec<u8>> {
    let separators: &[&[u8]] = &[b"; ", b"; ", b"; ", b";", b";;", b"; \t", b", ", b"=", b" ;"];
    vec((text(4), select(EQUALS), text(3), select(separators)), 0..6).prop_map(|pairs| {
        pairs
            .into_iter()
            .flat_map(|(name, equals, value, end)| [&name, equals, &value, end].concat())
            .collect()
    })
}

/// Header fields that PHP looks at, and some that it does not.
fn fields() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
    let names: &[&str] = &[
        "HTTP_HOST",
        "HTTP_X_A",
        "HTTP_X_A",
        "HTTP_PROXY",
        "HTTP_X.B",
        "HTTP_X[C]",
        "HTTPS",
        "PATH_INFO",
        "FCGI_ROLE",
        "ARGV",
    ];
    let field = (select(names), text(3)).prop_map(|(name, value)| (name.into(), value));
    let values: &[&str] = &[
        "Basic dTpw",
        "basic dTpwOnE=",
        "Basic dQ==",
        "Basic ",
        "Digest x=1",
        "Bearer t",
        "Basic dQB1OnA=",
        "Basic !!dTpw",
    ];
    let login = select(values).prop_map(|value| (b"HTTP_AUTHORIZATION".to_vec(), value.into()));
    vec(prop_oneof![4 => field, 1 => login], 0..4)
}

fn content_type(boundary: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let forms: &[(&str, &str)] = &[
        ("multipart/form-data; boundary=", ""),
        ("multipart/form-data; boundary=", ""),
        ("multipart/form-data; boundary=", ""),
        ("multipart/form-data; boundary=\"", "\""),
        ("multipart/form-data; boundary=", "; charset=utf-8"),
        ("multipart/form-data; boundary=", ",x"),
        ("Multipart/Form-Data; BOUNDARY=", ""),
        ("multipart/form-data;boundary =", ""),
        ("multipart/form-data; boundary=\"", ""),
        ("multipart/form-data boundary=", ""),
        ("multipart/form-data; boundary", ""),
        ("multipart/form-data", ""),
        ("multipart/mixed; boundary=", ""),
    ];
    select(forms).prop_map(move |(before, behind)| [before, boundary, behind].concat().into_bytes())
}

fn parts(boundary: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let ends: &[&str] = &["\r\n", "\r\n", "\r\n", "\n"];
    let part = (select(ends), headers(), contents(boundary)).prop_map(|(end, headers, contents)| {
        let head: Vec<u8> =
            headers.iter().flat_map(|line| [line.as_slice(), end.as_bytes()].concat()).collect();
        [&head, end.as_bytes(), &contents, end.as_bytes()].concat()
    });
    let closing = select(&["--\r\n", "--\r\n", "--", "", "-", "\r\n"][..]);
    let preamble = select(&["", "", "", "junk\r\n", "\r\n"][..]);
    (preamble, vec(part, 0..6), closing, select(&["\r\n", "\r\n", "\n"][..])).prop_map(
        move |(preamble, parts, closing, end)| {
            let mut body = preamble.as_bytes().to_vec();
            for part in parts {
                body.extend([b"--", boundary.as_bytes(), end.as_bytes(), &part].concat());
            }
            body.extend([b"--", boundary.as_bytes(), closing.as_bytes()].concat());
            body
        },
    )
}

fn headers() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let others: &[&str] = &[
        "Content-Type: text/plain",
        "Content-Type: image/png; charset=x",
        "content-type:x",
        "X: y",
        " folded",
        "nothing",
        ":",
        "Content-Type:",
    ];
    let others = vec(select(others), 0..3);
    (proptest::option::weighted(0.95, disposition()), others, any::<bool>()).prop_map(
        |(disposition, others, first)| {
            let mut lines: Vec<Vec<u8>> = others.iter().map(|line| line.as_bytes().to_vec()).collect();
            if let Some(disposition) = disposition {
                lines.insert(if first { 0 } else { lines.len() }, disposition);
            }
            lines
        },
    )
}

fn disposition() -> impl Strategy<Value = Vec<u8>> {
    let before = select(
        &[
            "Content-Disposition: form-data",
            "Content-Disposition: form-data",
            "content-disposition:attachment",
            "Content-Disposition:",
            "Content-Disposition: form-data\r\n ",
        ][..],
    );
    let name = prop_oneof![
        6 => (select(&["; name=", "; name=", "; name=", ";name=", "; Name=", "; name =", ";; name="][..]), quoted(field_name())).prop_map(|(key, value)| [key.as_bytes(), &value].concat()),
        1 => Just(Vec::new()),
        1 => Just(b"; name=\"MAX_FILE_SIZE\"".to_vec()),
    ];
    let filename = prop_oneof![
        3 => Just(Vec::new()),
        3 => (select(&["; filename=", "; filename=", "; FileName=", "; filename==", "; filename*="][..]), quoted(file_name())).prop_map(|(key, value)| [key.as_bytes(), &value].concat()),
    ];
    (before, name, filename, any::<bool>()).prop_map(|(before, name, filename, turned)| {
        let (first, second) = if turned { (filename, name) } else { (name, filename) };
        [before.as_bytes(), &first, &second].concat()
    })
}

fn field_name() -> impl Strategy<Value = Vec<u8>> {
    let usual: &[&str] = &[
        "a",
        "b",
        "a[]",
        "a[k]",
        "a[k][]",
        "f.x",
        " f",
        "b[ k]",
        "[x]",
        "a]",
        "a[b",
        "a[b]c",
        "0",
        "a[tmp_name]",
    ];
    prop_oneof![4 => select(usual).prop_map(|name| name.as_bytes().to_vec()), 1 => text(4)]
}

fn file_name() -> impl Strategy<Value = Vec<u8>> {
    let usual: &[&str] = &[
        "a.png",
        "",
        "C:\\dir\\a.png",
        "/etc/passwd",
        "d/e\\f",
        "a;b",
        "a\\\"b",
        "a\\\\b",
        "it's",
        "\u{e9}.txt",
        "a\\",
        "x.php\0.png",
    ];
    prop_oneof![4 => select(usual).prop_map(|name| name.as_bytes().to_vec()), 1 => text(4)]
}

fn quoted(text: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let quotes: &[(&str, &str)] = &[
        ("\"", "\""),
        ("\"", "\""),
        ("\"", "\""),
        ("'", "'"),
        ("", ""),
        ("\"", ""),
        (" \"", "\" "),
        ("\"", "\"x"),
    ];
    (select(quotes), text)
        .prop_map(|((open, close), text)| [open.as_bytes(), &text, close.as_bytes()].concat())
}

/// What a part holds: short, empty, like a boundary, or as long as PHP's buffer, more or less.
fn contents(boundary: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let like = select(&["\r\n--", "\n--", "\n-", "\r", "\r\n", "--", "\n", ""][..]);
    let like = (like, 0..=boundary.len())
        .prop_map(move |(start, len)| [start, &boundary[..len.min(boundary.len())]].concat().into_bytes());
    let sizes = prop_oneof![
        5_000..5_400usize,
        9_900..10_600usize,
        Just(5_119),
        Just(5_120),
        Just(5_121),
        Just(5_300),
        Just(5_301)
    ];
    prop_oneof![
        6 => text(4),
        2 => select(&["3", "10", "6000", "-1", "x", " 7"][..]).prop_map(|number| number.as_bytes().to_vec()),
        2 => vec(like.clone(), 0..4).prop_map(|pieces| pieces.concat()),
        1 => (sizes, like.clone(), like).prop_map(|(len, middle, last)| {
            let mut contents = long(&middle, len);
            contents.extend(last);
            contents
        }),
        1 => vec(byte(), 0..30),
    ]
}

/// That many bytes, with something at about their middle.
fn long(middle: &[u8], len: usize) -> Vec<u8> {
    let mut bytes = vec![b'.'; len / 2];
    bytes.extend_from_slice(middle);
    bytes.resize(len, b'=');
    bytes
}
