//! Handover's three places, as the examples have them: a real nginx in front of it, behind it, and replaced by it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use handover_parts::http::{self, Response};
use handover_parts::{Handover, Nginx, PhpFpm, free_port, process};

/// Says who asked, by what, for what.
const PAGE: &str = "<?php header_remove('X-Powered-By'); header('Content-Type: text/plain');
    echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], ' host=', $_SERVER['HTTP_HOST'], ' client=', $_SERVER['REMOTE_ADDR'],
        ' for=', $_SERVER['HTTP_X_FORWARDED_FOR'] ?? '', ' env=', $_SERVER['APP_ENV'] ?? '', ' body=', file_get_contents('php://input');";

struct World {
    php: PhpFpm,
    app: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        let app = process::folder("app");
        process::write(app.path().join("public/index.php"), PAGE);
        process::write(app.path().join("public/style.css"), "p { color: red }");
        process::write(app.path().join("public/.env"), "SECRET=1");
        let php = PhpFpm::serving(app.path().join("public")).start();
        Self { php, app }
    }

    /// An example with its paths and ports in place of those of a real machine.
    fn example(&self, name: &str, ports: &[(&str, SocketAddr)]) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/places").join(name);
        let text = std::fs::read_to_string(file).expect("an example");
        let text = text.replace("unix:/run/php/php8.2-fpm.sock", self.php.address());
        let text = text.replace("/srv/app/public", &self.php.root().to_string_lossy());
        ports.iter().fold(text, |text, (port, address)| {
            assert!(text.contains(port), "{name} has no {port}");
            text.replace(port, &address.to_string())
        })
    }
}

/// `[listen]` is the test's own.
fn without_listen(routes: &str) -> String {
    let lines = routes
        .lines()
        .filter(|line| !line.starts_with("http = \"0") && !line.starts_with("http = \"127.0.0.1:8080"));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Response {
    let fields = [("Host", "app.example"), ("X-Forwarded-For", "203.0.113.7")];
    let request = http::request(method, path, &fields, body.as_bytes());
    http::Client::connect(address).expect("somebody there").exchange(&request).expect("an answer")
}

/// What clients see is the same wherever Handover stands.
fn assert_serves(address: SocketAddr) {
    let page = ask(address, "POST", "/v1/things?x=1", "hello");
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.text().starts_with("POST /v1/things?x=1 host=app.example client=127.0.0.1 for="),
        "{}",
        page.text()
    );
    assert!(page.text().ends_with("body=hello"), "{}", page.text());
    let file = ask(address, "GET", "/style.css", "");
    assert_eq!((file.status, file.text().as_str()), (200, "p { color: red }"));
}

#[test]
fn in_front_of_nginx() {
    let world = World::start();
    let nginx = local();
    let _nginx = Nginx::with_site(&world.example("front.nginx.conf", &[("127.0.0.1:8000", nginx)]), nginx);
    let routes = world.example("front.toml", &[("127.0.0.1:8000", nginx)]);
    let proxy = Handover::start(env!("CARGO_BIN_EXE_handover"), &without_listen(&routes));
    assert_serves(proxy.http());
    let page = ask(proxy.http(), "GET", "/", "").text();
    assert!(!page.contains("203.0.113.7"), "what a client says of itself reaches nobody: {page}");
}

#[test]
fn behind_nginx() {
    let world = World::start();
    let routes = world.example("behind.toml", &[]);
    let proxy = Handover::start(env!("CARGO_BIN_EXE_handover"), &without_listen(&routes));
    let nginx = local();
    let ports = [("0.0.0.0:8000", nginx), ("127.0.0.1:8080", proxy.http())];
    let _nginx = Nginx::with_site(&world.example("behind.nginx.conf", &ports), nginx);
    assert_serves(nginx);
    let page = ask(nginx, "GET", "/index.php", "").text();
    assert!(page.contains("for=127.0.0.1"), "nginx says who asks: {page}");
}

/// A front controller as most have it: nginx rewrites the path before it asks PHP.
const FRONT_CONTROLLER: &str = "server {
    listen @NGINX@;
    root @ROOT@;
    index index.php;
    location / { try_files $uri $uri/ /index.php?$query_string; }
    location ~ \\.php$ {
        fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
        try_files $fastcgi_script_name =404;
        set $path_info $fastcgi_path_info;
        fastcgi_param PATH_INFO $path_info;
        include /etc/nginx/fastcgi.conf;
        fastcgi_pass @FASTCGI@;
    }
    location ~ /\\. { deny all; }
}
";

#[test]
fn behind_nginx_with_the_lines_that_init_prints() {
    let world = World::start();
    let nginx = local();
    let site = FRONT_CONTROLLER
        .replace("@NGINX@", &nginx.to_string())
        .replace("@ROOT@", &world.php.root().to_string_lossy())
        .replace("@FASTCGI@", world.php.address());
    let folder = process::folder("init");
    process::write(folder.path().join("site"), &site);
    let said = init(folder.path(), &["site", "--place", "behind"]);
    assert!(said.status.success() && said.stderr.is_empty(), "nothing of it is lost: {said:?}");
    let routes = std::fs::read_to_string(folder.path().join("routes.toml")).unwrap();
    assert!(routes.contains("static = false") && routes.contains("# version = "), "{routes}");
    let proxy = Handover::start(env!("CARGO_BIN_EXE_handover"), &without_listen(&routes));

    let said = String::from_utf8_lossy(&said.stdout);
    let printed: Vec<&str> = said.lines().filter(|line| line.trim_start().starts_with("proxy_")).collect();
    let (before, rest) = site.split_once("        fastcgi_split_path_info").unwrap();
    let (_, after) = rest.split_once("fastcgi_pass").unwrap();
    let (_, after) = after.split_once(';').unwrap();
    let lines = printed.join("\n").replace("127.0.0.1:8080", &proxy.http().to_string());
    let _nginx = Nginx::with_site(&format!("{before}{lines}{after}"), nginx);
    assert_serves(nginx);
    let page = ask(nginx, "GET", "/a%2Fb?x=%20", "").text();
    assert!(page.starts_with("GET /a%2Fb?x=%20 "), "PHP sees what the client sent: {page}");
}

