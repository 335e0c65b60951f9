//! A bad network: Shopify's toxiproxy between a client and a server.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, http, tools};

/// The one way through it.
const PROXY: &str = "way";

/// A running toxiproxy with one way through it.
#[derive(Debug)]
pub struct Toxiproxy {
    process: Process,
    admin: SocketAddr,
    port: u16,
}

impl Toxiproxy {
    /// Starts one whose way leads to that port of this machine.
    ///
    /// # Panics
    /// When toxiproxy was not fetched, or does not start.
    #[must_use]
    pub fn to(upstream: u16) -> Self {
        let admin = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let port = free_port();
        let mut command = Command::new(tools::toxiproxy());
        command.args(["-host", "127.0.0.1", "-port", &admin.port().to_string()]);
        let process = Process::start("toxiproxy", command, Signal::SIGKILL, process::folder("toxiproxy"));
        let mut proxy = Self { process, admin, port };
        let open = || std::net::TcpStream::connect(admin).is_ok();
        proxy.process.wait_until("its port is open", Duration::from_secs(20), open);
        proxy.ask(
            "POST",
            "/proxies",
            &format!(
                r#"{{"name":"{PROXY}","listen":"127.0.0.1:{port}","upstream":"127.0.0.1:{upstream}","enabled":true}}"#
            ),
        );
        proxy
    }

    /// Where its way begins.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Both directions take that much longer, give or take a quarter.
    ///
    /// # Panics
    /// When toxiproxy refuses, as the others do.
    pub fn slow(&self, by: Duration) {
        let by = by.as_millis();
        let attributes = format!(r#"{{"latency":{by},"jitter":{}}}"#, by / 4);
        self.toxic("slow_down", "latency", "downstream", &attributes);
        self.toxic("slow_up", "latency", "upstream", &attributes);
    }

    /// No more than so many KiB a second come from the server.
    pub fn narrow(&self, kib: u32) {
        self.toxic("narrow", "bandwidth", "upstream", &format!(r#"{{"rate":{kib}}}"#));
    }

    /// Every connection is reset that long after it was made.
    pub fn reset(&self, after: Duration) {
        let attributes = format!(r#"{{"timeout":{}}}"#, after.as_millis());
        self.toxic("reset", "reset_peer", "downstream", &attributes);
    }

    /// Every connection ends once so many bytes have come from the server.
    pub fn end_after(&self, bytes: usize) {
        self.toxic("end", "limit_data", "downstream", &format!(r#"{{"bytes":{bytes}}}"#));
    }

    /// Connections stay open and nothing comes through.
    pub fn swallow(&self) {
        self.toxic("swallow_down", "timeout", "downstream", r#"{"timeout":0}"#);
        self.toxic("swallow_up", "timeout", "upstream", r#"{"timeout":0}"#);
    }

    /// Every connection is cut off, and none is made while this lasts.
    pub fn cut(&self) {
        self.ask("POST", &format!("/proxies/{PROXY}"), r#"{"enabled":false}"#);
    }

    /// Ends all of this.
    pub fn heal(&self) {
        self.ask("POST", "/reset", "");
    }

    fn toxic(&self, name: &str, kind: &str, stream: &str, attributes: &str) {
        let toxic =
            format!(r#"{{"name":"{name}","type":"{kind}","stream":"{stream}","attributes":{attributes}}}"#);
        self.ask("POST", &format!("/proxies/{PROXY}/toxics"), &toxic);
    }

    fn ask(&self, method: &str, path: &str, body: &str) {
        let host = self.admin.to_string();
        let fields = [("Host", host.as_str()), ("Connection", "close")];
        let request = http::request(method, path, &fields, body.as_bytes());
        let answer = http::Client::connect(self.admin).and_then(|mut client| client.exchange(&request));
        match answer {
            Ok(answer) if answer.status < 300 => {}
            other => self.process.fail(&format!("{method} {path} {body}: {other:?}")),
        }
    }
}
