//! What legacy does beside answering is listed, and keeps the gate shut until it is compared or waived.

use std::net::TcpListener;
use std::process::Command;

use handover_parts::process;
use serde_json::Value;

use crate::app;
use crate::world::demo;

/// Rules that check nothing: one calls a service, one writes a file, one starts a program, each for some requests.
const RULES: &str = r#"<?php
function rules_hidden($f)
{
    if ($f['carrier'] == 'UA') {
        $socket = @fsockopen('127.0.0.1', PORT, $errno, $error, 1);
        if ($socket) {
            fwrite($socket, "ping\n");
            fclose($socket);
        }
    }
    if ($f['carrier'] == 'B6') {
        file_put_contents('FOLDER/audit-' . getmypid() . '.log', "seen\n", FILE_APPEND);
        exec('/bin/true');
    }
    return $f;
}
"#;

#[test]
fn a_call_a_file_and_a_program_are_listed_and_waived_one_by_one() {
    let folder = process::folder("others");
    let service = TcpListener::bind("127.0.0.1:0").expect("a port of ours");
    let port = service.local_addr().unwrap().port();
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let rules = RULES.replace("PORT", &port.to_string()).replace("FOLDER", &open.display().to_string());
    let app = app::with_rules(folder.path(), &rules);
    let routes = app::routes(&app);
    process::write(folder.path().join("routes.toml"), &routes);
    app::record(&folder.path().join("traffic.recording"), 400, 60);

    let said = app::run(
        folder.path(),
        &["effects", "create-flight", "--json", "--with", "traffic.recording", "--max", "100"],
    );
    let deeds = said["deeds"].as_object().expect("deeds");
    let in_requests =
        |deed: &str| deeds.get(deed).and_then(|found| found["requests"].as_u64()).unwrap_or_default();
    let all = said["requests"].as_u64().unwrap_or_default();
    assert!(all > 60, "{said:#}");
    // What looks like an id is one: the folder's own name, too, if chance has put a digit into it.
    let is_audit = |deed: &&String| deed.starts_with("writes ") && deed.ends_with("/open/audit-*.log");
    let audit = deeds.keys().find(is_audit).cloned().unwrap_or_default();
    for deed in [&format!("talks tcp 127.0.0.1:{port}"), &audit, "starts /bin/true", "talks kafka"] {
        let count = in_requests(deed);
        assert!(count > 0 && count < all, "{deed}: {count} of {all} requests in {said:#}");
    }
    assert_eq!(deeds["talks kafka"]["compared"], Value::Bool(true));

    assert_eq!(shown(folder.path()), Some(3), "nothing is waived yet");
    let others = deeds.keys().filter(|deed| *deed != "talks kafka");
    let waive: String = others.map(|deed| format!("\"{deed}\" = \"the new service does it\"\n")).collect();
    process::write(folder.path().join("routes.toml"), format!("{routes}\n[route.gate.waive]\n{waive}"));
    assert_eq!(shown(folder.path()), Some(0));
}

/// The exit status of what shows it again.
fn shown(folder: &std::path::Path) -> Option<i32> {
    let output =
        Command::new(demo()).args(["effects", "create-flight"]).current_dir(folder).output().unwrap();
    println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.code()
}
