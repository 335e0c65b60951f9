//! A real S3 server: versitygw over a folder. It checks signatures, and answers conditional requests as S3 does.

use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::process::{self, Process};
use crate::{free_port, tools};

/// A running S3 server.
#[derive(Debug)]
pub struct S3 {
    process: Process,
    port: u16,
}

impl S3 {
    /// The access key id that the server knows.
    pub const ACCESS_KEY: &str = "handover-tests";
    /// Its secret.
    pub const SECRET_KEY: &str = "a-secret-for-tests";
    /// The region that requests must be signed for.
    pub const REGION: &str = "us-east-1";

    /// Starts a server without buckets.
    ///
    /// # Panics
    /// When versitygw is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = process::folder("s3");
        let port = free_port();
        let objects = folder.path().join("objects");
        std::fs::create_dir(&objects).expect("the folder is ours");
        let mut command = Command::new(tools::versitygw());
        command
            .env("ROOT_ACCESS_KEY", Self::ACCESS_KEY)
            .env("ROOT_SECRET_KEY", Self::SECRET_KEY)
            .args(["--port", &format!("127.0.0.1:{port}"), "--region", Self::REGION, "--keep-alive", "posix"])
            .arg(objects);
        let process = Process::start("s3", command, Signal::SIGKILL, folder);
        let mut s3 = Self { process, port };
        s3.wait_until_ready();
        s3
    }

    /// The server's base URL; buckets are in the path, not in the host.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates a bucket.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn create_bucket(&self, bucket: &str) {
        self.curl(bucket, &["-X", "PUT"]);
    }

    /// Puts an object in the place of what was there.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn put(&self, bucket: &str, key: &str, content: impl AsRef<[u8]>) {
        // From a file: from a pipe curl would not know the length, which S3 demands.
        let upload = self.process.folder().join("upload");
        process::write(&upload, content);
        self.curl(&format!("{bucket}/{key}"), &["-T", &upload.to_string_lossy()]);
    }

    /// Gets an object.
    ///
    /// # Panics
    /// When the server refuses, or there is none.
    #[must_use]
    pub fn get(&self, bucket: &str, key: &str) -> Vec<u8> {
        self.curl(&format!("{bucket}/{key}"), &[])
    }

    /// Deletes an object.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn delete(&self, bucket: &str, key: &str) {
        self.curl(&format!("{bucket}/{key}"), &["-X", "DELETE"]);
    }

    /// An outage; what was put stays.
    pub fn stop(&mut self) {
        self.process.stop(Signal::SIGKILL, Duration::from_secs(5));
    }

    /// Starts it again, on the same port with the same objects.
    ///
    /// # Panics
    /// When it runs, or does not start.
    pub fn restart(&mut self) {
        self.process.respawn();
        self.wait_until_ready();
    }

    /// Sends a request that curl signs, and gives the answer's body.
    fn curl(&self, path: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(tools::program(&["curl"]))
            .args(["--silent", "--show-error", "--fail-with-body", "--max-time", "120", "--noproxy", "*"])
            .args(["--aws-sigv4", &format!("aws:amz:{}:s3", Self::REGION)])
            .args(["--user", &format!("{}:{}", Self::ACCESS_KEY, Self::SECRET_KEY)])
            .args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
            .args(arguments)
            .arg(format!("{}/{path}", self.endpoint()))
            .output()
            .unwrap_or_else(|error| panic!("curl could not be started: {error}"));
        if !output.status.success() {
            let said = [output.stderr, output.stdout].concat();
            self.process.fail(&format!("{path} {arguments:?}: {}", String::from_utf8_lossy(&said)));
        }
        output.stdout
    }

    fn wait_until_ready(&mut self) {
        let port = self.port;
        let open = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        self.process.wait_until("its port is open", Duration::from_secs(20), open);
    }
}
