//! Faults of Kafka, the spool, hot tables and S3.

use super::assert_faults;

#[test]
fn each_fault_of_kafka_is_found() {
    assert_faults(&[
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
    ]);
}

#[test]
fn each_fault_of_tables_and_s3_is_found() {
    assert_faults(&[
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
    ]);
}
