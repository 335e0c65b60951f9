//! Tables as a process sees them: from files, and from a real S3.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use super::*;
use crate::config::valid::TooOld;
use crate::route::canary::Share;

/// A table of that source and key, all else as when nothing is said.
pub(super) fn spec(source: valid::TableSource, key: &str) -> valid::Table {
    valid::Table {
        name: "airports".into(),
        source,
        format: None,
        key: vec![key.into()],
        keys: BTreeMap::new(),
        refresh: Duration::from_secs(3600),
        jitter: Share::TENTH,
        shrink_max: Share::HALF,
        max_age: None,
        too_old: TooOld::Legacy,
        size_max: 1 << 20,
    }
}

/// A folder with a state, a table's file, and the tables on them.
struct World {
    folder: tempfile::TempDir,
    tables: Arc<Tables>,
}

impl World {
    async fn with(content: &str) -> Self {
        let world = Self::without_file();
        world.write(content);
        world.apply(world.spec()).await;
        world
    }

    fn without_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tables = Arc::new(Tables::new(&folder.path().join("state"), Handle::current()));
        Self { folder, tables }
    }

    /// The same folder after a restart of the process.
    async fn restarted(self, spec: impl FnOnce(&Self) -> valid::Table) -> Self {
        self.tables.stop().await;
        let tables = Arc::new(Tables::new(&self.folder.path().join("state"), Handle::current()));
        let world = Self { folder: self.folder, tables };
        world.apply(spec(&world)).await;
        world
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("airports.csv")
    }

    fn write(&self, content: &str) {
        let aside = self.folder.path().join("aside");
        fs::write(&aside, content).unwrap();
        fs::rename(aside, self.file()).unwrap();
    }

    fn spec(&self) -> valid::Table {
        spec(valid::TableSource::File(self.file()), "faa")
    }

    async fn apply(&self, spec: valid::Table) {
        self.tables.apply(&[Arc::new(spec)], &valid::S3::default()).await.unwrap();
        assert!(self.tables.asked_once(Duration::from_secs(5)).await);
    }

    async fn refresh(&self) -> TableStats {
        refreshed(&self.tables).await
    }

    fn stats(&self) -> TableStats {
        self.tables.stats().remove(0)
    }

    fn tz_of(&self, airport: &str) -> Option<String> {
        let table = self.tables.table("airports").ok()?;
        let row = table.get(airport.as_bytes())?;
        Some(String::from_utf8(row.get("tz").unwrap().to_vec()).unwrap())
    }
}

