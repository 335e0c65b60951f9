//! Whether memory stays flat: full load for half an hour, natively and shadowed, while a table is refreshed and the
//! routes are loaded anew again and again.
//!
//! What fills at first (pools, caches, the store's caps) is given the first third of the time. Between the second third
//! and the last nothing may be growing any more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use handover_parts::{Handover, PhpFpm, http, process};
use tempfile::TempDir;

use crate::contender::{Contender, Request};
use crate::cpu::Processes;
use crate::load;
use crate::report::Spread;
use crate::servers::{application, handover, varied_event};

/// What the median of memory may grow by from one third of the time to the next: what the same build differs by
/// between two looks at it.
const GROWTH: f64 = 0.02;

/// How often the table and the routes change.
const CHANGES_EVERY: Duration = Duration::from_secs(2);

/// How often memory is looked at.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// Connections of each kind of load.
const CONNECTIONS: usize = 32;

/// What is soaked.
struct World {
    php: PhpFpm,
    application: TempDir,
    proxy: Handover,
}

/// Soaks for so long; whether memory has stayed flat.
pub(crate) fn run(time: Duration) -> anyhow::Result<bool> {
    let world = World::start();
    let own = Processes::of_groups([world.proxy.id().expect("it runs")]);
    let over = AtomicBool::new(false);
    let (looks, requests) = thread::scope(|scope| {
        let loads = ["/events", "/events/native"].map(|path| {
            let contender = Contender::new("proxy", world.proxy.http(), 0, &event(path));
            scope.spawn(move || load::drive(&contender, CONNECTIONS, time).requests)
        });
        scope.spawn(|| world.change_until(&over));
        let looks = look(&own, time);
        let requests = loads.map(|load| load.join().ok());
        over.store(true, Ordering::Relaxed);
        (looks, requests)
    });
    let [first, second, third] = thirds(&looks);
    let growth = third / second - 1.0;
    println!(
        "memory, MiB: {first:.1} in the first third, {second:.1} in the second, {third:.1} in the last ({:+.2} %, {:+.0} % \
         allowed)",
        growth * 100.0,
        GROWTH * 100.0
    );
    let [Some(shadowed), Some(native)] = requests else {
        bail!("a load was not served to its end, see above")
    };
    println!("{shadowed} shadowed and {native} native requests in {} s", time.as_secs());
    world.has_worked(time)?;
    Ok(growth <= GROWTH)
}

/// An event that each time is another one.
fn event(path: &str) -> Request {
    Request::post(path, varied_event(), 202)
}

/// Memory in MiB, look by look.
fn look(own: &Processes, time: Duration) -> Vec<f64> {
    let began = Instant::now();
    let mut looks = Vec::new();
    while began.elapsed() < time {
        thread::sleep(LOOKS_EVERY);
        looks.push(own.rss() as f64 / (1 << 20) as f64);
        if looks.len() % 60 == 0 {
            eprintln!("  {} min: {:.1} MiB", looks.len() / 60, looks[looks.len() - 1]);
        }
    }
    looks
}

/// The median of each third.
fn thirds(looks: &[f64]) -> [f64; 3] {
    let third = looks.len() / 3;
    [0, 1, 2].map(|n| Spread::of(looks[n * third..][..third].iter().copied()).median)
}

impl World {
    fn start() -> Self {
        let application = application();
        let php = PhpFpm::serving(application.path()).children(4).start();
        let proxy = handover(&routes(&php, &application, 0));
        Self { php, application, proxy }
    }

    /// Changes the table and the routes, in turn.
    fn change_until(&self, over: &AtomicBool) {
        let path = self.application.path().join("campaigns.csv");
        let table = std::fs::read_to_string(&path).expect("the application has it");
        let mut change = 0;
        while !over.load(Ordering::Relaxed) {
            thread::sleep(CHANGES_EVERY);
            change += 1;
            let new = path.with_extension("new");
            process::write(&new, table.replacen("Advertiser 0,", &format!("Advertiser 0 ({change}),"), 1));
            std::fs::rename(&new, &path).expect("a rename within a folder");
            self.proxy.replace_routes(&routes(&self.php, &self.application, change));
        }
    }

    /// A proxy that was idle, or kept its old table, would be flat as well.
    fn has_worked(&self, time: Duration) -> anyhow::Result<()> {
        let metrics = http::get(self.proxy.admin(), "/metrics")?.text();
        let value = |name: &str| {
            let of = metrics.lines().filter_map(|line| line.strip_prefix(name)?.rsplit(' ').next());
            of.filter_map(|value| value.parse::<f64>().ok()).sum::<f64>()
        };
        let least = (time.as_secs_f64() / CHANGES_EVERY.as_secs_f64() / 2.0).max(1.0);
        for (name, least) in [
            ("handover_generation ", least),
            ("handover_table_refreshes_total{table=\"campaigns\",outcome=\"loaded\"}", least),
            ("handover_experiments_total ", time.as_secs_f64()),
        ] {
            ensure!(value(name) >= least, "{name} is {}, {least} at least were expected", value(name));
        }
        Ok(())
    }
}

fn routes(php: &PhpFpm, application: &TempDir, change: usize) -> String {
    let (address, root, table) = (php.address(), php.root().display(), application.path().display());
    format!(
        r#"
[legacy.php]
fastcgi = "{address}"
root = "{root}"
connections_max = 4
keep_alive = true
version = "1"
[table.campaigns]
source = "file:{table}/campaigns.csv"
key = "id"
refresh = "1s"
[[route]]
name = "shadowed"
match = "POST /events"
stage = "shadow"
native = "events"
[[route]]
name = "native"
match = "POST /events/native"
stage = "native"
native = "events"
# Change {change}.
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_is_told_by_its_median() {
        assert_eq!(thirds(&[1.0, 9.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0, 99.0]), [2.0, 3.0, 5.0]);
    }
}
