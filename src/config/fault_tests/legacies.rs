//! Faults of legacies.

use super::assert_faults;

#[test]
fn each_fault_of_a_legacy_is_found() {
    assert_faults(&[
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
    ]);
}
