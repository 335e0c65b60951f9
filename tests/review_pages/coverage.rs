//! The sources of PHP with what compared requests reached of them: recorded, taken by the command, looked at as QA does.

use std::path::Path;
use std::process::Command;

use handover_parts::{Browser, process};

use crate::world::{SOON, World, binary};

/// What the page may weigh, whatever it shows.
const WEIGHT_MAX: usize = 150 * 1024;

/// The rules that PHP has. The first is never reached, the second neither, which the gate accepts.
const RULES: &str = "<?php
function rule($n) {
    if ($n === 'vip') { // <script>document.title = 'run'</script>
        return 'a rule that only PHP has';
    }
    if ($n === 'debug') {
        return '<b>debug</b>';
    }
    return null;
}
";

/// A source that is large, of which nothing is reached.
fn big() -> String {
    let line = |n: u32| format!("    $a[{n}] = '<<<<&&&&\"\"\"\"' . $n; // \u{202e}reversed\n");
    format!("<?php\nfunction big($n) {{\n{}    return $a;\n}}\n", (0..5_000).map(line).collect::<String>())
}

/// Records what clients ask for, and puts it to a PHP that tells what it reached.
fn take(world: &World) {
    let folder = world.proxy.folder();
    let mut recording = Command::new(binary())
        .args(["record", "n", "--max", "20", "--for", "60s", "--out", "n.recording"])
        .current_dir(folder)
        .spawn()
        .expect("it runs");
    let mut asked = 0;
    while recording.try_wait().expect("it can be waited for").is_none() {
        world.ask(&asked.to_string());
        asked += 1;
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let taken = run(folder, &["coverage", "n", "--with", "n.recording"]);
    assert!(taken.contains("! ") && taken.contains("rules.php"), "{taken}");
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(binary()).args(arguments).current_dir(folder).output().expect("it runs");
    let (said, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{said}{why}")
}

/// Has the application rules and something large, and the gate ask for the rules' lines.
fn with_rules(world: &mut World) {
    let page = std::fs::read_to_string(world.app().join("index.php")).unwrap();
    let required = "<?php require 'rules.php'; require 'big.php'; rule($_GET['n'] ?? '');";
    process::write(world.app().join("index.php"), page.replacen("<?php", required, 1));
    process::write(world.app().join("rules.php"), RULES);
    process::write(world.app().join("big.php"), big());
    let file = std::fs::read_to_string(world.proxy.routes()).unwrap();
    let waived = "waive = { effects = 'it has none', 'line:rules.php:7' = 'a switch of the <developers>' }, \
                  lines = ['rules.php']";
    let with_lines = file.replace("waive = { effects = 'it has none' }", waived);
    assert_ne!(file, with_lines);
    process::write(world.proxy.routes(), with_lines);
}

#[test]
fn lines_that_nothing_has_reached_are_shown_in_their_source() {
    let mut world = World::open();
    let nobody = world.page("/routes/n/coverage").text();
    assert!(nobody.contains("handover coverage n --with n.recording"), "{nobody}");
    assert_eq!(world.page("/routes/absent/coverage").status, 404);
    with_rules(&mut world);
    take(&world);
    let folder = world.proxy.folder().to_owned();
    world.proxy.wait_until("the file's gate is in effect", SOON, || {
        run(&folder, &["coverage", "n", "--file", "rules", "--whole"])
            .contains("← accepted: a switch of the <developers>")
    });

    let browser = Browser::start();
    let page = browser.somebody();
    page.open(&world.url("/routes/n"));
    page.click("a[href='/routes/n/coverage']");
    page.is_at("/routes/n/coverage");
    page.shows("of legacy");
    for said in ["0 made by handover fuzz", "1 never reached by a compared request: rules.php:4"] {
        page.shows(said);
    }
    look(&page, "coverage");
    page.fill("[name=file]", "rules");
    page.press("Enter");
    page.wait("document.querySelectorAll('tbody tr').length === 1");
    page.click("tbody a");
    page.shows("a rule that only PHP has");
    let line = |n: u32, column: u32| {
        page.eval(&format!("document.querySelector('#L{n} td:nth-child({column})').innerText"))
    };
    assert_eq!(line(4, 2), Ok("never".into()));
    page.shows("Lines 7 to 10: nothing is missing there");
    look(&page, "coverage-folded");
    page.click("p a[href*=whole]");
    page.wait("document.querySelector('#L10')");
    assert_eq!(line(7, 2), Ok("accepted".into()));
    assert!(line(7, 3).unwrap().as_str().unwrap().ends_with("Accepted: a switch of the <developers>"));
    assert!(line(6, 2).unwrap().as_str().unwrap().ends_with(" ×"));
    assert_eq!(line(5, 2), Ok("".into()), "nothing runs there");
    assert_eq!(page.eval("document.title.includes('run')"), Ok(false.into()), "a source is text");
    look(&page, "coverage-source");

    // What has changed since is not passed off as what was counted.
    process::write(world.app().join("rules.php"), format!("{RULES}// a hotfix\n"));
    page.open(&world.url("/routes/n/coverage?source=rules.php&whole=true"));
    page.shows("It has changed since this was taken");
    assert!(page.errors().is_empty(), "{:?}", page.errors());
    large(&world);
}

/// Nobody is kept out by how it looks.
fn look(page: &handover_parts::Page<'_>, name: &str) {
    for (how, width, dark) in [("light", 1280, false), ("dark", 1280, true), ("phone", 390, false)] {
        page.looks(width, dark);
        page.picture(&format!("{name}-{how}"));
        let serious = page.axe().into_iter().filter(|v| ["serious", "critical"].contains(&v.impact.as_str()));
        let serious: Vec<String> = serious.map(|violation| violation.to_string()).collect();
        assert!(serious.is_empty(), "{name}, {how}: {serious:?}");
        let wider = page.eval("document.documentElement.scrollWidth - innerWidth").unwrap();
        assert!(wider.as_i64() <= Some(0), "{name}, {how}: the page itself scrolls sideways by {wider}");
    }
    page.looks(1280, false);
}

/// A large source comes in parts, each of them light, and no link leads out of the application.
fn large(world: &World) {
    let mut path = "/routes/n/coverage?source=big.php".to_owned();
    let (mut parts, mut lines) = (0, 0);
    loop {
        let part = world.page(&path);
        assert!(part.status == 200 && part.body.len() < WEIGHT_MAX, "{}: {}", part.status, part.body.len());
        let text = part.text();
        assert!(!text.contains('\u{202e}'), "what turns text round is named instead");
        lines += text.matches(">never</td>").count();
        parts += 1;
        let Some((before, _)) = text.split_once("\" rel=\"next\"") else { break };
        path = before.rsplit('"').next().unwrap().replace("&amp;", "&");
    }
    assert!(parts > 5 && lines >= 5_000, "{lines} lines in {parts} parts");
    for source in ["../../etc/passwd", "/etc/passwd", "index.php/../routes.toml", "absent.php"] {
        assert_eq!(world.page(&format!("/routes/n/coverage?source={source}")).status, 404, "{source}");
    }
}
