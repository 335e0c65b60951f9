//! Files and what is wrong with them.

use super::tests::{LEGACY, check};

/// Each fault as `line:column message (hint)`.
fn faults(text: &str) -> Vec<String> {
    check(text).map_or_else(|faults| faults.lines(), |_| Vec::new())
}

#[test]
fn a_fault_is_shown_with_its_line_a_caret_and_a_hint() {
    let text = format!(
        "{LEGACY}\n[[route]]\nname = \"a\"\nmatch = \"POST /é\"\nstge = \"shadow\"\n[[route]]\nname = \"a\"\nmatch = \"GET /\"\n"
    );
    let shown = r#"error: `é` cannot stand in a path's literal part
 --> routes.toml:6:9
  |
6 | match = "POST /é"
  |         ^^^^^^^^^
  |
  = help: letters, digits and -._~!$&'()*+,;=:@ (RFC 3986 §3.3); the rest by a capture

error: unknown key `stge`
 --> routes.toml:7:1
  |
7 | stge = "shadow"
  | ^^^^
  |
  = help: did you mean `stage`?

error: there are two routes `a`
 --> routes.toml:9:8
  |
5 | name = "a"
  |        --- the other one
...
9 | name = "a"
  |        ^^^"#;
    assert_eq!(check(&text).unwrap_err().to_string(), shown);
}

#[test]
fn programs_get_the_same_faults() {
    let faults = check("[legacy.a]\nhttp = 'ftp://x'\n").unwrap_err();
    let shown = serde_json::json!([{
        "severity": "error", "file": "routes.toml", "line": 2, "column": 8,
        "message": "`ftp://x` is no HTTP backend's address",
        "hint": "\"http://127.0.0.1:9501\" or \"unix:/run/app.sock\"",
    }]);
    assert_eq!(serde_json::to_value(faults.shown()).unwrap(), shown);
}

