//! What a request brings, beyond the functions of PHP: names, forms, uploads, cookies, headers, sessions, dates.

use legacy_compat::date::{Interval, Moment, Zone};
use legacy_compat::families::strings::csv;
use legacy_compat::request::{Incoming, Server, Superglobals, cookies, form, parse_str, server};
use legacy_compat::response::Head;
use legacy_compat::session::{Format, decode, encode};
use legacy_compat::{Php, Value, access, compare, json};

/// What is done, what it is given, and how.
pub type Row = (&'static str, fn(usize) -> Vec<u8>, fn(&Php, &[u8]));

/// So many bytes of pieces that are numbered.
fn numbered(len: usize, piece: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0.. {
        if text.len() >= len {
            break;
        }
        text.extend_from_slice(piece(number).as_bytes());
    }
    text
}

fn upload(body: Vec<u8>) -> Vec<u8> {
    [
        b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f\"\r\n\r\n",
        &body[..],
        b"\r\n--x--\r\n",
    ]
    .concat()
}

fn multipart(php: &Php, body: &[u8]) {
    let content_type = b"multipart/form-data; boundary=x";
    let request = Incoming { method: b"POST", content_type, body, ..Incoming::default() };
    drop(Superglobals::of(php, &request));
}

fn many_parts(len: usize, part: fn(usize) -> String) -> Vec<u8> {
    numbered(len, |number| format!("--x\r\nContent-Disposition: form-data; {}\r\n\r\nv\r\n", part(number)))
}

fn compared(php: &Php, text: &[u8]) {
    let value = || json::decode(php, text, json::Decode::assoc()).unwrap_or_default();
    compare::spaceship(php, &value(), &value());
    compare::loose_eq(php, &Value::from(text), &Value::from(text));
}

/// Read, and written again.
fn session(php: &Php, format: Format, stored: &[u8]) {
    if let Ok(session) = decode(php, format, stored) {
        drop(encode(php, format, &session));
    }
}

pub const ROWS: &[Row] = &[
    (
        "a query of many names",
        |len| numbered(len, |n| format!("a{n}=1&")),
        |php, text| drop(parse_str(php, text)),
    ),
    ("a query of one list", |len| b"a[]=1&".repeat(len / 6), |php, text| drop(parse_str(php, text))),
    ("a query of one name", |len| b"a=1&".repeat(len / 4), |php, text| drop(parse_str(php, text))),
    (
        "a query of many in one",
        |len| numbered(len, |n| format!("a[k{n}]=1&")),
        |php, text| drop(parse_str(php, text)),
    ),
    (
        "a query of negative keys",
        |len| numbered(len, |n| format!("a[-{n}]=1&")),
        |php, text| drop(parse_str(php, text)),
    ),
    (
        "a query of sparse keys",
        |len| numbered(len, |n| format!("a[{}]=1&", n * 9)),
        |php, text| drop(parse_str(php, text)),
    ),
    (
        "a query of what goes too deep",
        |len| [b"a", &b"[x]".repeat(len / 3)[..]].concat(),
        |php, text| drop(parse_str(php, text)),
    ),
    (
        "a query of what is taken away again",
        |len| numbered(len, |n| format!("a{n}=1&a{n}{}=1&", "[]".repeat(65))),
        |php, text| drop(parse_str(php, text)),
    ),
    ("a query of brackets", |len| b"a[[b]]".repeat(len / 6), |php, text| drop(parse_str(php, text))),
    (
        "a form of many names",
        |len| numbered(len, |n| format!("a{n}[b][]=%41+&")),
        |php, text| drop(form(php, text)),
    ),
    ("cookies", |len| numbered(len, |n| format!("a{n}=1; ")), |php, text| drop(cookies(php, text))),
    ("one cookie", |len| b"a=1; ".repeat(len / 5), |php, text| drop(cookies(php, text))),
    ("cookies of blanks", |len| b" ".repeat(len), |php, text| drop(cookies(php, text))),
    (
        "a request whose variables are merged",
        |len| numbered(len, |n| format!("a[k{n}]=1&")),
        |php, text| {
            let content_type = b"application/x-www-form-urlencoded";
            let request =
                Incoming { method: b"POST", query: text, body: text, content_type, ..Incoming::default() };
            drop(Superglobals::of(php, &request));
        },
    ),
    ("a form of many fields", |len| many_parts(len, |n| format!("name=\"a{n}\"")), multipart),
    ("a form of many files", |len| many_parts(len, |n| format!("name=\"a{n}\"; filename=\"f\"")), multipart),
    (
        "a form of files in a list",
        |len| many_parts(len, |_| "name=\"a[]\"; filename=\"f\"".into()),
        multipart,
    ),
    ("a form of files without a name", |len| many_parts(len, |_| "filename=\"f\"".into()), multipart),
    ("a file of what is almost a boundary", |len| upload(b"\r\n--".repeat(len / 4)), multipart),
    ("a file of line ends", |len| upload(b"\r\n".repeat(len / 2)), multipart),
    ("a file that does not end", |len| upload(b"\r\n-".repeat(len / 3))[..len].to_vec(), multipart),
    ("a part of many headers", |len| [b"--x\r\n", &b"A: b\r\n".repeat(len / 6)[..]].concat(), multipart),
    (
        "a part of one folded header",
        |len| [b"--x\r\nA: b\r\n", &b" c\r\n".repeat(len / 4)[..]].concat(),
        multipart,
    ),
    (
        "a part of one long name",
        |len| [b"--x\r\nContent-Disposition: form-data; name=\"", &b"\\\"".repeat(len / 2)[..]].concat(),
        multipart,
    ),
    (
        "a part of many attributes",
        |len| [b"--x\r\nContent-Disposition: ", &b";a=\"".repeat(len / 4)[..]].concat(),
        multipart,
    ),
    ("no boundary", |len| b"--y\r\n".repeat(len / 5), multipart),
    (
        "a boundary as long as the body",
        |len| [b"--", &b"x".repeat(len)[..], b"\r\n"].concat(),
        |php, text| {
            let content_type = [b"multipart/form-data; boundary=", &text[2..text.len() - 2]].concat();
            let request =
                Incoming { method: b"POST", content_type: &content_type, body: text, ..Incoming::default() };
            drop(Superglobals::of(php, &request));
        },
    ),
    (
        "many FastCGI parameters",
        |len| numbered(len, |n| format!("HTTP_A{n},")),
        |php, text| {
            let params: Vec<(&[u8], &[u8])> = text
                .split(|byte| *byte == b',')
                .filter(|name| !name.is_empty())
                .map(|name| (name, name))
                .collect();
            drop(server(php, &Server { params: &params, ..Server::default() }));
        },
    ),
    (
        "an Authorization field and a query of words",
        |len| b"QUJD+".repeat(len / 5),
        |php, text| {
            let field = [b"Basic ", text].concat();
            let params = [(&b"HTTP_AUTHORIZATION"[..], &field[..]), (b"QUERY_STRING", text)];
            drop(server(php, &Server { params: &params, ..Server::default() }));
        },
    ),
    (
        "JSON of many names",
        |len| [b"{", &numbered(len, |n| format!("\"k{n}\":{n},"))[..], b"\"k\":1}"].concat(),
        |php, text| {
            for decode in [json::Decode::assoc(), json::Decode::objects()] {
                let value = json::decode(php, text, decode).unwrap_or_default();
                drop(json::encode(php, &value, json::PRETTY_PRINT));
            }
        },
    ),
    (
        "JSON of integer names, backwards",
        |len| [b"{", &numbered(len, |n| format!("\"{}\":1,", 9_999_999 - n))[..], b"\"k\":1}"].concat(),
        |php, text| drop(json::decode(php, text, json::Decode::assoc())),
    ),
    (
        "JSON compared to itself",
        |len| [b"[", &b"{\"a\":[1]},".repeat(len / 10)[..], b"1]"].concat(),
        compared,
    ),
    ("numeric texts compared", |len| b"1".repeat(len), compared),
    ("blanks compared", |len| b" ".repeat(len), compared),
    (
        "a session of many names",
        |len| numbered(len, |n| format!("a{n}|i:1;")),
        |php, text| session(php, Format::Php, text),
    ),
    ("a session of bars", |len| b"|".repeat(len), |php, text| session(php, Format::Php, text)),
    ("a session without a bar", |len| b"a".repeat(len), |php, text| session(php, Format::Php, text)),
    ("a session of names alone", |len| b"!a|".repeat(len / 3), |php, text| session(php, Format::Php, text)),
    (
        "a session of references",
        |len| b"a|a:1:{i:0;R:1;}".repeat(len / 16),
        |php, text| session(php, Format::Php, text),
    ),
    (
        "a binary session",
        |len| b"\x01ai:1;".repeat(len / 6),
        |php, text| session(php, Format::PhpBinary, text),
    ),
    (
        "a binary session of names alone",
        |len| b"\x81a".repeat(len / 2),
        |php, text| session(php, Format::PhpBinary, text),
    ),
    (
        "a serialized session",
        |len| {
            let pairs = numbered(len, |n| format!("s:7:\"{n:07}\";i:1;"));
            [format!("a:{}:{{", pairs.len() / 17).as_bytes(), &pairs, b"}"].concat()
        },
        |php, text| session(php, Format::PhpSerialize, text),
    ),
    (
        "many headers",
        |len| numbered(len, |n| format!("X-{n}: 1,")),
        |php, text| {
            let mut head = Head::new(php);
            for line in text.split(|byte| *byte == b',').take(500) {
                let _ = head.header(line);
            }
            drop(head.finish().to_fastcgi());
        },
    ),
    (
        "one header",
        |len| [b"X: ", &b"a ".repeat(len / 2)[..]].concat(),
        |php, text| {
            let mut head = Head::new(php);
            let _ = head.header(text);
            drop(head.finish().to_fastcgi());
        },
    ),
    ("a zone", |len| b"A".repeat(len), |php, text| drop(Zone::new(php, text))),
    (
        "a zone of digits",
        |len| [b"+", &b"1".repeat(len)[..]].concat(),
        |php, text| drop(Zone::new(php, text)),
    ),
    (
        "an interval",
        |len| [b"P", &b"1".repeat(len)[..], b"D"].concat(),
        |php, text| drop(Interval::new(php, text)),
    ),
    (
        "an interval of parts",
        |len| [b"P", &b"1D".repeat(len / 2)[..]].concat(),
        |php, text| drop(Interval::new(php, text)),
    ),
    (
        "a moment",
        |len| b"+1 day ".repeat(len / 7),
        |php, text| {
            if let Ok(moment) = Moment::new(php, text, &Zone::utc()) {
                drop(moment.modify(php, text));
                moment.format(php, text);
            }
        },
    ),
    (
        "lines of CSV",
        |len| b"\"a\"\"\",b,\" c,".repeat(len / 13),
        |php, text| drop(csv::read(php, text, csv::Format::default())),
    ),
    (
        "an offset of a string",
        |len| b"1".repeat(len),
        |php, text| {
            drop(access::isset(php, &Value::from("abc"), &Value::from(text)));
        },
    ),
];
