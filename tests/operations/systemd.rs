//! What systemd gives and is told: sockets (`LISTEN_FDS`), and how the process stands (`Type=notify`).

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use handover_parts::process::{Process, folder, write};
use handover_parts::{Backend, Handover, http};
use nix::sys::signal::Signal;

use crate::world::{BINARY, PATIENCE};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn it_listens_where_systemd_does_and_answers_who_came_before_it() {
    let (backend, place) = (Backend::answering(OK), folder("activated"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let routes = format!("workers = 4\n[listen]\nhttp = '{address}'\nadmin = 'off'\n{}", backend.as_legacy());
    write(place.path().join("routes.toml"), routes);
    let mut early = http::Client::connect(address).unwrap();
    early.send(&http::request("GET", "/", &[("Host", "a")], b"")).unwrap();

    // As systemd does it: the socket is file 3, and the variables are for this process.
    let mut command = Command::new("sh");
    let script = format!("exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec {BINARY} serve");
    command.args(["-c", &script]);
    let mut process =
        Process::start_with_input("handover", command, Signal::SIGTERM, place, OwnedFd::from(listener));
    assert_eq!(early.response().unwrap().text(), "ok");
    assert_eq!(http::get(address, "/").unwrap().text(), "ok");
    process.signal_main(Signal::SIGTERM);
    assert_eq!(process.ends(PATIENCE).and_then(|status| status.code()), Some(0));
}

#[test]
fn systemd_is_told_of_readiness_reloads_another_main_process_and_the_end() {
    let (backend, place) = (Backend::answering(OK), folder("notified"));
    let path = place.path().join("notify");
    let told = UnixDatagram::bind(&path).unwrap();
    told.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut proxy = Handover::start_with(BINARY, &backend.as_legacy(), |command| {
        command.env("NOTIFY_SOCKET", &path);
    });
    let next = || {
        let mut text = [0; 512];
        let length = told.recv(&mut text).expect("it tells something");
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    assert_eq!(next().trim(), "READY=1");
    proxy.signal(Signal::SIGHUP);
    assert!(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(next().trim(), "READY=1");
    assert_eq!(proxy.upgrade(PATIENCE), Some(0));
    let successor = proxy.id().unwrap();
    let mut said = [next(), next()];
    said.sort();
    assert_eq!(
        said.map(|text| text.trim().to_owned()),
        [format!("MAINPID={successor}"), "READY=1".to_owned()]
    );
    assert_eq!(proxy.stop(), Some(0));
    assert_eq!(next().trim(), "STOPPING=1");
}
