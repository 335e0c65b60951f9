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
        let folder = process::folder("nginx");
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let site = SITE
            .replace("@LISTEN@", &address.to_string())
            .replace("@ROOT@", &root.to_string_lossy())
            .replace("@FASTCGI@", fastcgi)
            // The workers of a nginx that root starts are nobody, who could not enter the folders.
            .replace("@USER@", if is_root() { "user root;" } else { "" });
        process::write(folder.path().join("nginx.conf"), site);

        let mut command = Command::new(tools::program(&["nginx"]));
        command.arg("-p").arg(folder.path()).args(["-e", "stderr", "-c", "nginx.conf"]);
        let mut process = Process::start("nginx", command, Signal::SIGTERM, folder);
        process
            .wait_until("its port is open", Duration::from_secs(20), || TcpStream::connect(address).is_ok());
        Self { process, address }
    }
}
