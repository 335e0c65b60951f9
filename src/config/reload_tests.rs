//! Files that change: what is applied, what is refused, what stays.

use std::fs;
use std::ops::Deref;

use handover_api::{Answer, Context, Decline, Handler, Outcome as Handled, Request, Response};

use super::*;
use crate::native::application::Names;
use crate::native::identity::Identities;
use crate::route::generation::Handlers;
use crate::route::overrides::StageOverride;

struct Never;

impl Handler for Never {
    async fn handle(&self, request: &Request, _: &Context) -> Handled {
        match request.param("never") {
            Some(_) => Answer::new(Response::text(200, "")).into(),
            None => Decline::because("a test's handler").into(),
        }
    }
}

/// A folder with a `routes.toml`, and what a process makes of it.
pub(crate) struct World {
    pub folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new(text: &str) -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        world.write(text);
        world
    }

    pub(crate) fn main(&self) -> PathBuf {
        self.folder.path().join("routes.toml")
    }

    pub(crate) fn write(&self, text: &str) {
        fs::write(self.main(), text).unwrap();
    }

    pub(crate) fn start(&self) -> Result<Started, Faults> {
        self.start_as("f1")
    }

    /// Starts as a native with that fingerprint.
    pub(crate) fn start_as(&self, fingerprint: &str) -> Result<Started, Faults> {
        let handlers: Handlers = [("list".to_owned(), Arc::new(Never) as _)].into();
        let location = Location { main: self.main(), state: None };
        let loaded = location.load(&Names::of_handlers(&["list"]), Identities::said(fingerprint))?;
        let shared =
            Arc::new(Shared::new(handlers, Arc::clone(&loaded.config), Arc::clone(&loaded.overrides)));
        let reloader =
            Reloader::new(location, loaded, Names::of_handlers(&["list"]), Arc::clone(&shared) as _);
        Ok(Started { reloader: Arc::new(reloader), shared })
    }
}

/// What a process has once it has started.
pub(crate) struct Started {
    pub reloader: Arc<Reloader>,
    pub shared: Arc<Shared>,
}

impl Deref for Started {
    type Target = Reloader;

    fn deref(&self) -> &Reloader {
        &self.reloader
    }
}

/// A file whose route `a` is at that stage.
pub(crate) fn at(stage: Stage) -> String {
    format!(
        "[legacy.a]\nhttp = 'http://a'\n[[route]]\nname = 'a'\nmatch = 'GET /a'\nnative = 'list'\nstage = '{stage}'\n"
    )
}

pub(crate) fn stage(started: &Started) -> Stage {
    started.shared.load().route("a").unwrap().stage
}

const BROKEN: &str = "[legacy.a]\nhttp = 'http://a'\n[[route]]\nstge = 1\n";

#[test]
fn a_changed_file_is_a_new_generation_and_an_unchanged_one_is_not() {
    let world = World::new(&at(Stage::Legacy));
    let reloader = world.start().unwrap();
    let before = reloader.shared.load();
    assert!(!reloader.reload().unwrap().changed);
    world.write(&at(Stage::Shadow));
    let outcome = reloader.reload().unwrap();
    assert!(outcome.changed && outcome.generation == 2 && outcome.hash != before.config.hash);
    assert_eq!((stage(&reloader), before.route("a").unwrap().stage), (Stage::Shadow, Stage::Legacy));
    assert_eq!(reloader.shared.live(), 2);
    drop(before);
    assert_eq!(reloader.shared.live(), 1);
}

#[test]
fn a_broken_file_is_refused_and_the_last_good_one_stays() {
    let world = World::new(&at(Stage::Shadow));
    let reloader = world.start().unwrap();
    world.write(BROKEN);
    let Err(NotReloaded::Faults(faults)) = reloader.reload() else { panic!() };
    assert!(faults.to_string().contains("did you mean `stage`?"), "{faults}");
    assert_eq!((stage(&reloader), reloader.refused().as_deref()), (Stage::Shadow, Some(&faults)));
    world.write(&at(Stage::Shadow));
    assert!(!reloader.reload().unwrap().changed);
    assert!(reloader.refused().is_none());
}

#[test]
fn a_start_with_a_broken_file_goes_on_with_the_last_good_one() {
    let world = World::new(BROKEN);
    assert!(world.start().is_err(), "there is no last good one yet");
    world.write(&at(Stage::Shadow));
    world.start().unwrap();
    for broken in [BROKEN, "x = ", "\u{0}"] {
        world.write(broken);
        let reloader = world.start().unwrap();
        assert_eq!(stage(&reloader), Stage::Shadow);
        assert!(reloader.refused().is_some());
        world.write(&at(Stage::Native));
        assert!(reloader.reload().unwrap().changed);
        world.write(&at(Stage::Shadow));
        reloader.reload().unwrap();
    }
    fs::remove_file(world.main()).unwrap();
    assert_eq!(stage(&world.start().unwrap()), Stage::Shadow);
}

