//! Tables from a real S3, which has outages, breaks off, and holds what is no table. `HANDOVER_ROWS` says how large the large
//! one is; `make chaos` has five million rows.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use handover_parts::{S3, Toxiproxy};

use super::tests::{refreshed, spec};
use super::*;

const FOUR: &str = "faa,tz\nJFK,-5\nLAX,-8\nORD,-6\nDEN,-7\n";

/// A table in a real S3, behind a network that may break.
struct World {
    s3: S3,
    network: Toxiproxy,
    key: &'static str,
    state: tempfile::TempDir,
    tables: Arc<Tables>,
}

impl World {
    /// With objects, and a table from that key.
    async fn with(objects: &[(&str, &str)], key: &'static str) -> Self {
        let s3 = S3::start();
        let network = Toxiproxy::to(s3.port());
        s3.create_bucket("tables");
        objects.iter().for_each(|(key, content)| s3.put("tables", key, content));
        let state = tempfile::tempdir().unwrap();
        let tables = tables(&network, state.path(), key).await;
        Self { s3, network, key, state, tables }
    }

    /// What a process has once it was started anew.
    async fn restart(&mut self) {
        self.tables.stop().await;
        self.tables = tables(&self.network, self.state.path(), self.key).await;
    }

    fn put(&self, content: impl AsRef<[u8]>) {
        self.s3.put("tables", self.key, content);
    }

    async fn refresh(&self) -> TableStats {
        refreshed(&self.tables).await
    }

    fn finds(&self, airport: &str) -> bool {
        self.tables.table("airports").is_ok_and(|table| table.get(airport.as_bytes()).is_some())
    }
}

