//! Faults of the file itself, and of what is said of the whole process.

use super::assert_faults;

#[test]
fn each_fault_of_the_file_is_found() {
    assert_faults(&[
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
    ]);
}

#[test]
fn each_fault_of_what_serves_clients_is_found() {
    assert_faults(&[
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
    ]);
}
