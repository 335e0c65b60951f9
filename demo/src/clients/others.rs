//! Requests for the other pages, for comparing answers of the whole application.

use super::Request;

const GETS: &[&str] = &[
    "/",
    "/healthz",
    "/nope",
    "/nope/%3Cb%3E",
    "/v1/airports/JFK",
    "/v1/airports/jfk?pretty",
    "/v1/airports/jfk?pretty[]=1",
    "/v1/airports/%4aFK",
    "/v1/airports/ZZZ",
    "/v1/airports/%e9%20",
    "/v1/airports/",
    "/v1/flights",
    "/v1/flights/recent",
    "/v1/flights/recent/",
    "/v1/flights/recent?page=3&per_page=7",
    "/v1/flights/recent?page=-1&per_page=1e2",
    "/v1/flights/recent?page=abc&per_page=0",
    "/v1/flights/recent?carrier=ua",
    "/v1/flights/recent?carrier[]=UA&carrier[]=aa&sort=-distance",
    "/v1/flights/recent?carrier%5B%5D=DL&carrier%5B%5D=&fields[]=flight&fields[]=dest",
    "/v1/flights/recent?carrier[x][y]=1&carrier[2]=B6",
    "/v1/flights/recent?min[distance]=2000&min[dep_delay]=60&sort=dep_delay",
    "/v1/flights/recent?min=5&sort[]=x",
    "/v1/flights/recent?fields=tailnum&page=2&page=3",
    "/v1/flights/recent?a.b[c=1&%20x=2&sort=nothing",
    "/login",
    "/account",
    "/logout",
    "/counter",
    "/report",
    "/report?rows=1",
    "/report?rows=900",
    "/slow?ms=1",
    "/slow?ms=-5",
    "/slow?ms[]=5",
    "/boom",
    "/download/airlines.csv",
    "/download/flights-2013-01.csv.gz",
    "/download/secret.csv",
    "/assets/style.css",
    "/assets/logo.svg",
    "/assets/none.css",
];

const RANGES: &[&str] = &[
    "bytes=0-0",
    "bytes=0-99",
    "bytes=100-",
    "bytes=-50",
    "bytes=380-999",
    "bytes=386-",
    "bytes=9-3",
    "bytes=-",
    "lines=1-2",
    "bytes=0-1,4-5",
];

/// Requests for everything but `POST /v1/flights`.
pub fn others() -> Vec<Request> {
    let mut all: Vec<Request> = GETS.iter().map(|path| Request::get(*path)).collect();
    for range in RANGES {
        all.push(with(Request::get("/download/airlines.csv"), "Range", range));
    }
    all.push(with(Request::get("/v1/airports/EWR"), "If-None-Match", "\"x\""));
    all.push(with(Request::get("/account"), "Cookie", "PHPSESSID=nosuchsessionnosuchsession"));
    all.push(with(Request::get("/counter"), "Cookie", "a=1; b=%20; a=2"));
    for path in ["/healthz", "/report", "/download/airlines.csv", "/v1/airports/JFK", "/nope"] {
        all.push(Request { method: "HEAD", ..Request::get(path) });
    }
    for (method, path) in [
        ("DELETE", "/v1/flights"),
        ("PUT", "/v1/airports/JFK"),
        ("POST", "/report"),
        ("POST", "/boom"),
        ("OPTIONS", "/v1/flights"),
    ] {
        all.push(Request { method, ..Request::get(path) });
    }
    all.push(form("/login", "name=ops&password=wrong"));
    all.push(form("/login", "name=%3Cb%3E%22&password[]=x"));
    all.push(form("/login", "name=ops&password=runway22"));
    all.extend(uploads());
    all
}

fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}

fn form(path: &str, body: &str) -> Request {
    let content_type = Some("application/x-www-form-urlencoded".to_owned());
    Request { method: "POST", content_type, body: body.as_bytes().to_vec(), ..Request::get(path) }
}

fn uploads() -> Vec<Request> {
    let file = "carrier,flight\nUA,1\nAA,2\nUA,3\nDL\n\"B6\",\"4,5\"\n";
    let part = |head: &str, body: &str| {
        format!("--frontier\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let bodies = [
        part("name=\"file\"; filename=\"a.csv\"", file),
        part("name=\"note\"", "caf\u{e9}")
            + &part("name=\"file\"; filename=\"..\\\\dir/b <c>.csv\"\r\nContent-Type: text/csv", file),
        part("name=\"file\"; filename=\"\"", ""),
        part("name=\"file[]\"; filename=\"a.csv\"", file),
        part("name=\"other\"; filename=\"a.csv\"", file),
    ];
    let content_type = Some("multipart/form-data; boundary=frontier".to_owned());
    bodies
        .iter()
        .map(|body| Request {
            method: "POST",
            content_type: content_type.clone(),
            body: format!("{body}--frontier--\r\n").into_bytes(),
            ..Request::get("/upload")
        })
        .collect()
}
