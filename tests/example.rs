//! The program in `examples/healthz`, run as its file says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use handover_parts::{Handover, PhpFpm, http};

#[test]
fn the_example_s_file_is_good() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/healthz/routes.toml");
    let checked = Command::new(example()).args(["check", "--config"]).arg(file).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn the_example_takes_a_route_over_step_by_step() {
    let php = PhpFpm::flight_intake("127.0.0.1:1").start();
    let routes = |stage: &str| {
        format!(
            "[legacy.intake]\nfastcgi = '{}'\nroot = '{}'\nversion = 'header:X-App-Version'\n\
             [[route]]\nname = 'healthz'\nmatch = 'GET /healthz'\nstage = '{stage}'\nnative = 'healthz'\n",
            php.address(),
            php.root().canonicalize().expect("the application").display()
        )
    };
    let mut proxy = Handover::start(example(), &routes("shadow"));
    let by_php = http::get(proxy.http(), "/healthz").expect("an answer");
    assert_eq!((by_php.status, by_php.text().as_str()), (200, "ok\n"));
    let admin = proxy.admin();
    proxy.wait_until("the pair is judged", Duration::from_secs(20), || {
        json(admin, "/api/parity")[0]["matched"].as_u64() == Some(1)
    });

    proxy.replace_routes(&routes("native"));
    let clients = proxy.http();
    proxy.wait_until("native answers", Duration::from_secs(5), || {
        http::get(clients, "/healthz").expect("an answer");
        json(admin, "/api/status")["routes"][0]["answered"]["native"].as_u64() > Some(0)
    });
    let by_rust = http::get(clients, "/healthz").expect("an answer");
    assert_eq!((by_rust.status, shown(&by_rust), &by_rust.body), (200, shown(&by_php), &by_php.body));
    let declined = http::get(clients, "/healthz?full=1").expect("an answer");
    assert_eq!((declined.status, &declined.body), (200, &by_php.body), "PHP answers what native declines");
}

/// The fields without those of framing.
fn shown(response: &http::Response) -> Vec<(String, Vec<u8>)> {
    let framing = ["transfer-encoding", "content-length", "connection"];
    let is_framing = |name: &str| framing.contains(&name.to_ascii_lowercase().as_str());
    response.fields.iter().filter(|(name, _)| !is_framing(name)).cloned().collect()
}

fn json(admin: std::net::SocketAddr, path: &str) -> serde_json::Value {
    serde_json::from_slice(&http::get(admin, path).expect("the admin answers").body).expect("JSON")
}

fn example() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_handover")).with_file_name("healthz");
    assert!(binary.exists(), "{} is not built: run `cargo build -p takeover`", binary.display());
    binary
}