#[test]
fn each_fault_is_found_and_nothing_that_only_follows_from_it() {
    let rows: &[(&str, &[&str])] = &[
        // Syntax.
        (
            "x = \n[legacy.a\n",
            &[
                "1:4 string values must be quoted, expected literal string",
                "2:9 unclosed table, expected `]`",
            ],
        ),
        ("[legacy.a]\nhttp = 'http://a'\nhttp = 'http://b'\n", &["3:1 duplicate key"]),
        // Keys and types.
        ("[legacy.a]\nhtpt = 'http://a'\n", &["2:1 unknown key `htpt` (did you mean `http`?)"]),
        (
            "[legacy.a]\nhttp = 3\n",
            &["2:8 this is the integer `3`, but a string or a list of upstreams belongs here"],
        ),
        ("workers = -1\nL", &["1:11 this is the integer `-1`, but a whole number from 0 on belongs here"]),
        ("workers = 0\nL", &["1:11 there must be at least one"]),
        (
            "zzz = 1\nL",
            &[
                "1:1 unknown key `zzz` (known here: include, state, workers, blocking_threads, listen, admin, forwarded, limits, cache, access_log, traces, explain, shutdown, legacy, kafka, spool, review, s3, table, route)",
            ],
        ),
        (
            "L[route]\nname = 'a'\n",
            &[
                "3:1 this is a table, but a list belongs here (a list of tables has double brackets, like `[[route]]`)",
            ],
        ),
        // Environment.
        (
            "state = '${NO_SUCH}'\nL",
            &["1:9 the environment has no `NO_SUCH` (set it, or give a default: `${NO_SUCH:-…}`)"],
        ),
        (
            "[legacy.a]\nhttp = '${NO_SUCH}'\n",
            &["2:8 the environment has no `NO_SUCH` (set it, or give a default: `${NO_SUCH:-…}`)"],
        ),
        // What is believed and borne of clients.
        (
            "[forwarded]\ntrusted = ['10.0.0.0/40']\nrequest_id = 'Host'\nL",
            &[
                "2:12 `10.0.0.0/40` is no address or network (an address, or a network like \"10.0.0.0/8\" or \"fd00::/8\")",
                "3:14 `Host` cannot carry a request's id (a field like \"X-Request-Id\")",
            ],
        ),
        (
            "[limits]\nhead = '64KiB'\nfields = 101\nL",
            &[
                "2:8 `64KiB` is more than 65535 bytes (write it like \"32KiB\")",
                "3:10 a head has at most 100 fields",
            ],
        ),
        // What is told of requests.
        (
            "[access_log]\nto = 'syslog'\nform = 'yaml'\n[explain]\nfield = 'Host'\nL",
            &[
                "2:6 `syslog` is nothing to log to (\"stdout\", \"stderr\" or \"file:PATH\")",
                "3:8 unknown value `yaml` (known here: json, text)",
                "5:9 `Host` cannot say why (a field like \"X-Request-Id\")",
            ],
        ),
        (
            "[explain]\nforce = { field = 'X-Stage', key_file = '/dev/null' }\nL",
            &["2:41 the key has less than 16 bytes (make one: openssl rand -hex 32)"],
        ),
        // What a route may take.
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /'\nlimits = { concurrency = 0, body = 'much', rate = { requests = 0 } }\n",
            &[
                "6:26 there must be at least one",
                "6:36 `much` is no size (write it like \"64KiB\", \"8MiB\" or \"1GiB\")",
                "6:64 there must be at least one",
            ],
        ),
        // Listen.
        (
            "[listen]\nhttp = ':80'\nL",
            &[
                "2:8 `:80` is no address to listen on (write \"127.0.0.1:80\", or \"0.0.0.0:80\" for all interfaces)",
            ],
        ),
        (
            "[listen]\nhttp = '127.0.0.1:80'\nadmin = '127.0.0.1:80'\nL",
            &["3:9 127.0.0.1:80 is where clients connect"],
        ),
        (
            "[listen]\nadmin = '0.0.0.0:8081'\nL",
            &[
                "2:9 whoever can connect to 0.0.0.0:8081 could change stages (keep it on 127.0.0.1, or have people log in: [admin] users = \"admin-users\")",
            ],
        ),
        (
            "[listen]\nhttp = '0.0.0.0:80'\nhttps = '0.0.0.0:80'\nL",
            &[
                "3:9 0.0.0.0:80 is listened on already",
                "3:9 TLS needs a certificate (add  tls = { cert_file = \"…\", key_file = \"…\" })",
            ],
        ),
        (
            "[listen]\ntls = { cert_file = 'a', key_file = 'b', client_auth = 'required' }\nL",
            &[
                "2:7 nothing is listened on for TLS (add  https = \"0.0.0.0:8443\")",
                "2:56 no client certificate can be verified (say who signs them: client_ca_file = \"…\")",
            ],
        ),
        (
            "[listen]\nproxy_protocol = { from = ['10.0.0.0/8', '::1', '10.0.0.0/33'] }\nL",
            &[
                "2:49 `10.0.0.0/33` is no address or network (an address, or a network like \"10.0.0.0/8\" or \"fd00::/8\")",
            ],
        ),
        ("[listen]\nhttp = ['0.0.0.0:80', '0.0.0.0:80']\nL", &["2:23 0.0.0.0:80 is listened on already"]),
        // What is kept.
        (
            "L[cache]\nsize = '1MiB'\n",
            &[
                "3:1 no route asks for a cache (write `cache = true` into the routes whose answers are to be kept)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'POST /'\ncache = true\n[cache]\nsize = '1MiB'\nentry_max = '1MiB'\n",
            &[
                "6:9 only answers to GET are kept, which this route does not match",
                "9:13 more than an eighth of what all of them may take",
            ],
        ),
        // Legacies.
        (
            "[legacy.a]\nfastcgi = '127.0.0.1:9000'\nroot = '/srv'\ntunnel_timeout = '1h'\n",
            &["4:18 only an HTTP backend has this"],
        ),
        (
            "[legacy.a]\nhttp = ['http://a', { url = 'http://b', weight = 0 }, 'http://a:80', 'b/c']\n",
            &[
                "2:50 a weight is a number from 1 to 1000",
                "2:55 a:80 is there twice (give one of them more `weight` instead)",
                "2:70 `b/c` is no HTTP backend's address (\"http://127.0.0.1:9501\" or \"unix:/run/app.sock\")",
            ],
        ),
        ("[legacy.a]\nhttp = []\n", &["2:8 a legacy has from 1 to 64 upstreams"]),
        (
            "[legacy.a]\nhttp = 'http://a'\nhealth_check = { path = 'a b', host = '', interval = '0s' }\n",
            &[
                "3:25 `a b` is no path (it begins with a slash: \"/healthz\")",
                "3:39 `` is no host",
                "3:54 a duration of zero (write it like \"250ms\", \"5s\" or \"1h 30m\")",
            ],
        ),
        (
            "[legacy.a]\nhttp = 'http://a'\nhealth_check = {}\ncircuit_breaker = { failures = 0 }\n",
            &[
                "3:16 `path` is missing (what upstreams are asked: `path = \"/healthz\"`)",
                "4:32 there must be at least one",
            ],
        ),
        (
            "[legacy.a]\nhttp = 'http://a'\nrewrite = ['http://old', 'old:80', 'http://old/x']\n",
            &[
                "3:26 `old:80` is no origin (write scheme, host and port: \"http://old.internal:8080\")",
                "3:36 `http://old/x` is no origin (write scheme, host and port: \"http://old.internal:8080\")",
            ],
        ),
        (
            "",
            &[
                "there is no legacy: nothing answers what no route matches (add one, for example:\n[legacy.monolith]\nhttp = \"http://127.0.0.1:9501\")",
            ],
        ),
        (
            "[legacy.a]\n",
            &[
                "1:1 nothing says where this legacy is (say where it is: `fastcgi = \"unix:…\"`, `http = \"http://…\"` or `managed = { root = \"…\" }`)",
            ],
        ),
        (
            "[legacy.a]\nhttp = 'http://a'\nfastcgi = 'a:9000'\n",
            &["3:11 a legacy is spoken to in one way (take all but one out)"],
        ),
        (
            "[legacy.a]\nfastcgi = 'a:9000'\n",
            &["1:1 `root` is missing (the folder of the front controller, as php-fpm sees it)"],
        ),
        (
            "[legacy.a]\nfastcgi = 'a'\nroot = '/x'\n",
            &["2:11 `a` is no socket's address (\"unix:/run/php/php-fpm.sock\" or \"127.0.0.1:9000\")"],
        ),
        (
            "[legacy.a]\nfastcgi = 'a:1'\nroot = '/x'\nscript = '../x.php'\n",
            &[
                "4:10 `../x.php` is no script under the root (write it relative to `root`, like \"index.php\" or \"admin/index.php\")",
            ],
        ),
        (
            "[legacy.a]\nhttp = 'http://a/b'\n",
            &[
                "2:8 a path behind the address: paths reach legacy as clients send them (\"http://127.0.0.1:9501\" or \"unix:/run/app.sock\")",
            ],
        ),
        ("[legacy.a]\nhttp = 'http://a'\nroot = '/x'\n", &["3:8 only a FastCGI backend has this"]),
        (
            "[legacy.a]\nmanaged = { children = 2 }\n",
            &["2:11 `root` is missing (the folder of the front controller)"],
        ),
        (
            "[legacy.a]\nmanaged = { root = 'x', children = 2 }\nconnections_max = 3\n",
            &[
                "3:19 more connections than the 2 children that answer them (leave it out, or raise `managed.children`)",
            ],
        ),
        (
            "L[legacy.b]\nhttp = 'http://b'\n",
            &[
                "3:1 there are several legacies, and none is the default (write `default = true` into the one that answers what no route matches)",
            ],
        ),
        (
            "Ldefault = true\n[legacy.b]\nhttp = 'http://b'\ndefault = true\n",
            &["6:11 two legacies are the default"],
        ),
        (
            "[legacy.'a b']\nhttp = 'http://a'\n",
            &[
                "1:1 `a b` is no name for a legacy (at most 64 letters, digits, `-`, `_` and `.`, beginning with a letter or digit)",
            ],
        ),
        (
            "Lread_timeout = '5'\n",
            &["3:16 `5` is no duration (write it like \"250ms\", \"5s\" or \"1h 30m\")"],
        ),
        // Kafka.
        ("L[kafka.k]\n", &["3:1 `bootstrap` is missing (brokers to begin with: [\"b-1.example:9096\"])"]),
        ("L[kafka.k]\nbootstrap = []\n", &["4:13 there must be at least one broker"]),
        (
            "L[kafka.k]\nbootstrap = 'k'\n",
            &["4:13 `k` is no broker's address (a name and a port, like \"b-1.example:9096\")"],
        ),
        (
            "L[spool]\nsize_max = '1MiB'\n",
            &[
                "4:12 too small for a spool (at least \"64MiB\": every eighth of it is a file, and half of one the \
                 largest frame)",
            ],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nack = 'none'\n",
            &["5:7 unknown value `none` (known here: delivered, spool, memory)"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nauth = { plain = { user = 'u', password = 'p' } }\n",
            &[
                "5:32 unknown key `password` (secrets do not stand in this file: name the file that holds it, as in `password_file`)",
            ],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nauth = { plan = { user = 'u' } }\n",
            &["5:10 unknown value `plan` (did you mean `plain`?)"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nca_file = 'x'\n",
            &["5:11 certificates without TLS (add `tls = true`)"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nauth = { iam = {} }\n",
            &[
                "5:8 the brokers' names have no region in them (give it: `auth = { iam = { region = \"eu-west-1\" } }`)",
            ],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\ntls = false\nauth = { iam = { region = 'eu west' } }\n",
            &["5:7 iam without TLS", "6:27 `eu west` is no region: \"eu-west-1\" is one"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nregistry = { url = 'registry:8081' }\n",
            &[
                "5:20 `registry:8081` is no address of a registry (its address: \"https://registry.example:8081\")",
            ],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nregistry = { url = 'https://u:p@r' }\n",
            &[
                "5:20 secrets do not stand in this file (give them by `login = { user = \"…\", password_file = \"…\" }`)",
            ],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\n[kafka.k.topic.t]\nschema = 7\n",
            &["6:10 a schema of no registry (add `registry = { url = \"https://…\" }` to the cluster)"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nregistry = { url = 'https://r' }\n[kafka.k.topic.t]\nsubject = 's'\n",
            &["7:11 `subject` without a schema (add `schema = \"latest\"`)"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nregistry = { url = 'https://r' }\n[kafka.k.topic.t]\nschema = { register = 'a.xml' }\n",
            &[
                "7:10 this is no file of a schema (its name must end in .avsc (Avro), .json (JSON Schema) or .proto)",
            ],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\nregistry = { url = 'https://r' }\n[kafka.k.topic.t]\nschema = 'newest'\n",
            &["7:10 this is neither \"latest\", the id of a schema nor { register = \"a file\" }"],
        ),
        (
            "L[kafka.k]\nbootstrap = 'k:1'\ndead_letter = 'dead letters'\n",
            &["5:15 `dead letters` is no topic (1 to 249 of a-z A-Z 0-9 . _ -)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nidempotency = { key = 'event-id' }\n",
            &[
                "6:15 idempotency without a native side (legacy answers as it always did)",
                "6:15 `window` is missing (for how long: \"10m\")",
                "6:23 `event-id` names no header field (write it like \"header:event-id\")",
            ],
        ),
        // Tables and S3.
        (
            "L[table.t]\n",
            &[
                "3:1 `source` is missing (where it comes from: \"s3://bucket/airports.csv\" or \"file:data/airports.csv\")",
                "3:1 `key` is missing (the column that rows are looked up by)",
            ],
        ),
        (
            "L[table.t]\nsource = 's3:/x'\nkey = 'k'\n",
            &["4:10 `s3:/x` is no table's source (\"s3://bucket/key\" or \"file:PATH\")"],
        ),
        (
            "L[table.t]\nsource = 'file:x'\nkey = 'k'\nmax_age = '1m'\n",
            &[
                "6:11 the table would be too old before it is refreshed (give it some refreshes' time, since one may fail)",
            ],
        ),
        (
            "L[s3]\nendpoint = '127.0.0.1'\n",
            &["4:12 `127.0.0.1` is no URL of an endpoint (like \"http://127.0.0.1:7070\")"],
        ),
        // Routes.
        (
            "L[[route]]\n",
            &[
                "3:1 `name` is missing (what logs, metrics and commands call the route)",
                "3:1 `match` is missing (method and path: \"POST /v1/events\")",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = '/a'\n",
            &["5:9 no method before the path (write `GET /a`, or `* /a` for every method but OPTIONS)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nstage = 'shaddow'\n",
            &["6:9 unknown value `shaddow` (did you mean `shadow`?)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nstage = 'shadow'\n",
            &["6:9 stage shadow needs something native (name its handler: `native = \"…\"`)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /'\nshadow = { observe = ['rows'] }\n",
            &[
                "6:23 nobody is registered in this binary who sees legacy's effects of the kind `rows` (register one by `Proxy::builder().observes(\"rows\", …)`, or run the binary that does)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\ncandidate = 'b'\nrepeatable = true\n",
            &["6:13 there is no legacy `b` (there is a)"],
        ),
        (
            "Ldefault = true\n[legacy.b]\nhttp = 'http://b'\n[[route]]\nname = 'a'\nmatch = 'GET /a'\nlegacy = 'b'\ncandidate = 'b'\n",
            &[
                "10:13 its legacy cannot take its own place (name another `[legacy.NAME]`)",
                "10:13 both legacies would do what a request asks for (say `repeatable = true` where asking twice changes nothing, or give the candidate a `dry_run`)",
            ],
        ),
        (
            "Ldefault = true\n[legacy.b]\nhttp = 'http://b'\ndry_run = 'X-Dry: 1'\n[[route]]\nname = 'a'\nmatch = 'GET /a'\nlegacy = 'a'\ncandidate = 'b'\nnative = 'list'\nstage = 'retired'\nshadow = { inject = { id = 'json:/id' } }\n",
            &[
                "12:10 either native takes legacy's place or a `candidate` does",
                "13:9 write the candidate as the route's `legacy`: there is nobody else to retire to",
                "14:10 `effects`, `observe` and `inject` are for a native side: of two legacies only answers are compared",
            ],
        ),
        (
            "Ldefault = true\n[legacy.b]\nhttp = 'http://b'\n[[route]]\nname = 'a'\nmatch = 'GET /a'\ncandidate = 'b'\nrepeatable = true\nshadow = { observe = ['seats'] }\n",
            &[
                "11:10 `effects`, `observe` and `inject` are for a native side: of two legacies only answers are compared",
                "11:23 nobody is registered in this binary who sees legacy's effects of the kind `seats` (register one by `Proxy::builder().observes(\"seats\", …)`, or run the binary that does)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nshadow = { noise = 0.1 }\n",
            &[
                "6:20 noise is learned by asking legacy once more (say `repeatable = true` where asking twice changes nothing)",
            ],
        ),
        (
            "[legacy.a]\nhttp = 'http://a'\ndry_run = 'X-Dry: 1'\n[[route]]\nname = 'a'\nmatch = 'GET /a'\nshadow = { noise = 0.1 }\n",
            &[
                "7:20 noise is learned by asking legacy once more (say `repeatable = true` where asking twice changes nothing)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nnative = 'lst'\n",
            &["6:10 no handler `lst` is registered in this binary (did you mean `list`?)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nnative = 'other'\n",
            &[
                "6:10 no handler `other` is registered in this binary (register it by `Proxy::builder().handler(\"other\", …)`, or run the binary that does)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nnative = 'list'\nstage = 'canary'\n",
            &[
                "7:9 stage canary needs a share (say how many: `canary = { share = 0.05, sticky = \"cookie:PHPSESSID\" }`)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\ncanary = { share = 5, sticky = 'cookie' }\n",
            &[
                "6:20 5 is no share (a share is a number from 0 to 1; 5 % is 0.05)",
                "6:32 `cookie` is nothing that stays the same for a client (what keeps a client on its side: \"cookie:NAME\", \"header:NAME\" or \"ip\")",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nlegacy = 'b'\n",
            &["6:10 there is no legacy `b` (there is a)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nkafka = 'b'\n",
            &["6:9 there is no Kafka cluster `b` (there is no Kafka cluster at all)"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nhost = 'a.example:80'\n",
            &["6:8 `a.example:80` is no host (a name without port and wildcard, like \"api.example.com\")"],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\n[[route]]\nname = 'b'\nmatch = 'POST|GET /a'\n",
            &[
                "8:9 another route matches the same requests (take one out, or let them differ in method, host or headers)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /x{a}'\n[[route]]\nname = 'b'\nmatch = 'GET /{b}y'\n",
            &[
                "8:9 `/{b}y` and `/x{a}` cannot be told apart (within one segment, captures with different prefixes and suffixes cannot stand side by side)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\ngate = { samples = 0 }\nforce = ' '\nrollback = { over = '1m', latency = 0.5 }\n",
            &[
                "6:20 `samples`: there must be at least one",
                "7:9 a force says why (the ledger keeps it: `force = \"…\"`)",
                "8:37 native would have to be faster than legacy (2.0 is twice as long as legacy)",
            ],
        ),
        (
            "L[[route]]\nname = 'a'\nmatch = 'GET /a'\nshadow = { sample = 3, ignore = [{ path = 'x', author = 'a' }] }\n",
            &["6:21 `sample`: 3 is no share: write a number from 0 to 1", "6:34 `reason` is missing"],
        ),
    ];
    for (text, expected) in rows {
        // `L` stands for a legacy that is right.
        let text = match text.find('L') {
            Some(at) if at == 0 || text[..at].ends_with('\n') => {
                [&text[..at], LEGACY, &text[at + 1..]].concat()
            }
            _ => (*text).to_owned(),
        };
        assert_eq!(faults(&text), *expected, "\n{text}");
    }
}

#[test]
fn a_warning_does_not_stop_anything() {
    let kafka = "[kafka.k]\nbootstrap = ['k:1']\nauth = { plain = { user = 'u', password_file = 'p' } }\ntls = false\n";
    let checked = check(&format!("{kafka}{LEGACY}")).unwrap();
    assert_eq!(checked.warnings.lines(), ["4:7 the password goes over the network as it is"]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(\\[\\[?(route|legacy\\.a|kafka\\.k|listen)\\]\\]?\n|(name|match|http|shadow|stage|auth|bootstrap) = (['\"\\[{]?[a-z:/${}%é\\n,= 0-9]{0,12}['\"\\]}]?)\n|\\PC{0,6}\n){0,12}") {
        if let Err(faults) = check(&text) {
            proptest::prop_assert!(!faults.is_empty() && !faults.render(true).is_empty());
        }
    }
}
