//! Faults of routes.

use super::assert_faults;

#[test]
fn each_fault_of_what_a_route_may_take_is_found() {
    assert_faults(&[(
        "L[[route]]\nname = 'a'\nmatch = 'GET /'\nlimits = { concurrency = 0, body = 'much', rate = { requests = 0 } }\n",
        &[
            "6:26 there must be at least one",
            "6:36 `much` is no size (write it like \"64KiB\", \"8MiB\" or \"1GiB\")",
            "6:64 there must be at least one",
        ],
    )]);
}

#[test]
fn each_fault_of_a_route_is_found() {
    assert_faults(&[
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
    ]);
}
