//! What judges a mutant: a program of one handler runs it on recordings and stops where it differs from what PHP did.
//!
//! The library of the package that `package.rs` makes; no part of the program that makes that.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::process::exit;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use handover_api::testing::Frozen;
use handover_api::{Handler, Ports, Rows, Schema};
use handover_shadow::recording::{Recorded, RecordingReader, testing};
use handover_shadow::{Policy, PolicyRaw, Verdict};
use tokio::task::LocalSet;

/// The exit status of one that differs.
pub const FOUND: i32 = 3;

/// How long one request may take. A mutant may well loop for ever.
const WITHIN: Duration = Duration::from_secs(15);

/// Which mutant is there.
static NOW: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Which mutant is there. None has the largest number.
#[inline]
pub fn now() -> usize {
    NOW.load(Ordering::Relaxed)
}

/// Runs the handler on all that was recorded, ends the process, and says on which request it differed and where. Arguments:
/// the mutant's number or `none`, the route's `shadow` table as JSON, the folder of the tables, the recordings.
pub fn judge(handler: impl Handler + Copy + 'static) -> ! {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mutant, policy, tables, recordings @ ..] = arguments.as_slice() else {
        panic!("arguments: MUTANT POLICY TABLES RECORDING…")
    };
    NOW.store(mutant.parse().unwrap_or(usize::MAX), Ordering::Relaxed);
    let policy: PolicyRaw = serde_json::from_str(policy).expect("the policy");
    let policy = Arc::new(policy.validate().expect("a valid policy"));
    let live: Arc<dyn Ports> = Arc::new(ports(Path::new(tables)));
    watch();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut count = 0_u64;
    for recording in recordings {
        let file = BufReader::new(File::open(recording).expect("the recording"));
        for recorded in RecordingReader::open(file).expect("a recording") {
            let recorded = Arc::new(recorded.expect("an experiment"));
            count += 1;
            DONE.store(count, Ordering::Relaxed);
            let one = one(handler, Arc::clone(&recorded), Arc::clone(&policy), Arc::clone(&live));
            if let Some(what) = runtime.block_on(one) {
                println!("{count}\t{what}");
                exit(FOUND);
            }
        }
    }
    println!("{count}\t");
    exit(0)
}

/// How many requests were begun.
static DONE: AtomicU64 = AtomicU64::new(0);

/// Ends the process where one takes too long.
fn watch() {
    std::thread::spawn(|| {
        loop {
            let before = DONE.load(Ordering::Relaxed);
            std::thread::sleep(WITHIN);
            if DONE.load(Ordering::Relaxed) == before {
                println!("{before}\toutcome (timed-out)");
                exit(FOUND);
            }
        }
    });
}

/// What differs, the worst of it.
async fn one(
    handler: impl Handler + Copy + 'static,
    recorded: Arc<Recorded>,
    policy: Arc<Policy>,
    live: Arc<dyn Ports>,
) -> Option<String> {
    let judged = async move { testing::judged(&handler, &recorded, &policy, Some(live)).await };
    let tasks = LocalSet::new();
    let task = tasks.spawn_local(judged);
    // One that panics answers nothing.
    let Ok(verdict) = tasks.run_until(task).await else {
        return Some("outcome (failed)".to_owned());
    };
    match verdict? {
        Verdict::Mismatched(differences) => {
            let worst = differences.first()?;
            Some(format!("{} ({})", worst.path.folded(), worst.kind.name()))
        }
        Verdict::Declined(_) => Some("outcome (declined)".to_owned()),
        _ => None,
    }
}

fn ports(folder: &Path) -> Frozen {
    let table = |name: &str| {
        let mut reader = csv::Reader::from_path(folder.join(format!("{name}.csv"))).expect("the table");
        let mut rows = Rows::new(Schema::new(reader.headers().expect("its columns").iter()));
        for row in reader.records() {
            let row = row.expect("a row");
            rows.insert(row[0].to_owned(), row.iter());
        }
        rows
    };
    ["airports", "planes", "airlines"]
        .iter()
        .fold(Frozen::at("2013-02-01T00:00:00Z"), |ports, name| ports.table(name, table(name)))
}