#[test]
fn instead_of_nginx_with_a_file_made_from_its_site() {
    let world = World::start();
    let folder = process::folder("init");
    let site = folder.path().join("app.conf");
    process::write(
        &site,
        world
            .example("instead.nginx.conf", &[])
            .replace("include fastcgi_params;", "include /etc/nginx/fastcgi_params;"),
    );
    let said = init(folder.path(), &["app.conf"]);
    assert!(said.status.success(), "{said:?}");
    let routes = std::fs::read_to_string(folder.path().join("routes.toml")).unwrap();
    for line in [
        "http = \"0.0.0.0:8000\"",
        "body_max = \"64MiB\"",
        "read_timeout = \"30s\"",
        "APP_ENV = \"production\"",
    ] {
        assert!(routes.contains(line), "{line} in\n{routes}");
    }
    let proxy = Handover::start(env!("CARGO_BIN_EXE_handover"), &without_listen(&routes));
    assert_serves(proxy.http());
    assert!(ask(proxy.http(), "GET", "/", "").text().contains("env=production"));
    assert!(!ask(proxy.http(), "GET", "/.env", "").text().contains("SECRET"), "dotfiles stay hidden");
    let again = init(folder.path(), &["app.conf"]);
    assert!(!again.status.success(), "a file that is there is not overwritten");
    drop(world.app);
}

#[test]
fn an_access_rule_that_would_be_lost_stops_it() {
    let folder = process::folder("init");
    let site = |rule: &str| {
        let text = format!(
            "server {{\n  listen 80;\n  root /srv/app;\n  {rule}\n  location ~ \\.php$ {{ fastcgi_pass unix:/run/x.sock; }}\n}}\n"
        );
        process::write(folder.path().join("site"), text);
    };
    for rule in [
        "allow 10.0.0.0/8;",
        "auth_basic \"staff\";",
        "location /admin/ { internal; }",
        "location /a/ { auth_request /check; }",
        "auth_digest_user_file /etc/staff;",
        "location /b { deny all; }",
        "location /b { limit_except GET { deny all; } }",
        "if ($http_x_secret != x) { return 403; }",
        "location /private/ { return 404; }",
        "ssl_verify_client on;",
    ] {
        site(rule);
        let said = init(folder.path(), &["site"]);
        let error = String::from_utf8_lossy(&said.stderr);
        assert!(error.contains("site:4: access rule: "), "{rule}: {error}");
        assert_eq!(said.status.code(), Some(1), "{rule}");
        assert!(!folder.path().join("routes.toml").exists(), "{rule}");
        assert_eq!(init(folder.path(), &["site", "--place", "front"]).status.code(), Some(1), "{rule}");
        let behind = init(folder.path(), &["site", "--place", "behind", "--print"]);
        assert_eq!(behind.status.code(), Some(0), "nginx goes on keeping it: {behind:?}");
    }
    site(
        "location ~ /\\. { deny all; }\n  gzip on;\n  location = /a.php { fastcgi_param E x; }\n  \
         location = /b.php { fastcgi_param E x; }",
    );
    let said = init(folder.path(), &["site", "--print"]);
    assert_eq!(said.status.code(), Some(0), "dotfiles are never shown here: {said:?}");
    assert!(String::from_utf8_lossy(&said.stderr).contains("site:5: not translated: gzip on"), "{said:?}");
}

#[test]
fn a_pool_s_file_and_an_upstream_are_understood() {
    let folder = process::folder("init");
    let pool = "; a pool\n[shop]\nuser = www-data\nlisten = /run/php/shop.sock\npm = static\npm.max_children = 12\nrequest_terminate_timeout = 30\n";
    process::write(folder.path().join("shop.conf"), pool);
    let said = init(folder.path(), &["shop.conf", "--print"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("--root"), "{said:?}");
    let said = init(folder.path(), &["shop.conf", "--root", "/srv/shop/public", "--print"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    for line in [
        "[legacy.shop]",
        "fastcgi = \"unix:/run/php/shop.sock\"",
        "connections_max = 12",
        "read_timeout = \"30s\"",
    ] {
        assert!(text.contains(line), "{line} in\n{text}\n{said:?}");
    }

    let site = "upstream app { server 127.0.0.1:9501; }\nserver {\n  listen 8000;\n  location / { proxy_pass http://app; }\n  \
        location /reports/ { proxy_pass http://127.0.0.1:9600; }\n}\n";
    process::write(folder.path().join("site"), site);
    let said = init(folder.path(), &["site", "--print"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    for line in [
        "http = \"http://127.0.0.1:9501\"",
        "[legacy.reports]",
        "match = \"* /reports/{*rest}\"",
        "default = true",
    ] {
        assert!(text.contains(line), "{line} in\n{text}\n{said:?}");
    }
}

fn init(folder: &Path, arguments: &[&str]) -> Output {
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_handover"));
    Command::new(binary).arg("init").args(arguments).current_dir(folder).output().expect("it runs")
}

#[test]
fn every_place_s_example_is_good() {
    for name in ["front.toml", "behind.toml"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/places").join(name);
        let checked = Command::new(env!("CARGO_BIN_EXE_handover"))
            .args(["check", "--config"])
            .arg(&file)
            .output()
            .expect("it runs");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}