/// Has the source of the only table asked, and waits for what comes of it.
pub(super) async fn refreshed(tables: &Tables) -> TableStats {
    let turns = |stats: &TableStats| stats.loaded + stats.unchanged + stats.unreachable + stats.refused;
    let stats = || tables.stats().remove(0);
    let before = turns(&stats());
    assert!(tables.refresh(&stats().name));
    let since = Instant::now();
    while turns(&stats()) == before {
        assert!(since.elapsed() < Duration::from_secs(300), "nothing came of the refresh");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    stats()
}

const FOUR: &str = "faa,tz\nJFK,-5\nLAX,-8\nORD,-6\nDEN,-7\n";

#[tokio::test]
async fn a_new_version_takes_the_place_of_the_old_one() {
    let world = World::with(FOUR).await;
    assert_eq!(world.tz_of("JFK").as_deref(), Some("-5"));
    assert_eq!(world.tz_of("XXX"), None);
    let held = world.tables.table("airports").unwrap();
    world.write(&FOUR.replace("-5", "-4"));
    assert_eq!(world.refresh().await.loaded, 2);
    assert_eq!(world.tz_of("JFK").as_deref(), Some("-4"));
    assert_eq!(held.get(b"JFK").unwrap().get("tz"), Some(b"-5".as_slice()), "who holds a version keeps it");
    assert_eq!(world.refresh().await.unchanged, 1);
}

#[tokio::test]
async fn what_is_no_good_never_replaces_what_is() {
    let world = World::with(FOUR).await;
    for (content, why) in [
        ("", "empty"),
        ("faa,tz\n", "without rows"),
        ("faa,tz\nJFK,-5\nLAX,-8\nORD,-6\nDEN", "cut off"),
        ("faa,tz\nJFK,-5\n", "a quarter of the rows"),
        ("faa,name\nJFK,a\nLAX,b\nORD,c\nDEN,d\n", "a column lost"),
        ("code,tz\nJFK,-5\nLAX,-8\nORD,-6\nDEN,-7\n", "the key lost"),
    ] {
        world.write(content);
        let stats = world.refresh().await;
        assert_eq!((stats.loaded, stats.rows), (1, Some(4)), "{why}");
        assert!(stats.last_failure.is_some(), "{why}");
        assert_eq!(world.tz_of("DEN").as_deref(), Some("-7"), "{why}");
    }
    fs::remove_file(world.file()).unwrap();
    assert_eq!(world.refresh().await.unreachable, 1);
    world.write("faa,tz\nJFK,-4\nLAX,-8\n");
    let stats = world.refresh().await;
    assert_eq!((stats.rows, stats.last_failure), (Some(2), None), "half of the rows is not suspicious");
}

#[tokio::test]
async fn starting_needs_no_source_once_there_was_a_good_version() {
    let world = World::with(FOUR).await;
    fs::remove_file(world.file()).unwrap();
    let world = world.restarted(World::spec).await;
    assert_eq!(world.tz_of("LAX").as_deref(), Some("-8"));
    assert_eq!(world.stats().unreachable, 1);
    // A shrunken one is measured against the one on disk.
    world.write("faa,tz\nJFK,-5\n");
    assert_eq!(world.refresh().await.refused, 1);
}

#[tokio::test]
async fn what_the_source_confirms_after_a_restart_is_not_read_again() {
    let world = World::with(FOUR).await;
    let world = world.restarted(World::spec).await;
    let stats = world.stats();
    assert_eq!((stats.loaded, stats.unchanged, stats.rows), (0, 1, Some(4)));
}

#[tokio::test]
async fn without_a_version_there_is_no_table_and_a_damaged_one_is_none() {
    let world = World::without_file();
    world.apply(world.spec()).await;
    assert!(matches!(world.tables.table("airports"), Err(PortError::NoTable(_))));
    assert!(matches!(world.tables.table("others"), Err(PortError::NoTable(_))));
    world.write(FOUR);
    world.refresh().await;
    let folder = world.folder.path().join("state/tables");
    let damage = |name: &str| {
        let mut damaged = fs::read(folder.join(name)).unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(folder.join(name), damaged).unwrap();
    };
    fs::remove_file(world.file()).unwrap();
    damage("airports.table");
    let world = world.restarted(World::spec).await;
    assert_eq!(world.tz_of("JFK").as_deref(), Some("-5"), "what was read from it lies beside it");
    damage("airports.built");
    let world = world.restarted(World::spec).await;
    assert!(matches!(world.tables.table("airports"), Err(PortError::NoTable(_))));
}

#[tokio::test]
async fn what_does_not_lie_there_as_it_was_in_memory_is_read_from_its_objects() {
    let world = World::with(FOUR).await;
    fs::remove_file(world.file()).unwrap();
    let built = world.folder.path().join("state/tables/airports.built");
    fs::remove_file(&built).unwrap();
    let world = world.restarted(World::spec).await;
    assert_eq!(world.tz_of("LAX").as_deref(), Some("-8"));
    assert!(built.exists(), "the next start takes it over");
    // It is looked up by another column now.
    let world = world.restarted(|world| valid::Table { key: vec!["tz".into()], ..world.spec() }).await;
    let table = world.tables.table("airports").unwrap();
    assert_eq!(table.get(b"-8").unwrap().get("faa"), Some(&b"LAX"[..]));
}

#[tokio::test]
async fn a_table_grows_too_old_when_its_source_does_not_confirm_it() {
    let young = |world: &World| valid::Table { max_age: Some(Duration::from_secs(60)), ..world.spec() };
    let world = World::with(FOUR).await;
    fs::remove_file(world.file()).unwrap();
    let kept = fs::File::options().write(true).open(world.folder.path().join("state/tables/airports.table"));
    kept.unwrap().set_modified(std::time::SystemTime::now() - Duration::from_secs(100)).unwrap();
    let world = world.restarted(young).await;
    assert!(matches!(world.tables.table("airports"), Err(PortError::TableTooOld(_))));
    assert!(world.stats().age.unwrap() >= Duration::from_secs(100));
    world.write(FOUR);
    world.refresh().await;
    assert_eq!(world.tz_of("JFK").as_deref(), Some("-5"));
}

#[tokio::test]
async fn a_table_that_is_too_old_is_served_or_makes_the_process_unready_where_that_is_asked_for() {
    let world = World::with(FOUR).await;
    fs::remove_file(world.file()).unwrap();
    let kept = fs::File::options().write(true).open(world.folder.path().join("state/tables/airports.table"));
    kept.unwrap().set_modified(std::time::SystemTime::now() - Duration::from_secs(100)).unwrap();
    let max_age = Some(Duration::from_secs(60));
    let serve = |world: &World| valid::Table { max_age, too_old: TooOld::Serve, ..world.spec() };
    let unready = |world: &World| valid::Table { max_age, too_old: TooOld::Unready, ..world.spec() };
    let world = world.restarted(serve).await;
    assert_eq!((world.tz_of("JFK").as_deref(), world.tables.keeps_unready()), (Some("-5"), None));
    let world = world.restarted(unready).await;
    assert_eq!((world.tz_of("JFK"), world.tables.keeps_unready().as_deref()), (None, Some("airports")));
    world.write(FOUR);
    world.refresh().await;
    assert_eq!((world.tz_of("JFK").as_deref(), world.tables.keeps_unready()), (Some("-5"), None));
}

#[tokio::test]
async fn the_files_of_a_folder_are_one_table() {
    let world = World::without_file();
    let folder = world.folder.path().join("airports");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("b.csv"), "faa,tz\nLAX,-8\nJFK,-4\n").unwrap();
    fs::write(folder.join("a.ndjson"), "{\"faa\":\"JFK\",\"tz\":-5}").unwrap();
    fs::write(folder.join(".c.csv.tmp"), "half of a").unwrap();
    let of_folder = |_: &World| valid::Table {
        keys: [("tz".to_owned(), vec!["tz".to_owned()])].into(),
        ..spec(valid::TableSource::Folder(folder.clone()), "faa")
    };
    world.apply(of_folder(&world)).await;
    assert_eq!((world.stats().rows, world.tz_of("JFK").as_deref()), (Some(2), Some("-4")));
    let table = world.tables.table("airports").unwrap();
    assert_eq!(table.get_by("tz", &[b"-8"]).unwrap().get("faa"), Some(b"LAX".as_slice()));
    assert_eq!(world.refresh().await.unchanged, 1);
    fs::rename(folder.join(".c.csv.tmp"), folder.join("c.csv")).unwrap();
    assert_eq!((world.refresh().await.refused, world.stats().rows), (1, Some(2)));
    fs::write(folder.join("c.csv"), "faa,tz\nORD,-6\n").unwrap();
    assert_eq!((world.refresh().await.loaded, world.stats().rows), (2, Some(3)));
    let world = world.restarted(of_folder).await;
    assert_eq!((world.stats().loaded, world.stats().rows), (0, Some(3)), "all of it is kept on disk");
}