async fn tables(network: &Toxiproxy, state: &Path, key: &str) -> Arc<Tables> {
    let tables = Arc::new(Tables::new(state, Handle::current()));
    let settings = valid::S3 {
        endpoint: Some(format!("http://127.0.0.1:{}", network.port())),
        region: Some(S3::REGION.into()),
        path_style: true,
        ca_file: None,
    };
    let credentials =
        handover_s3::Credentials { access_key: S3::ACCESS_KEY.into(), secret_key: S3::SECRET_KEY.into() };
    // A process takes them from its environment, which a test has no own of.
    let with_credentials = Settings { credentials: Some(credentials), ..super::settings(&settings) };
    let store = Store::new(&with_credentials).await.unwrap();
    *tables.s3.lock().await = Some((settings.clone(), store));
    let source = valid::TableSource::S3 { bucket: "tables".into(), key: key.into() };
    let spec = valid::Table { size_max: 2 << 30, ..spec(source, "faa") };
    tables.apply(&[Arc::new(spec)], &settings).await.unwrap();
    assert!(tables.asked_once(Duration::from_secs(300)).await);
    tables
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_fetched_when_it_has_changed_and_outlives_an_outage() {
    let mut world = World::with(&[("airports.csv", FOUR)], "airports.csv").await;
    assert!(world.finds("JFK"));
    assert_eq!(world.refresh().await.unchanged, 1, "S3 answered 304");

    world.put(FOUR.to_owned() + "LGA,-5\n");
    assert_eq!((world.refresh().await.loaded, world.finds("LGA")), (2, true));

    world.put("faa,tz\nJFK,-5\n");
    assert_eq!((world.refresh().await.refused, world.finds("LGA")), (1, true), "shrunken");

    world.s3.stop();
    assert_eq!((world.refresh().await.unreachable, world.finds("LGA")), (1, true), "an outage");
    world.restart().await;
    assert!(world.finds("LGA"), "a start without S3");

    world.s3.restart();
    world.put(FOUR.to_owned() + "LGA,-5\nEWR,-5\n");
    let stats = world.refresh().await;
    assert_eq!((stats.rows, stats.last_failure), (Some(6), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_off_or_has_another_schema_replaces_nothing() {
    let world = World::with(&[("airports.csv", FOUR)], "airports.csv").await;
    let large = (0..20_000).fold(FOUR.to_owned(), |text, n| text + &format!("A{n},-5\n"));
    world.put(&large);
    world.network.end_after(40_000);
    let stats = world.refresh().await;
    println!("broken off: {}", stats.last_failure.as_deref().unwrap_or_default());
    assert_eq!((stats.unreachable, stats.rows), (1, Some(4)));
    world.network.heal();
    // Cut off where it was written: a head of gzip, a row without its end.
    for (content, why) in [
        ("faa,tz\nJFK,-5\nLAX,-8\nORD,-6\nDEN", "a truncated object"),
        ("code,tz\nJFK,-5\nLAX,-8\nORD,-6\nDEN,-7\n", "no column of the key"),
        ("faa,name\nJFK,a\nLAX,b\nORD,c\nDEN,d\n", "a column lost"),
        ("[{\"faa\":\"JFK\"}]", "another format"),
        ("", "nothing"),
    ] {
        world.put(content);
        let stats = world.refresh().await;
        println!("{why}: {}", stats.last_failure.as_deref().unwrap_or_default());
        assert_eq!((stats.loaded, stats.rows), (1, Some(4)), "{why}");
    }
    world.put(&large);
    let stats = world.refresh().await;
    assert_eq!((stats.rows, stats.last_failure), (Some(20_004), None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_objects_under_a_prefix_are_one_table() {
    let objects = [("a/1.csv", FOUR), ("a/2.ndjson", "{\"faa\":\"LGA\",\"tz\":-5}"), ("b.csv", "x,y\n1,2\n")];
    let mut world = World::with(&objects, "a/").await;
    assert!(world.finds("DEN") && world.finds("LGA"));
    assert_eq!(world.refresh().await.unchanged, 1, "no object has changed");
    world.s3.put("tables", "a/3.csv", "faa,tz\nEWR,-5\n");
    assert_eq!((world.refresh().await.rows, world.finds("EWR")), (Some(6), true));
    world.s3.delete("tables", "a/3.csv");
    assert_eq!((world.refresh().await.rows, world.finds("EWR")), (Some(5), false));
    world.s3.stop();
    world.restart().await;
    assert!(world.finds("LGA"), "all objects are kept on disk");
}

/// A table of so many rows of five columns.
fn large(rows: usize, version: &str) -> String {
    let mut text = String::with_capacity(rows * 56 + 32);
    text.push_str("faa,year,maker,model,version\n");
    for n in 0..rows {
        let _ = writeln!(text, "N{n:07}UA,2004,BOEING,737-824 Fixed wing multi engine,{version}");
    }
    text
}

/// Looks up until it is over: what each look-up took.
fn look_up(tables: &Tables, rows: usize, over: &AtomicBool) -> Vec<u32> {
    let (mut took, mut n) = (Vec::new(), 1_usize);
    while !over.load(Relaxed) {
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let key = format!("N{:07}UA", (n >> 33) % rows);
        let since = Instant::now();
        let table = tables.table("airports").unwrap();
        let found = table.get(key.as_bytes()).is_some();
        drop(table);
        took.push(since.elapsed().as_nanos() as u32);
        assert!(found, "{key}");
        // A client's next request.
        std::thread::sleep(Duration::from_micros(20));
    }
    took
}

fn at(took: &mut [u32], share: f64) -> Duration {
    took.sort_unstable();
    Duration::from_nanos(u64::from(took[((took.len() - 1) as f64 * share) as usize]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_during_a_refresh_take_no_longer_than_before_it() {
    let rows = std::env::var("HANDOVER_ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let world = World::with(&[("airports.csv", &large(rows, "0"))], "airports.csv").await;
    assert_eq!(world.tables.stats()[0].rows, Some(rows));
    let tables = &world.tables;
    let during = |over: &Arc<AtomicBool>| {
        let (tables, over) = (Arc::clone(tables), Arc::clone(over));
        std::thread::spawn(move || look_up(&tables, rows, &over))
    };
    let over = Arc::<AtomicBool>::default();
    let looking = during(&over);
    tokio::time::sleep(Duration::from_secs(2)).await;
    over.store(true, Relaxed);
    let mut before = looking.join().unwrap();

    let (mut meanwhile, mut longest) = (Vec::new(), Duration::ZERO);
    for version in ["1", "2", "3"] {
        world.put(large(rows, version));
        let over = Arc::<AtomicBool>::default();
        let looking = during(&over);
        let since = Instant::now();
        assert_eq!(world.refresh().await.last_failure, None);
        longest = longest.max(since.elapsed());
        over.store(true, Relaxed);
        meanwhile.extend(looking.join().unwrap());
    }
    let (calm, swap) = (at(&mut before, 0.999), at(&mut meanwhile, 0.999));
    println!(
        "{rows} rows, {} MB: a refresh took {longest:.1?}; look-ups before: {:?} in the middle, {calm:?} at the 99.9th \
         percentile of {}; during three refreshes: {:?}, {swap:?} of {}, {:?} at most",
        tables.stats()[0].bytes >> 20,
        at(&mut before, 0.5),
        before.len(),
        at(&mut meanwhile, 0.5),
        meanwhile.len(),
        at(&mut meanwhile, 1.0)
    );
    // Whoever waited for a lock or freed a table would take milliseconds. Other tests run beside this one.
    assert!(swap < calm * 4 + Duration::from_micros(200), "{calm:?} before, {swap:?} during");
}
