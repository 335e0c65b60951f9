//! `handover-demo demo`: the main job as it happens.
//!
//! 1. an embedded Kafka and an embedded S3, in this process;
//! 2. the proxy, as a process of its own, which starts and watches the legacy's php-fpm;
//! 3. clients: real records and old clients' requests, as fast as asked;
//! 4. a screen: who answers, how fast, how far both sides agree.
//!
//! Whatever ends it, Ctrl-C, an error or a kill, takes the proxy and with it php-fpm along.

mod client;
mod parts;
mod proxy;
mod screen;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use handover::{Parity, Status};

use client::Clients;
use parts::Parts;
use proxy::Proxy;
use screen::Screen;

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The proxy's configuration. Change a `stage` in it while the demo runs.
    #[arg(long, default_value = "routes.toml")]
    config: PathBuf,
    /// Requests a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// End after so many seconds; by default Ctrl-C ends it.
    #[arg(long)]
    seconds: Option<u64>,
    /// Where the real records are.
    #[arg(long, default_value = "demo/data")]
    data: PathBuf,
}

/// Runs the demo.
pub(crate) fn run(args: &Args) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(show(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn show(args: &Args) -> anyhow::Result<()> {
    // It may be installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    screen::title();
    let parts = Parts::start(&args.data).await?;
    screen::step(
        "Kafka",
        format!("embedded, {}, topic {} with {} partitions", parts.kafka(), parts::TOPIC, parts::PARTITIONS),
    );
    screen::step("S3", format!("embedded, {}, bucket {}", parts.s3(), parts::BUCKET));
    let mut proxy = Proxy::start(&args.config, &parts).await?;
    screen::step(
        "proxy",
        format!("http://{}, admin http://{}, log {}", proxy.http, proxy.admin, proxy.log.display()),
    );
    screen::step("legacy", "demo/legacy under a php-fpm that the proxy started and watches".to_owned());
    let clients = Clients::start(proxy.http, &args.data, args.rate)?;
    screen::step(
        "clients",
        format!(
            "{} real records and as many requests of old clients, {} a second",
            clients.records, args.rate
        ),
    );
    screen::hints(&args.config, proxy.http, proxy.admin);

    let watched = watch(args, &mut proxy, &clients).await;
    clients.stop();
    let stopped = proxy.stop().await;
    watched.and(stopped)
}

/// Draws until the time is over, somebody presses Ctrl-C, or the proxy ends.
async fn watch(args: &Args, proxy: &mut Proxy, clients: &Clients) -> anyhow::Result<()> {
    let mut screen = Screen::new();
    let end = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let admin = Admin::new(proxy.admin)?;
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    while end.is_none_or(|end| Instant::now() < end) {
        tokio::select! {
            _ = tick.tick() => match (admin.status().await, admin.parity().await) {
                (Ok(status), Ok(parity)) => screen.draw(&status, &parity, clients.counts()),
                (Err(error), _) | (_, Err(error)) => screen.trouble(&format!("{error:#}")),
            },
            ended = proxy.ended() => anyhow::bail!("the proxy ended ({ended}); see {}", proxy.log.display()),
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    screen.end();
    Ok(())
}

/// The proxy's admin, as anybody may ask it.
struct Admin {
    client: reqwest::Client,
    base: String,
}

impl Admin {
    fn new(address: SocketAddr) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { client, base: format!("http://{address}/api") })
    }

    async fn status(&self) -> anyhow::Result<Status> {
        self.get("status").await
    }

    async fn parity(&self) -> anyhow::Result<Vec<Parity>> {
        self.get("parity").await
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, what: &str) -> anyhow::Result<T> {
        let answer = self.client.get(format!("{}/{what}", self.base)).send().await;
        let answer = answer.with_context(|| format!("the proxy's admin does not give its {what}"))?;
        Ok(answer.error_for_status()?.json().await?)
    }
}
