//! The exchange against a responder that sends what it must not, and records what it was sent.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::legacy::spec::{Address, FastCgi, Kind, Spec};
use crate::legacy::testing::{Body, Client, fastcgi, folder, get, outbound, read_params, request, spec};
use crate::legacy::{Cause, CoreLegacies, ExchangeError, Leg, Legacies, Outbound, Served};

/// A responder that gives each connection in turn the next answer, and closes after it if told so.
struct Hostile {
    _folder: TempDir,
    spec: Arc<Spec>,
    core: CoreLegacies,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Hostile {
    fn answering(answers: Vec<Vec<u8>>, closing: bool) -> Self {
        let folder = folder();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let records = Arc::clone(&seen);
        std::thread::spawn(move || {
            for answer in answers {
                let Ok((mut stream, _)) = listener.accept() else { return };
                records.lock().unwrap().push(Vec::new());
                let records = Arc::clone(&records);
                let number = records.lock().unwrap().len() - 1;
                std::thread::spawn(move || {
                    let mut piece = [0; 65_536];
                    let mut answered = false;
                    while let Ok(read) = stream.read(&mut piece)
                        && read > 0
                    {
                        records.lock().unwrap()[number].extend_from_slice(&piece[..read]);
                        if !std::mem::replace(&mut answered, true) {
                            let _ = stream.write_all(&answer);
                            if closing {
                                return;
                            }
                        }
                    }
                });
            }
        });
        let kind = Kind::FastCgi(FastCgi { address: Address::Unix(path), ..fastcgi("/srv") });
        let spec = Arc::new(Spec { keep: true, read_timeout: Duration::from_millis(400), ..spec(kind) });
        Self { _folder: folder, spec, core: Legacies::new(std::env::temp_dir()).on_core(), seen }
    }

    async fn ask(&self, request: &Outbound<'_>, mut body: Body) -> (Client, Result<Served, ExchangeError>) {
        let mut client = Client::default();
        let served = self.core.exchange(&self.spec, request, &mut body, &mut client).await;
        (client, served)
    }

    fn connections(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn record(kind: u8, id: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = (content.len() as u16).to_be_bytes();
    [&[1, kind, 0, id, high, low, 0, 0], content].concat()
}

fn answer(head_and_body: &str) -> Vec<u8> {
    record(6, 1, head_and_body.as_bytes())
}

fn end() -> Vec<u8> {
    record(3, 1, &[0; 8])
}

#[tokio::test]
async fn what_breaks_the_protocol_is_a_failure_and_its_connection_is_never_used_again() {
    let head = "Content-Type: a/b\r\n\r\n";
    let rows: Vec<(&str, Vec<u8>, Leg, bool)> = vec![
        ("the management id", [record(6, 0, head.as_bytes()), end()].concat(), Leg::ReadHead, false),
        ("another's id", [answer(head), record(6, 2, b"theirs"), end()].concat(), Leg::ReadBody, true),
        ("another's end", [answer(head), record(3, 2, &[0; 8])].concat(), Leg::ReadBody, true),
        ("an unknown type", [answer(head), record(99, 1, b"x"), end()].concat(), Leg::ReadBody, true),
        ("a short end", [answer(head), record(3, 1, &[0; 4])].concat(), Leg::ReadBody, true),
        ("no FastCGI", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec(), Leg::ReadHead, false),
        ("a truncated record", answer(head)[..12].to_vec(), Leg::ReadHead, false),
        ("a truncated header", [answer(head), vec![1, 6, 0]].concat(), Leg::ReadBody, true),
        ("no end", answer(head), Leg::ReadBody, true),
        ("no head", end(), Leg::ReadHead, false),
        ("half a head", [answer("Content-Type: a/b\r\n"), end()].concat(), Leg::ReadHead, false),
        ("a head without a colon", [answer("nonsense\r\n\r\n"), end()].concat(), Leg::ReadHead, false),
        ("a split response", [answer("A: b\rC: d\r\n\r\n"), end()].concat(), Leg::ReadHead, false),
        ("overload", record(3, 1, &[0, 0, 0, 0, 2, 0, 0, 0]), Leg::ReadHead, false),
        ("a flood of messages", record(7, 1, &[b'x'; 60_000]).repeat(20), Leg::ReadHead, false),
        ("a flood of nothing", record(6, 1, b"").repeat(1000), Leg::ReadHead, false),
    ];
    for (name, sent, leg, committed) in rows {
        for closing in [true, false] {
            let hostile = Hostile::answering(vec![sent.clone(), [answer(head), end()].concat()], closing);
            let head = get("/");
            let (client, served) = hostile.ask(&outbound(&head), Body::none()).await;
            let error = served.expect_err(name);
            assert_eq!(
                (error.leg, error.committed, error.retry_safe),
                (leg, committed, false),
                "{name}: {error:?}"
            );
            assert!(!client.finished, "{name}");
            let (client, served) = hostile.ask(&outbound(&head), Body::none()).await;
            served.unwrap();
            assert!(client.finished);
            assert_eq!(hostile.connections(), 2, "{name}: a connection of its own");
        }
    }
}

#[tokio::test]
async fn an_answer_with_something_behind_it_stands_and_its_connection_goes() {
    let head = "Content-Length: 4\r\n\r\n";
    for (name, sent) in [
        ("a longer body", [answer(head), answer("bodyAND MORE"), end()].concat()),
        (
            "a second answer",
            [answer(head), answer("body"), end(), answer(head), answer("evil"), end()].concat(),
        ),
        ("a stray byte", [answer(head), answer("body"), end(), vec![1]].concat()),
    ] {
        let good = [answer(head), answer("good"), end()].concat();
        let hostile = Hostile::answering(vec![sent, good], false);
        let head = get("/");
        let (client, served) = hostile.ask(&outbound(&head), Body::none()).await;
        served.expect(name);
        assert_eq!((client.text().as_str(), client.finished), ("body", true), "{name}");
        let (client, served) = hostile.ask(&outbound(&head), Body::none()).await;
        served.expect(name);
        assert_eq!(client.text(), "good", "{name}");
        assert_eq!(hostile.connections(), 2, "{name}");
    }
}

#[tokio::test]
async fn a_refused_body_never_reaches_the_responder() {
    let hostile = Hostile::answering(vec![Vec::new()], false);
    let head = request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let body = Body::pieces(&vec![b'x'; 300_000], 10_000, true).breaking_off();
    let (_, served) = hostile.ask(&outbound(&head), body).await;
    let error = served.unwrap_err();
    assert!(matches!((error.leg, &error.cause), (Leg::ClientBody, Cause::Client(_))), "{error:?}");
    assert!(error.retry_safe);
    assert_eq!(hostile.connections(), 0, "a chunk that turns out bad is known before anyone is asked");
}

#[tokio::test]
async fn what_a_client_sends_is_what_the_responder_reads() {
    let hostile = Hostile::answering(vec![[answer("A: b\r\n\r\n"), end()].concat()], false);
    let head = request(
        "POST /x?y HTTP/1.1\r\nHost: a\r\nProxy: evil\r\nX_Forwarded_For: 1\r\nContent-Length: 5\r\n\r\n",
    );
    hostile.ask(&outbound(&head), Body::pieces(b"hello", 5, false)).await.1.unwrap();
    let seen = hostile.seen.lock().unwrap()[0].clone();
    let params = read_params(&seen);
    assert!(params.contains(&("CONTENT_LENGTH".into(), "5".into())));
    assert!(!params.iter().any(|(name, _)| name == "HTTP_PROXY" || name == "HTTP_X_FORWARDED_FOR"));
    let body = [record(5, 1, b"hello"), record(5, 1, b"")].concat();
    assert!(memchr::memmem::find(&seen, &body).is_some());
}
