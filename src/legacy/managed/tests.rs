//! Pools of a real php-fpm that come, go and break.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::*;
use crate::legacy::Legacies;
use crate::legacy::spec::{Address, FastCgi, Managed};
use crate::legacy::testing::{Body, Client, fastcgi, file, folder, get, outbound, spec};

const APPLICATION: &str = r#"<?php
$known = ['MODE' => getenv('MODE'), 'PATH' => getenv('PATH'), 'memory' => ini_get('memory_limit'), 'ffi' => ini_get('ffi.enable')];
ini_set('memory_limit', '99M');
echo json_encode($known + ['set' => ini_get('memory_limit'), 'pid' => getmypid()]);
"#;

fn legacy(folder: &TempDir, change: impl FnOnce(&mut Managed)) -> Arc<Spec> {
    file(folder.path(), "public/index.php", APPLICATION);
    let mut managed = Managed { binary: None, children: 2, env: Vec::new(), ini: Vec::new() };
    change(&mut managed);
    let address = Address::Unix(folder.path().join("php-fpm-monolith.sock"));
    let kind =
        Kind::FastCgi(FastCgi { address, managed: Some(managed), ..fastcgi(folder.path().join("public")) });
    Arc::new(Spec { keep: true, connections_max: 2, ..spec(kind) })
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

async fn ask(legacies: &Legacies, spec: &Arc<Spec>) -> Option<serde_json::Value> {
    let (head, mut client) = (get("/"), Client::default());
    let core = legacies.on_core();
    core.exchange(spec, &outbound(&head), &mut Body::none(), &mut client).await.ok()?;
    serde_json::from_slice(&client.body).ok()
}

fn legacies() -> Legacies {
    Legacies::new(std::env::temp_dir())
}

fn keeper() -> Keeper {
    Keeper::ourselves(&["--ignored", "--exact", "legacy::managed::tests::a_keeper"])
}

/// Runs as a process of its own, for the pools of the tests below.
#[test]
#[ignore = "started by the pools of these tests"]
fn a_keeper() {
    keeper::keep().unwrap();
}

/// The processes whose group is the one in the pool's pid file, by number.
fn processes(folder: &Path) -> Vec<i32> {
    let Ok(group) = fs::read_to_string(folder.join("php-fpm-monolith.pid")) else { return Vec::new() };
    let found = Command::new("pgrep").args(["-g", group.trim()]).output().unwrap();
    String::from_utf8(found.stdout)
        .unwrap()
        .lines()
        .map(|line| line.parse().unwrap())
        .filter(|process| is_running(*process))
        .collect()
}

/// A zombie that nobody reaps (it was left to a container's first process) is not.
fn is_running(process: i32) -> bool {
    state(process).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// As proc(5) has it.
fn state(process: i32) -> Option<char> {
    stat(process, 0)?.chars().next()
}

fn parent(process: i32) -> Option<i32> {
    stat(process, 1)?.parse().ok()
}

/// A field behind the process' name.
fn stat(process: i32, field: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(field).map(str::to_owned)
}

fn master(folder: &Path) -> i32 {
    fs::read_to_string(folder.join("php-fpm-monolith.pid")).unwrap().parse().unwrap()
}

async fn until(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !check().await {
        assert!(start.elapsed() < Duration::from_secs(15), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_pool_has_its_environment_and_settings_and_leaves_nothing_behind() {
    let folder = folder();
    let spec = legacy(&folder, |managed| {
        managed.env = pairs(&[("MODE", "it's \"quoted\" $HOME")]);
        managed.ini = pairs(&[("memory_limit", "64M"), ("ffi.enable", "true")]);
    });
    let mut pools = Pools::new(legacies(), keeper());
    pools.apply(&[Arc::clone(&spec)]).await.unwrap();
    let known = ask(&legacies(), &spec).await.unwrap();
    for (name, value) in [("MODE", "it's \"quoted\" $HOME"), ("memory", "64M"), ("ffi", "1"), ("set", "99M")]
    {
        assert_eq!(known[name], value, "{known}");
    }
    assert_eq!(known["PATH"], false, "ours is not passed on");
    assert_eq!(processes(folder.path()).len(), 3);
    pools.stop().await;
    assert_eq!(processes(folder.path()).len(), 0);
}

#[tokio::test]
async fn a_pool_that_dies_comes_back_and_its_children_with_it() {
    let folder = folder();
    let spec = legacy(&folder, |_| {});
    let mut pools = Pools::new(legacies(), keeper());
    pools.apply(&[Arc::clone(&spec)]).await.unwrap();
    let before = processes(folder.path());
    let master = fs::read_to_string(folder.path().join("php-fpm-monolith.pid")).unwrap().parse().unwrap();
    kill(Pid::from_raw(master), Signal::SIGKILL).unwrap();
    let legacies = legacies();
    until("it answers again", async || {
        let now = processes(folder.path());
        ask(&legacies, &spec).await.is_some()
            && now.len() == 3
            && now.iter().all(|process| !before.contains(process))
    })
    .await;
    for process in before {
        assert!(!is_running(process), "{process} is an orphan");
    }
    until("it is known to be well", async || pools.health() == [("monolith", true)]).await;
    pools.stop().await;
}

#[tokio::test]
async fn settings_change_by_reload_and_the_environment_by_restart() {
    let folder = folder();
    let legacies = legacies();
    let first = legacy(&folder, |managed| managed.ini = pairs(&[("memory_limit", "64M")]));
    let mut pools = Pools::new(legacies.clone(), keeper());
    pools.apply(&[Arc::clone(&first)]).await.unwrap();
    ask(&legacies, &first).await.unwrap();
    let master = || fs::read_to_string(folder.path().join("php-fpm-monolith.pid")).unwrap();
    let before = master();
    let second = legacy(&folder, |managed| {
        managed.ini = pairs(&[("memory_limit", "77M")]);
        managed.children = 3;
    });
    let start = Instant::now();
    pools.apply(&[Arc::clone(&second)]).await.unwrap();
    until("the setting is in force", async || {
        ask(&legacies, &second).await.is_some_and(|known| known["memory"] == "77M")
    })
    .await;
    assert!(start.elapsed() < Duration::from_secs(5), "no child was waited for in vain");
    until("there is a third child", async || processes(folder.path()).len() == 4).await;
    assert_eq!(master(), before, "the master is the same");
    let third = legacy(&folder, |managed| managed.env = pairs(&[("MODE", "new")]));
    pools.apply(&[Arc::clone(&third)]).await.unwrap();
    assert_eq!(ask(&legacies, &third).await.unwrap()["MODE"], "new");
    assert_ne!(master(), before);
    pools.apply(&[]).await.unwrap();
    assert_eq!(processes(folder.path()).len(), 0, "a pool that nobody wants is stopped");
}

#[tokio::test]
async fn a_pool_that_cannot_start_says_why() {
    let folder = folder();
    let spec = legacy(&folder, |managed| managed.ini = pairs(&[("memory_limit", "64M")]));
    fs::create_dir(folder.path().join("php-fpm-monolith.sock")).unwrap();
    let mut pools = Pools::new(legacies(), keeper());
    let error = pools.apply(&[spec]).await.unwrap_err().to_string();
    assert!(error.contains("monolith") && error.contains("php-fpm-monolith.sock"), "{error}");
}

#[tokio::test]
async fn reloads_under_load_fail_no_request() {
    let folder = folder();
    let spec = legacy(&folder, |_| {});
    let legacies = legacies();
    let mut pools = Pools::new(legacies.clone(), keeper());
    pools.apply(&[Arc::clone(&spec)]).await.unwrap();
    let until = Instant::now() + Duration::from_secs(4);
    let load = async || {
        let (head, core, mut answers) = (get("/"), legacies.on_core(), 0);
        while Instant::now() < until {
            let mut client = Client::default();
            core.exchange(&spec, &outbound(&head), &mut Body::none(), &mut client).await.unwrap();
            answers += 1;
        }
        answers
    };
    let reload = async {
        let mut reloads = 0;
        while Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert!(pools.reload("monolith").await);
            reloads += 1;
        }
        reloads
    };
    let (first, second, reloads) = tokio::join!(load(), load(), reload);
    assert!(first > 100 && second > 100 && reloads > 5, "{first} and {second} answers, {reloads} reloads");
    pools.stop().await;
}

#[tokio::test]
async fn a_pool_that_is_handed_over_goes_on_and_then_obeys_its_new_owner() {
    let folder = folder();
    let spec = legacy(&folder, |_| {});
    let legacies = legacies();
    let mut former = Pools::new(legacies.clone(), keeper());
    former.apply(&[Arc::clone(&spec)]).await.unwrap();
    let before = processes(folder.path());

    let mut next = Pools::new(legacies.clone(), keeper());
    next.adopt(former.ends().await);
    let changed = legacy(&folder, |managed| managed.ini = pairs(&[("memory_limit", "77M")]));
    next.apply(&[Arc::clone(&changed)]).await.unwrap();
    assert_eq!(next.health(), [("monolith", true)]);
    former.release().await;
    drop(former);
    assert_eq!(processes(folder.path()), before, "the same processes, and nothing was reloaded");
    assert!(ask(&legacies, &spec).await.is_some());

    next.begin().await;
    next.apply(&[Arc::clone(&changed)]).await.unwrap();
    until("the new owner's settings are in force", async || {
        ask(&legacies, &changed).await.is_some_and(|known| known["memory"] == "77M")
    })
    .await;
    let first = master(folder.path());
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    until("the new owner has started it again", async || {
        master(folder.path()) != first && ask(&legacies, &changed).await.is_some()
    })
    .await;
    next.stop().await;
    assert_eq!(processes(folder.path()).len(), 0);
}

#[tokio::test]
async fn a_pool_that_nobody_takes_over_after_all_stays_with_its_owner() {
    let folder = folder();
    let spec = legacy(&folder, |_| {});
    let legacies = legacies();
    let mut former = Pools::new(legacies.clone(), keeper());
    former.apply(&[Arc::clone(&spec)]).await.unwrap();
    let mut next = Pools::new(legacies.clone(), keeper());
    next.adopt(former.ends().await);
    next.stop().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(ask(&legacies, &spec).await.is_some());
    former.stop().await;
    assert_eq!(processes(folder.path()).len(), 0);
}

/// Runs as a process of its own, from the test below, to be killed.
#[tokio::test]
#[ignore = "started by children_of_a_killed_run_are_ended"]
async fn a_run_to_be_killed() {
    let Ok(path) = std::env::var("HANDOVER_TEST_FOLDER") else { return };
    let folder = TempDir::with_prefix_in("x", &path).unwrap();
    let mut managed = legacy(&folder, |_| {});
    let Kind::FastCgi(fastcgi) = &mut Arc::make_mut(&mut managed).kind else { unreachable!() };
    fastcgi.address = Address::Unix(Path::new(&path).join("php-fpm-monolith.sock"));
    let mut pools = Pools::new(legacies(), keeper());
    pools.apply(&[managed]).await.unwrap();
    fs::write(Path::new(&path).join("ready"), "").unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
}

async fn killed_run(folder: &TempDir) -> std::process::Child {
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "legacy::managed::tests::a_run_to_be_killed"])
        .env("HANDOVER_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("the run is ready", async || folder.path().join("ready").exists()).await;
    run
}

#[tokio::test]
async fn a_pool_ends_with_us_even_when_we_are_killed() {
    let folder = folder();
    let mut run = killed_run(&folder).await;
    assert_eq!(processes(folder.path()).len(), 3);
    run.kill().unwrap();
    run.wait().unwrap();
    until("its pool has ended", async || processes(folder.path()).is_empty()).await;
}

#[tokio::test]
async fn children_of_a_killed_run_are_ended() {
    let folder = folder();
    let mut run = killed_run(&folder).await;
    let left = processes(folder.path());
    let master = fs::read_to_string(folder.path().join("php-fpm-monolith.pid")).unwrap().parse().unwrap();
    // Both at once, as an out-of-memory killer may: nobody has time to end the children.
    let us = run.id() as i32;
    let its_keeper = parent(master).unwrap();
    for stopped in [us, its_keeper] {
        kill(Pid::from_raw(stopped), Signal::SIGSTOP).unwrap();
        until("it stands still", async || state(stopped) == Some('T')).await;
    }
    for killed in [master, its_keeper] {
        kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(left.iter().any(|process| is_running(*process)), "the children are orphans");
    let mut pools = Pools::new(legacies(), keeper());
    let spec = legacy(&folder, |_| {});
    pools.apply(&[Arc::clone(&spec)]).await.unwrap();
    for process in left {
        assert!(!is_running(process), "{process} goes on");
    }
    assert!(ask(&legacies(), &spec).await.is_some());
    pools.stop().await;
}
