//! A file that is written, moved or linked anew is seen.

use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::config::reload::note;
use crate::config::reload::tests::{Started, World, at, stage};
use crate::route::Stage;
use crate::route::canary::Share;
use crate::route::legacy_only::WayBack;
use crate::route::override_store::OverrideStore;

/// Within the two seconds that are promised.
fn becomes(started: &Started, expected: Stage) -> bool {
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        if stage(started) == expected {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    false
}

fn watched(world: &World) -> (Started, Watch) {
    let started = world.start().unwrap();
    let watch = Watch::start(Arc::clone(&started.reloader)).unwrap();
    (started, watch)
}

#[test]
fn a_file_that_is_written_in_place_is_seen() {
    let world = World::new(&at(Stage::Legacy));
    let (reloader, _watch) = watched(&world);
    world.write(&at(Stage::Shadow));
    assert!(becomes(&reloader, Stage::Shadow));
}

#[test]
fn a_file_that_an_editor_renames_into_place_is_seen_again_and_again() {
    let world = World::new(&at(Stage::Legacy));
    let (reloader, _watch) = watched(&world);
    for stage in [Stage::Shadow, Stage::Native, Stage::Legacy] {
        let draft = world.folder.path().join(".routes.toml.swp");
        fs::write(&draft, at(stage)).unwrap();
        fs::rename(draft, world.main()).unwrap();
        assert!(becomes(&reloader, stage), "{stage}");
    }
}

#[test]
fn a_config_map_that_swaps_its_link_is_seen_again_and_again() {
    let direct = World { folder: tempfile::tempdir().unwrap() };
    swap_data(&direct, 0, Stage::Legacy);
    symlink("..data/routes.toml", direct.main()).unwrap();
    let linking = World { folder: tempfile::tempdir().unwrap() };
    symlink(direct.main(), linking.main()).unwrap();
    let (reloader, _watch) = watched(&direct);
    let (linked, _linked_watch) = watched(&linking);
    for (version, stage) in [(1, Stage::Shadow), (2, Stage::Native)] {
        swap_data(&direct, version, stage);
        assert!(becomes(&reloader, stage), "{stage}");
        assert!(becomes(&linked, stage), "{stage}, by polling, since nothing changes in its own folder");
    }
}

/// As the kubelet does it.
fn swap_data(world: &World, version: usize, stage: Stage) {
    let folder = world.folder.path();
    let data = format!("..data_{version}");
    fs::create_dir(folder.join(&data)).unwrap();
    fs::write(folder.join(&data).join("routes.toml"), at(stage)).unwrap();
    symlink(&data, folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    if let Some(before) = version.checked_sub(1) {
        fs::remove_dir_all(folder.join(format!("..data_{before}"))).unwrap();
    }
}

#[test]
fn a_new_file_in_an_included_folder_is_seen() {
    let world = World::new(&format!("include = ['routes.d/*.toml']\n{}", at(Stage::Legacy)));
    fs::create_dir(world.folder.path().join("routes.d")).unwrap();
    let (reloader, _watch) = watched(&world);
    fs::write(world.folder.path().join("routes.d/b.toml"), "[[route]]\nname = 'b'\nmatch = 'GET /b'\n")
        .unwrap();
    let end = Instant::now() + Duration::from_secs(2);
    while reloader.shared.load().route("b").is_none() {
        assert!(Instant::now() < end);
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_override_that_another_process_writes_is_seen() {
    let world = World::new(&at(Stage::Native));
    let (reloader, _watch) = watched(&world);
    let other = OverrideStore::new(reloader.state().to_owned());
    other.set_legacy_only(&note("ann", "outage").into()).unwrap();
    assert!(becomes(&reloader, Stage::Legacy));
    other.clear_legacy_only().unwrap();
    assert!(becomes(&reloader, Stage::Native));
}

#[test]
fn a_ramp_goes_on_by_itself() {
    let world = World::new(&at(Stage::Native));
    let (reloader, _watch) = watched(&world);
    reloader.set_legacy_only(Some(WayBack { note: note("ann", "outage"), ramp_seconds: Some(1) })).unwrap();
    let given_back = || reloader.shared.load().routes()[0].given_back;
    assert_eq!((stage(&reloader), given_back()), (Stage::Native, Share::new(0.05).unwrap()));
    assert!(becomes(&reloader, Stage::Legacy));
    assert_eq!(given_back(), Share::ALL);
}

#[test]
fn a_broken_file_does_not_end_the_watch() {
    let world = World::new(&at(Stage::Legacy));
    let (reloader, _watch) = watched(&world);
    world.write("broken");
    thread::sleep(Duration::from_millis(400));
    fs::remove_file(world.main()).unwrap();
    thread::sleep(Duration::from_millis(400));
    assert_eq!(stage(&reloader), Stage::Legacy);
    world.write(&at(Stage::Native));
    assert!(becomes(&reloader, Stage::Native));
}
