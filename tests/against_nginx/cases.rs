//! The requests.

/// One request, and why its answers may differ.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: Vec<u8>,
    /// Why both may answer differently; then they must.
    pub(crate) differs: Option<&'static str>,
    /// Whether an error's page is the server's own, so that only status and fields count.
    pub(crate) own_error_page: bool,
}

impl Case {
    fn new(method: &str, target: &str, fields: &[(&str, &str)], body: &[u8]) -> Self {
        let all: Vec<_> = [("Host", "shop.example")].iter().chain(fields).copied().collect();
        let request = handover_parts::http::request(method, target, &all, body);
        let name = format!("{method} {target} {fields:?} {} bytes", body.len());
        Self { name, request, differs: None, own_error_page: false }
    }

    fn raw(request: &str) -> Self {
        let request = request.as_bytes().to_vec();
        let name = String::from_utf8_lossy(&request).escape_debug().to_string();
        Self { name, request, differs: None, own_error_page: false }
    }

    fn differs(self, reason: &'static str) -> Self {
        Self { differs: Some(reason), ..self }
    }

    fn own_error_page(self) -> Self {
        Self { own_error_page: true, ..self }
    }
}

fn get(target: &str) -> Case {
    Case::new("GET", target, &[], b"")
}

fn with(target: &str, fields: &[(&str, &str)]) -> Case {
    Case::new("GET", target, fields, b"")
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    [methods(), targets(), request_fields(), bodies(), answers(), files(), old_clients()]
        .into_iter()
        .flatten()
        .collect()
}

fn methods() -> Vec<Case> {
    let bodiless = ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "PURGE", "X-OWN"];
    let with_body = ["POST", "PUT", "PATCH", "DELETE", "REPORT"];
    bodiless
        .map(|method| Case::new(method, "/show?m=1", &[], b""))
        .into_iter()
        .chain(
            with_body.map(|method| Case::new(method, "/input", &[("Content-Type", "text/plain")], b"a body")),
        )
        .chain(
            ["/fields", "/cookies", "/big", "/status/404", "/redirect"]
                .map(|path| Case::new("HEAD", path, &[], b"")),
        )
        .collect()
}

fn targets() -> Vec<Case> {
    let targets = [
        "/",
        "/show",
        "/deep/er/path",
        "/show?",
        "/show?a=1&a=2&b[]=3&b[]=4&c[k][l]=5",
        "/show?a=%20&b=+&c=%zz&d=%",
        "/show?x=a%00b",
        "/show?q=1?2&r=/../",
        "/show?a.b=1&c%5Bd=2",
        "/caf%C3%A9?x=%C3%A9",
        "/a%2Fb",
        "/a+b%20c",
        "/semi;colon=1,2",
        "/~user/@me!$'()*",
        "/index.php",
        "/index.php?a=1",
        "/other.php",
        "/other.php?x=1",
        "/trailing/",
        "/show?utf8=\u{fffd}",
    ];
    let mut cases: Vec<_> = targets[..19].iter().map(|target| get(target)).collect();
    cases.push(
        get("/.hidden")
            .own_error_page()
            .differs("nginx says 403; here PHP is asked, as for any file that is not there"),
    );
    cases.push(
        get("/absent.php")
            .own_error_page()
            .differs("nginx says 404; here the front controller answers what no script does"),
    );
    cases.push(Case::raw("GET http://shop.example/abs?x=1 HTTP/1.1\r\nHost: shop.example\r\n\r\n"));
    cases
}