#[test]
fn legacy_only_is_stronger_than_the_file_and_survives_reloads_and_restarts() {
    let world = World::new(&at(Stage::Native));
    let reloader = world.start().unwrap();
    let applied = reloader.set_legacy_only(Some(note("ann", "outage").into())).unwrap();
    assert!(applied.routes == 1 && applied.unkept.is_none());
    assert_eq!(stage(&reloader), Stage::Legacy);
    world.write(&at(Stage::Canary).replace("native =", "canary = { share = 1, sticky = 'ip' }\nnative ="));
    reloader.reload().unwrap();
    assert_eq!((stage(&reloader), stage(&world.start().unwrap())), (Stage::Legacy, Stage::Legacy));
    world.write(&at(Stage::Retired));
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Retired, "a retired route has no legacy to go back to");
    world.write(&at(Stage::Native));
    reloader.reload().unwrap();
    reloader.set_legacy_only(None).unwrap();
    assert_eq!((stage(&reloader), stage(&world.start().unwrap())), (Stage::Native, Stage::Native));
}

#[test]
fn the_kill_switch_works_beside_a_broken_file() {
    let world = World::new(&at(Stage::Native));
    let reloader = world.start().unwrap();
    world.write(BROKEN);
    OverrideStore::new(reloader.state().to_owned()).set_legacy_only(&note("ann", "outage").into()).unwrap();
    reloader.reload().unwrap_err();
    assert_eq!(stage(&reloader), Stage::Legacy);
}

#[test]
fn the_kill_switch_works_where_nothing_can_be_written() {
    let world = World::new(&at(Stage::Native));
    fs::write(world.folder.path().join("handover-state"), "a file, not a folder").unwrap();
    let reloader = world.start().unwrap();
    let overrides_unreadable = stage(&reloader) == Stage::Legacy;
    assert!(overrides_unreadable, "who cannot read the overrides serves legacy");
    let applied = reloader.set_legacy_only(Some(note("ann", "outage").into())).unwrap();
    assert!(applied.unkept.is_some());
    fs::remove_file(world.folder.path().join("handover-state")).unwrap();
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Legacy, "kept in memory");
    reloader.set_legacy_only(None).unwrap();
    assert_eq!(stage(&reloader), Stage::Native);
}

#[test]
fn one_route_can_be_taken_back() {
    let world = World::new(&at(Stage::Native));
    let reloader = world.start().unwrap();
    let taken_back = StageOverride { stage: Stage::Shadow, note: note("rollback", "mismatches") };
    let store = OverrideStore::new(reloader.state().to_owned());
    store.set_stage("a", taken_back).unwrap();
    assert!(reloader.reload().unwrap().changed);
    assert_eq!((stage(&reloader), stage(&world.start().unwrap())), (Stage::Shadow, Stage::Shadow));
    store.clear_stage("a").unwrap();
    reloader.reload().unwrap();
    assert_eq!(stage(&reloader), Stage::Native);
}

#[test]
fn what_waits_for_a_restart_is_said() {
    let world = World::new(&at(Stage::Legacy));
    let reloader = world.start().unwrap();
    world.write(&format!(
        "workers = 999\nblocking_threads = 99\nstate = 'other'\n[listen]\nhttp = '127.0.0.1:1'\n{}",
        at(Stage::Shadow)
    ));
    let outcome = reloader.reload().unwrap();
    assert_eq!(outcome.waits_for_restart, ["listen", "state", "workers", "blocking_threads"]);
    assert_eq!(stage(&reloader), Stage::Shadow, "the rest applies");
}

/// Cannot have what the next configuration needs.
struct Unable(Arc<Shared>, std::sync::atomic::AtomicBool);

impl Apply for Unable {
    fn apply(
        &self,
        config: &Arc<Config>,
        overrides: &Arc<Overrides>,
    ) -> Result<Arc<Generation>, Box<dyn Error + Send + Sync>> {
        if config.hash != self.current().config.hash && self.1.load(std::sync::atomic::Ordering::Relaxed) {
            return Err("no brokers".into());
        }
        self.0.apply(config, overrides)
    }

    fn current(&self) -> Arc<Generation> {
        self.0.load()
    }
}

#[test]
fn a_configuration_whose_needs_cannot_be_had_changes_nothing_but_the_overrides() {
    let world = World::new(&at(Stage::Native));
    let started = world.start().unwrap();
    let location = Location { main: world.main(), state: None };
    let unable = Arc::new(Unable(Arc::clone(&started.shared), true.into()));
    let loaded = location.load(&Names::of_handlers(&["list"]), Identities::said("f1")).unwrap();
    let reloader = Reloader::new(location, loaded, Names::of_handlers(&["list"]), Arc::clone(&unable) as _);
    world.write(&at(Stage::Shadow));
    assert!(matches!(reloader.reload(), Err(NotReloaded::Unprepared(_))));
    assert_eq!(stage(&started), Stage::Native);
    OverrideStore::new(reloader.state().to_owned()).set_legacy_only(&note("ann", "outage").into()).unwrap();
    assert!(matches!(reloader.reload(), Err(NotReloaded::Unprepared(_))));
    assert_eq!(stage(&started), Stage::Legacy);
    unable.1.store(false, std::sync::atomic::Ordering::Relaxed);
    reloader.set_legacy_only(None).unwrap();
    assert!(reloader.reload().unwrap().changed, "it is tried again");
    assert_eq!(stage(&started), Stage::Shadow);
}
