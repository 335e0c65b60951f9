//! A real nginx in front of PHP-FPM, set up as production sites with a front controller are.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::php_fpm::is_root;
use crate::process::{self, Process};
use crate::{PhpFpm, free_port, tools};

/// Template of the site; `fastcgi_params` and `mime.types` are Debian's.
const SITE: &str = include_str!("../nginx.conf");

/// What stands around a site that a test brings along.
const BARE: &str = "@USER@
daemon off;
worker_processes 1;
pid nginx.pid;
events {}
http {
    include /etc/nginx/mime.types;
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    @SITE@
}
";

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    address: SocketAddr,
}

impl Nginx {
    /// Starts an nginx that serves the files of the pool's root and sends the rest to its `index.php`.
    ///
    /// # Panics
    /// When nginx is not installed, or does not start.
    #[must_use]
    pub fn in_front_of(php: &PhpFpm) -> Self {
        Self::start(php.root(), php.address())
    }

    /// Starts an nginx with that site, a `server { … }` that listens on that address.
    ///
    /// # Panics
    /// When nginx is not installed, or does not start.
    #[must_use]
    pub fn with_site(site: &str, address: SocketAddr) -> Self {
        Self::run(&BARE.replace("@SITE@", site), address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id, and that of its process group.
    ///
    /// # Panics
    /// Never: it runs as long as this lives.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id().expect("it runs until it is dropped")
    }

    fn start(root: &Path, fastcgi: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let site = SITE
            .replace("@LISTEN@", &address.to_string())
            .replace("@ROOT@", &root.to_string_lossy())
            .replace("@FASTCGI@", fastcgi);
        Self::run(&site, address)
    }

    fn run(configuration: &str, address: SocketAddr) -> Self {
        let folder = process::folder("nginx");
        // The workers of a nginx that root starts are nobody, who could not enter the folders.
        let configuration = configuration.replace("@USER@", if is_root() { "user root;" } else { "" });
        process::write(folder.path().join("nginx.conf"), configuration);

        let mut command = Command::new(tools::program(&["nginx"]));
        command.arg("-p").arg(folder.path()).args(["-e", "stderr", "-c", "nginx.conf"]);
        let mut process = Process::start("nginx", command, Signal::SIGTERM, folder);
        process
            .wait_until("its port is open", Duration::from_secs(20), || TcpStream::connect(address).is_ok());
        Self { process, address }
    }
}