fn request_fields() -> Vec<Case> {
    [
        &[("Cookie", "a=1; b=2; a=3")][..],
        &[("Cookie", "sp ace=x; enc=%20%zz; empty=; noequals")],
        &[("User-Agent", "Mozilla/5.0 (X11)"), ("Accept", "*/*;q=0.8"), ("Accept-Language", "de,en")],
        &[("X-Custom", "  padded\tvalue  ")],
        &[("X-Empty", "")],
        &[("X-Latin", "caf\u{e9}")],
        &[("Referer", "http://a/b?c=d"), ("Origin", "http://a")],
        &[("Authorization", "Bearer abc.def")],
        &[("X-Requested-With", "XMLHttpRequest"), ("Content-Type", "text/x-odd")],
        &[("X_Under", "dropped")],
        &[("X.Dot", "dropped")],
        &[("Accept-Encoding", "gzip, br")],
        &[("Cache-Control", "no-cache"), ("Pragma", "no-cache")],
        &[("Connection", "close")],
        &[("Connection", "keep-alive, X-Gone"), ("X-Gone", "1")],
        &[("TE", "trailers")],
        &[("Via", "1.1 a"), ("X-Real", "1")],
    ]
    .into_iter()
    .map(|fields| with("/show", fields))
    .chain([
        with("/auth", &[("Authorization", "Basic dXNlcjpwYTpzcw==")]),
        with("/auth", &[("Authorization", "basic dXNlcjpwYQ")]),
        with("/cookies", &[("Cookie", "plain=1")]),
        with("/show", &[("Proxy", "http://evil")]),
        with("/show", &[("X-Two", "1"), ("X-Two", "2")]).differs("nginx before 1.23 passes only one of them"),
    ])
    .collect()
}

