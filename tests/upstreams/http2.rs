//! HTTP/2 to the upstream.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use handover_parts::process::{self, Process};
use handover_parts::{Handover, free_port, http, tools};
use nix::sys::signal::Signal;

const BINARY: &str = env!("CARGO_BIN_EXE_handover");

/// An nginx that speaks HTTP/2 without TLS, and says what it was asked.
struct Nginx {
    _process: Process,
    address: SocketAddr,
}

impl Nginx {
    fn start() -> Self {
        let folder = process::folder("nginx-http2");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let site = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr; events {{}}\n\
             http {{ access_log off; client_body_temp_path body; server {{ listen {address} http2;\n\
               location / {{ add_header X-Asked '$server_protocol $request_method $host $request_uri $http_x_a'; return 200 'ok'; }}\n\
               location /file {{ root .; }}\n\
             }} }}\n"
        );
        process::write(folder.path().join("nginx.conf"), site);
        process::write(folder.path().join("file"), vec![b'x'; 1 << 20]);
        let mut command = Command::new(tools::program(&["nginx"]));
        command.arg("-p").arg(folder.path()).args(["-e", "stderr", "-c", "nginx.conf"]);
        let mut process = Process::start("nginx", command, Signal::SIGKILL, folder);
        process
            .wait_until("its port is open", Duration::from_secs(20), || TcpStream::connect(address).is_ok());
        Self { _process: process, address }
    }
}

#[test]
fn a_client_by_http1_is_answered_by_an_upstream_by_http2() {
    let nginx = Nginx::start();
    let routes = format!("[legacy.app]\nhttp = 'http://{}'\nhttp2 = true\n", nginx.address);
    let proxy = Handover::start(BINARY, &routes);
    let mut client = http::Client::connect(proxy.http()).unwrap();
    for turn in 0..3 {
        let answer = client
            .exchange(b"GET /a%2Fb?x=%zz HTTP/1.1\r\nHost: shop.example\r\nX-A: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\n")
            .unwrap();
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{turn}");
        let asked = answer.field("X-Asked").unwrap();
        assert_eq!(asked, "HTTP/2.0 GET shop.example /a%2Fb?x=%zz 1", "{turn}");
    }
    let answer = client.exchange(b"GET /file HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 1 << 20));
    let head = client.exchange(b"HEAD /file HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert_eq!((head.status, head.field("Content-Length").as_deref()), (200, Some("1048576")));
    let upload =
        format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", 1 << 20, "u".repeat(1 << 20));
    assert_eq!(client.exchange(upload.as_bytes()).unwrap().status, 200);
}
