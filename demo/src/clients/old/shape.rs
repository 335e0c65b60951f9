//! Oddities of the whole record: wrappers, names, doubled fields, bodies that are no record.

use super::{Change::*, Oddity};
use crate::clients::{Draft, draft::Format};

pub(super) const ODDITIES: &[Oddity] = &[
    Oddity {
        rules: "F002",
        change: Do(|draft, _| draft.body = Some(format!("[{}]", text_of(draft)).into_bytes())),
    },
    Oddity {
        rules: "F002 F005 F011",
        change: Do(|draft, _| draft.body = Some(format!("[{},{0}]", text_of(draft)).into_bytes())),
    },
    Oddity {
        rules: "F003",
        change: Do(|draft, rng| {
            json(draft);
            draft.body = Some(
                rng.pick(&["{}", "[]", "{\"flight\":{}}", "[[]]", "{\"flight\":[]}"]).as_bytes().to_vec(),
            );
        }),
    },
    Oddity {
        rules: "F004",
        change: Do(|draft, _| (0..61).for_each(|n| draft.fields.push((format!("extra_{n}"), n.to_string())))),
    },
    Oddity {
        rules: "F005",
        change: Do(|draft, rng| {
            draft.fields.push((rng.pick(&["0", "7", "-3", "12"]).to_string(), "\"x\"".into()))
        }),
    },
    Oddity {
        rules: "F006",
        change: Do(|draft, _| draft.fields.iter_mut().for_each(|(name, _)| *name = name.to_uppercase())),
    },
    Oddity {
        rules: "F006 F008",
        change: Do(|draft, _| draft.fields.iter_mut().for_each(|(name, _)| *name = name.replace('_', "-"))),
    },
    Oddity {
        rules: "F007",
        change: Do(|draft, _| {
            for (name, _) in &mut draft.fields {
                let old = match name.as_str() {
                    "origin" => "from",
                    "dest" => "to",
                    "carrier" => "Airline",
                    "flight" => "flight no",
                    "tailnum" => "tail",
                    "dep_time" => "dep",
                    "distance" => "miles",
                    _ => continue,
                };
                old.clone_into(name);
            }
        }),
    },
    Oddity {
        rules: "F008",
        change: Set(&["utm_source", "caf\u{e9}"], &[&["1", ""], &["\"x\"", "null"], &["", "[1]"]]),
    },
    Oddity {
        rules: "F009",
        change: Do(|draft, rng| {
            let (name, other) = rng.pick(&[
                ("Carrier", "\"XX\""),
                ("DEST", "null"),
                ("Flight", "\"1e3\""),
                ("distance ", "80"),
                ("Origin", "[\"JFK\"]"),
                ("YEAR", "\"2013.0\""),
                ("Sched-Dep-Time", "0"),
                ("Month", "true"),
                ("Day", "\"\""),
            ]);
            draft.fields.push((name.to_owned(), other.to_owned()));
        }),
    },
    Oddity {
        rules: "F009",
        change: Do(|draft, rng| {
            let (name, source) = draft.fields[rng.below(draft.fields.len())].clone();
            draft.fields.push((name.to_uppercase(), source));
        }),
    },
    Oddity {
        rules: "F010",
        change: Do(|draft, rng| {
            let at = rng.below(draft.fields.len());
            let source = &mut draft.fields[at].1;
            *source = format!("[{source}]");
        }),
    },
    Oddity {
        rules: "F011",
        change: Set(
            &["dest"],
            &[&["[\"ATL\",\"ORD\"]"], &["{}"], &["{\"faa\":\"ATL\"}"], &["[null]"], &["[[\"ATL\"]]"]],
        ),
    },
    Oddity { rules: "F011", change: Set(&["flight"], &[&["[1,2.50,1e25,\"\\u00e9\",{\"a\":[]}]"], &["[]"]]) },
    Oddity {
        rules: "F012",
        change: Set(
            &["flight", "source"],
            &[&["true", ""], &["false", ""], &["1", "true"], &["12", "false"]],
        ),
    },
    Oddity {
        rules: "",
        change: Do(|draft, rng| {
            json(draft);
            let body = rng.pick::<&[u8]>(&[
                b"{\"carrier\":\"UA\"",
                b"",
                b"null",
                b"\"text\"",
                b"12",
                b"{'carrier':'UA'}",
                b"{\"a\":01}",
                b"{\"a\":1,}",
                b"TRUE",
                b"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
                b"{\"a\":\"\\ud800\"}",
                b"{\"a\":\"\x01\"}",
                b"{\"\\u0000a\":1}",
                b" \r\n{\"carrier\":\"UA\"}\t",
            ]);
            draft.body = Some(body.to_vec());
        }),
    },
    Oddity {
        rules: "F013",
        change: Do(|draft, _| {
            (draft.latin1, draft.body) =
                (true, Some(b"{\"carrier\":\"\xe9\xe8\",\"remarks\":\"\xfc\"}".to_vec()))
        }),
    },
    Oddity {
        rules: "",
        change: Do(|draft, rng| {
            draft.content_type = Some(
                rng.pick(&[
                    "text/plain",
                    "application/xml",
                    "json",
                    "application/JSON-seq",
                    "x/json;charset=latin1",
                    "",
                ])
                .to_string(),
            )
        }),
    },
    Oddity { rules: "", change: Do(|draft, _| draft.set("remarks", &format!("\"{}\"", "x".repeat(66_000)))) },
    Oddity {
        rules: "F200",
        change: Do(|draft, rng| {
            draft.query = rng
                .pick(&[
                    "strict=1",
                    "strict=false",
                    "strict=0",
                    "strict",
                    "strict[]=x",
                    "source=ops",
                    "source[]=ops",
                    "source=paper&strict=on",
                ])
                .to_string()
        }),
    },
];

fn json(draft: &mut Draft) {
    draft.format = Format::Json;
    draft.content_type = Some("application/json".to_owned());
}

fn text_of(draft: &mut Draft) -> String {
    json(draft);
    String::from_utf8_lossy(&draft.clone().request().body).into_owned()
}