fn bodies() -> Vec<Case> {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let part = |disposition: &str, more: &str, content: &str| {
        format!("--b0\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n{content}\r\n")
    };
    let upload = [
        part("name=\"field\"", "", "value"),
        part("name=\"list[]\"", "", "one"),
        part("name=\"file\"; filename=\"a b.txt\"", "Content-Type: text/plain\r\n", "the file"),
        part(
            "name=\"many[]\"; filename=\"\u{fc}.bin\"",
            "Content-Type: application/octet-stream\r\n",
            &"x".repeat(70_000),
        ),
        part("name=\"none\"; filename=\"\"", "", ""),
        "--b0--\r\n".to_owned(),
    ]
    .concat();
    let multipart = [("Content-Type", "multipart/form-data; boundary=b0")];
    let chunked = |target: &str, body: &str| {
        Case::raw(&format!(
            "POST {target} HTTP/1.1\r\nHost: shop.example\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        ))
    };
    let big = "x".repeat(300_000);
    vec![
        Case::new("POST", "/show?g=1", &form, b"a=1&b[]=2&b[]=3&c%5Bx%5D=4&d=%zz&e=+"),
        Case::new("POST", "/show", &form, b"=noname&a=&&b"),
        Case::new("POST", "/show", &[("Content-Type", "application/json")], br#"{"a": 1}"#),
        Case::new("POST", "/input", &[("Content-Type", "application/json")], br#"{"a": 1}"#),
        Case::new("POST", "/input", &[], b"\0\xff\r\n binary"),
        Case::new("POST", "/input", &[], big.as_bytes()),
        Case::new("POST", "/input", &[("Content-Length", "0")], b""),
        Case::new("POST", "/input", &[], b""),
        Case::new("GET", "/input", &[], b"a GET with a body"),
        Case::new("POST", "/files", &multipart, upload.as_bytes()),
        Case::new(
            "POST",
            "/files",
            &[("Content-Type", "multipart/form-data; boundary=other")],
            upload.as_bytes(),
        ),
        chunked("/input", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
        chunked("/input", "0\r\n\r\n"),
        chunked("/input", &format!("{:x}\r\n{big}\r\n0\r\n\r\n", big.len())),
        Case::new("POST", "/input", &[("Expect", "100-continue")], b"expected")
            .differs("the body is there already, so nobody waits for a 100 (RFC 9110 §10.1.1)"),
        Case::new("PUT", "/show/1", &form, b"a=1"),
    ]
}

fn answers() -> Vec<Case> {
    let paths = [
        "/status/200",
        "/status/201",
        "/status/202",
        "/status/204",
        "/status/206",
        "/status/400",
        "/status/403",
        "/status/404",
        "/status/405",
        "/status/409",
        "/status/418",
        "/status/422",
        "/status/429",
        "/status/500",
        "/status/502",
        "/status/503",
        "/status/599",
        "/redirect",
        "/redirect/301",
        "/redirect/303",
        "/redirect/307",
        "/redirect/308",
        "/location/%2Frelative",
        "/location/http%3A%2F%2Fother.example%2Fx",
        "/location/%3Fonly=query",
        "/cookies",
        "/fields",
        "/type/application%2Fpdf",
        "/type/text%2Fplain%3B%20charset%3Diso-8859-1",
        "/length",
        "/etag",
        "/flush",
        "/big",
        "/empty",
        "/warning",
        "/exception",
        "/fatal",
        "/exit",
        "/late",
        "/unauthorized",
        "/session",
        "/gone",
        "/finish",
    ];
    let mut cases: Vec<_> = paths.into_iter().map(get).collect();
    cases.push(with("/etag", &[("If-None-Match", "\"v1\"")]));
    cases.push(with("/etag", &[("If-None-Match", "\"v2\"")]));
    cases.push(with("/etag", &[("If-Modified-Since", "Tue, 01 Jan 2013 00:00:00 GMT")]));
    cases.push(with("/length", &[("Range", "bytes=0-1")]));
    cases
}

fn files() -> Vec<Case> {
    let names = [
        "/plain.txt",
        "/style.css",
        "/code.js",
        "/data.json",
        "/page.html",
        "/logo.svg",
        "/dot.png",
        "/empty.txt",
        "/odd.name.xyz",
        "/none",
        "/with%20space.txt",
        "/folder/inner.txt",
        "/plain.txt?v=2",
        "/%70lain.txt",
    ];
    let mut cases: Vec<_> = names.into_iter().map(get).collect();
    cases.push(Case::new("HEAD", "/plain.txt", &[], b""));
    for unclear in ["/folder/../plain.txt", "//plain.txt"] {
        cases.push(
            get(unclear)
                .differs("a path that can be read in two ways is opened as no file: PHP gets it as it is"),
        );
    }
    for range in [
        "bytes=0-4",
        "bytes=5-",
        "bytes=-3",
        "bytes=0-0",
        "bytes=36-99",
        "bytes=99-",
        "bytes=x-y",
        "bytes=4-2",
        "chars=0-1",
    ] {
        cases.push(with("/plain.txt", &[("Range", range)]).own_error_page());
    }
    cases.push(with("/plain.txt", &[("If-None-Match", "*")]));
    cases.push(with("/plain.txt", &[("If-None-Match", "\"no\", W/\"such\"")]));
    cases.push(with("/plain.txt", &[("If-Match", "\"other\"")]).own_error_page());
    cases.push(with("/plain.txt", &[("If-Modified-Since", "Tue, 01 Jan 2013 00:00:00 GMT")]));
    cases.push(with("/plain.txt", &[("If-Modified-Since", "nonsense")]));
    cases.push(
        with("/plain.txt", &[("If-Unmodified-Since", "Tue, 01 Jan 2013 00:00:00 GMT")]).own_error_page(),
    );
    cases.push(with("/plain.txt", &[("Range", "bytes=0-4"), ("If-Range", "\"other\"")]));
    cases
}

fn old_clients() -> Vec<Case> {
    vec![
        Case::raw("GET /show HTTP/1.0\r\nHost: shop.example\r\n\r\n"),
        Case::raw("GET /plain.txt HTTP/1.0\r\nHost: shop.example\r\n\r\n"),
        Case::raw("POST /input HTTP/1.0\r\nHost: shop.example\r\nContent-Length: 3\r\n\r\nabc"),
        Case::raw("GET /flush HTTP/1.0\r\nHost: shop.example\r\n\r\n"),
        Case::raw("GET /show HTTP/1.0\r\n\r\n")
            .differs("Debian's nginx makes up an empty HTTP_HOST where the client named no host"),
        Case::raw("\r\nGET /show HTTP/1.1\r\nHost: shop.example\r\n\r\n"),
        Case::raw("GET /show HTTP/1.1\r\nhost: shop.example\r\n\r\n"),
    ]
}