#[tokio::test]
async fn how_much_a_table_may_shrink_is_said_by_its_configuration() {
    let world = World::with(FOUR).await;
    world.apply(valid::Table { shrink_max: Share::new(0.25).unwrap(), ..world.spec() }).await;
    world.write("faa,tz\nJFK,-5\nLAX,-8\n");
    let stats = world.refresh().await;
    assert_eq!(stats.refused, 1);
    assert!(stats.last_failure.unwrap().contains("`shrink_max = 0.25`"));
    world.write("faa,tz\nJFK,-5\nLAX,-8\nORD,-6\n");
    assert_eq!(world.refresh().await.rows, Some(3));
}

#[tokio::test]
async fn applying_the_same_again_reads_nothing_and_a_table_that_is_gone_is_gone() {
    let world = World::with(FOUR).await;
    world.apply(world.spec()).await;
    assert_eq!((world.stats().loaded, world.stats().unchanged), (1, 0));
    world.apply(valid::Table { name: "others".into(), ..world.spec() }).await;
    assert!(world.tables.table("airports").is_err() && world.tables.table("others").is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_never_sees_half_a_table() {
    let version = |tz: u32| {
        let rows = (0..2000).map(|n| format!("A{n},{tz}\n")).collect::<String>();
        format!("faa,tz\n{rows}")
    };
    let world = World::with(&version(0)).await;
    let (tables, over) = (Arc::clone(&world.tables), Arc::new(AtomicBool::new(false)));
    let reader = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let mut versions = std::collections::BTreeSet::new();
            while !over.load(Relaxed) {
                let table = tables.table("airports").unwrap();
                let tz = table.get(b"A0").unwrap().get("tz").unwrap().to_vec();
                for n in (0..2000).step_by(97) {
                    let row = table.get(format!("A{n}").as_bytes()).expect("each version has each row");
                    assert_eq!(row.get("tz"), Some(tz.as_slice()));
                }
                versions.insert(tz);
            }
            versions.len()
        }
    });
    for tz in 1..20 {
        world.write(&version(tz));
        world.refresh().await;
    }
    over.store(true, Relaxed);
    assert!(reader.join().unwrap() > 1, "it saw several versions");
}
