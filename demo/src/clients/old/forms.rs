//! Oddities of single values: encodings, blanks, words for nothing, old forms of dates, times, numbers and flags.

use super::{Change::*, Oddity};

pub(super) const ODDITIES: &[Oddity] = &[
    Oddity {
        rules: "F013 F174",
        change: Do(|draft, rng| {
            draft.latin1 = true;
            draft.set(
                "remarks",
                rng.pick(&[
                    "\"d\u{e9}j\u{e0} vu\"",
                    "\"\u{fc}ber \u{20ac} \u{e9}\"",
                    "\"na\u{ef}ve <b>\u{e9}\"",
                ]),
            );
            draft.set("crew", "[\"ren\u{e9}e o'neill\",\"j\u{fc}rgen\"]");
        }),
    },
    Oddity {
        rules: "F014",
        change: Do(|draft, rng| {
            let wrap = rng.pick(&["  {}\\t", "'{}'", "\\\"{}\\\"", "{} ", "\\u0000{}\\n", "\u{a0}{}"]);
            let name =
                rng.pick(&["carrier", "dest", "origin", "flight", "dep_time", "sched_dep_time", "tailnum"]);
            let inner = draft.get(name).unwrap_or("\"x\"").trim_matches('"').to_owned();
            draft.set(name, &format!("\"{}\"", wrap.replace("{}", &inner)));
        }),
    },
    Oddity {
        rules: "F015 F043 F044 F045 F046 F047 F049",
        change: Do(|draft, rng| {
            let name = rng.pick(&[
                "carrier",
                "flight",
                "origin",
                "dest",
                "month",
                "sched_dep_time",
                "tailnum",
                "distance",
                "arr_time",
                "air_time",
            ]);
            draft.set(
                name,
                rng.pick(&[
                    "\"n/a\"",
                    "\"NULL\"",
                    "\"-\"",
                    "\"--\"",
                    "\"\\\\N\"",
                    "\"\"",
                    "\" \"",
                    "null",
                    "\"none\"",
                    "\"NaN\"",
                    "\"undefined\"",
                    "0",
                    "\"0\"",
                    "\"00\"",
                    "false",
                    "",
                ]),
            );
        }),
    },
    Oddity {
        rules: "F016",
        change: Set(
            &["remarks", "gate"],
            &[
                &["\"a\\u0001b\"", ""],
                &["", "\"B\\u001f1\""],
                &["\"bell\\u0007\"", "\"x\\u007fy\""],
                &["\"tab\\there\"", ""],
            ],
        ),
    },
    Oddity {
        rules: "F017 F176",
        change: Do(|draft, rng| {
            let (name, unit, times) = rng.pick(&[
                ("remarks", "long ", 500),
                ("remarks", "\u{e9}", 200),
                ("contact", "x", 121),
                ("remarks", "a\u{e9}", 200),
                ("gate", "1", 120),
                ("remarks", "fine & dandy ", 21),
            ]);
            draft.set(name, &format!("\"{}\"", unit.repeat(times)));
        }),
    },
    Oddity {
        rules: "F018",
        change: Set(
            &["codeshares", "crew"],
            &[&["[[\"LH1\"],\"AC2\"]", ""], &["", "{\"a\":{\"b\":1},\"c\":\"Jo Doe\",\"d\":\"Al Roe\"}"]],
        ),
    },
    Oddity {
        rules: "F019 F037",
        change: Set(
            &["month"],
            &[&["\"Jan\""], &["\"Feb\""], &["\"FEBRUARY\""], &["\"sept\""], &["\"Mai\""], &["\"decembre\""]],
        ),
    },
    Oddity {
        rules: "F020 F021 F022 F023 F047",
        change: Set(
            &["date", "year", "month", "day"],
            &[
                &["\"15.01.2013\"", "", "", ""],
                &["\"1.2.2013\"", "", "", ""],
                &["20130115", "", "", ""],
                &["\"20130231\"", "", "", ""],
                &["\"2013-1-5\"", "", "", ""],
                &["\"01/15/2013\"", "", "", ""],
                &["\"1/15/13\"", "", "", ""],
                &["\"15-Jan-2013\"", "", "", ""],
                &["\"7-fEb-2013\"", "", "", ""],
                &["\"@1358226000\"", "", "", ""],
                &["\"13/13/2013\"", "", "", ""],
                &["\"2013-02-30\"", "", "", ""],
                &["\"tomorrow\"", "", "", ""],
                &["\"15 janvier\"", "", "", ""],
                &["20130115.0", "", "", ""],
                &["1.5", "", "", ""],
                &["\"2013-13-01\"", "", "", ""],
                &["\"2013-00-10\"", "", "", ""],
                &["\"32.01.2013\"", "", "", ""],
                &["\"0/10/2013\"", "", "", ""],
                &["\"1/2/70\"", "", "", ""],
                &["\"1/2/69\"", "", "", ""],
                &["\"@9999999999\"", "", "", ""],
                &["\"31-feb-2013\"", "", "", ""],
                &["true", "", "", ""],
                &["\"00-jan-2013\"", "", "", ""],
            ],
        ),
    },
    Oddity {
        rules: "F024",
        change: Set(&["date"], &[&["\"2013-01-15\""], &["\"2/14/2013\""], &["\"20120229\""], &["\"?\""]]),
    },
    Oddity {
        rules: "F024",
        change: Do(|draft, _| {
            let part = |name| draft.number(name).unwrap_or(1);
            let same = format!("\"{}-{:02}-{}\"", part("year"), part("month"), part("day"));
            draft.set("date", &same);
        }),
    },
    Oddity {
        rules: "F025 F026 F027",
        change: Do(|draft, rng| {
            let name = rng.pick(&["dep_time", "sched_dep_time", "arr_time", "sched_arr_time"]);
            let Some(time) = draft.number(name) else { return };
            let (hour, minute) = (time / 100, time % 100);
            let (half, letter) = ((hour + 11) % 12 + 1, if hour % 24 >= 12 { 'p' } else { 'a' });
            let text = match rng.below(7) {
                0 => format!("{hour}:{minute:02}"),
                1 => format!("{hour:02}.{minute:02}"),
                2 => format!("{hour}H{minute:02}"),
                3 => format!("{half}:{minute:02} {}M", letter.to_ascii_uppercase()),
                4 => format!("{half}:{minute:02}:59{letter}.m."),
                5 => format!("{half}:{minute:02} {letter}m."),
                _ => format!("{hour:02}:{minute:02}:00 "),
            };
            draft.set(name, &format!("\"{text}\""));
        }),
    },
    Oddity {
        rules: "F025 F037",
        change: Set(
            &["sched_dep_time"],
            &[
                &["\"5:7\""],
                &["\"25:00\""],
                &["\"12:00 xm\""],
                &["\"5h\""],
                &["5.17"],
                &["\"5.17\""],
                &["\"0515Z\""],
                &["\"12:30 AM\""],
                &["\"11:59 PM\""],
                &["\"23:75\""],
            ],
        ),
    },
    Oddity {
        rules: "F028 F029 F030",
        change: Do(|draft, rng| {
            let (Some(carrier), Some(flight)) =
                (draft.get("carrier").map(|c| c.trim_matches('"').to_owned()), draft.number("flight"))
            else {
                return;
            };
            let number = match rng.below(5) {
                0 => format!("{carrier}{flight}"),
                1 => format!("{} {flight}", carrier.to_lowercase()),
                2 => format!("{carrier}-{flight:04}"),
                3 => format!("ZZ{flight}"),
                _ => format!("{carrier}{flight}A"),
            };
            draft.set("flight", &format!("\"{number}\""));
            if rng.once_in(3) {
                draft.set("carrier", rng.pick(&["", "\"\"", "0", "null"]));
            }
        }),
    },
    Oddity {
        rules: "F030",
        change: Set(
            &["carrier", "flight"],
            &[&["\"<b>\"", "\"UA 1\""], &["12.5", "\"DL 7\""], &["9", "\"9E3500\""], &["\"ua\"", "\"1e3\""]],
        ),
    },
    Oddity {
        rules: "F031 F032 F033",
        change: Set(
            &["cancelled"],
            &[
                &["\"on\""],
                &["\"Yes\""],
                &["\"X\""],
                &["\"off\""],
                &["\"N\""],
                &["\"maybe\""],
                &["\"0\""],
                &["\"0.0\""],
                &["0"],
                &["0.0"],
                &["2"],
                &["true"],
                &["false"],
                &["[true]"],
                &["\"1\""],
                &["\" y \""],
            ],
        ),
    },
    Oddity {
        rules: "F031 F032 F033",
        change: Set(
            &["diverted"],
            &[&["\"on\""], &["\"f\""], &["\"??\""], &["\"-1\""], &["0"], &["1"], &["false"]],
        ),
    },
    Oddity {
        rules: "F034 F135 F133",
        change: Set(
            &["tailnum"],
            &[&["14228"], &["1.5"], &["1e25"], &["-0.0"], &["true"], &["123456789012345678901234567890"]],
        ),
    },
    Oddity {
        rules: "F034",
        change: Set(
            &["gate", "source", "terminal"],
            &[&["12", "7", "4"], &["12.0", "\"7.0\"", "\"04\""], &["0", "7", "4.0"]],
        ),
    },
    Oddity {
        rules: "F035",
        change: Set(
            &["distance"],
            &[
                &["\"1,400\""],
                &["\"1,416.4\""],
                &["\"1,400,0\""],
                &["\"1,0000\""],
                &["\"-1,400\""],
                &["\"2,475.\""],
            ],
        ),
    },
    Oddity {
        rules: "F036 F037 F041",
        change: Set(
            &["flight"],
            &[
                &["\"1e3\""],
                &["\" 12\""],
                &["\"12 \""],
                &["\"0x1A\""],
                &["\".5\""],
                &["\"1_000\""],
                &["\"+12\""],
                &["\"0012\""],
                &["\"1.0\""],
                &["\"1.\""],
                &["\"1e\""],
                &["\"INF\""],
                &["\"\u{662}\u{663}\""],
            ],
        ),
    },
    Oddity {
        rules: "F038",
        change: Set(
            &["air_time"],
            &[
                &["1e400"],
                &["1e25"],
                &["\"1e1000\""],
                &["99999999999999999999"],
                &["-1e9"],
                &["100000000"],
                &["-9223372036854775808"],
                &["9223372036854775807"],
                &["-1e400"],
            ],
        ),
    },
    Oddity {
        rules: "F039 F040 F041",
        change: Set(
            &["air_time", "dep_delay"],
            &[
                &["227.0", "2.0"],
                &["226.5", "1.5"],
                &["\"227.499\"", "-0.0"],
                &["2.27e2", "-0.5"],
                &["0.2270e3", "2.4999999999999996"],
                &["225.5", "-1.5"],
            ],
        ),
    },
    Oddity {
        rules: "F041 F042",
        change: Set(
            &["year", "month"],
            &[
                &["2013.5", "1"],
                &["2013", "1.0000000001"],
                &["-2013", "1"],
                &["2013", "-1"],
                &["2.013e3", "1E0"],
                &["\"2013\"", "\"01\""],
            ],
        ),
    },
    Oddity {
        rules: "F042",
        change: Set(&["hour", "minute"], &[&["-1", "0"], &["5", "-15"], &["\"-5\"", "\"-0\""]]),
    },
    Oddity { rules: "F048 F049", change: Set(&["sched_dep_time"], &[&[""], &["null"], &["\"NA\""]]) },
    Oddity {
        rules: "F047",
        change: Set(
            &["year", "day"],
            &[&["0", "1"], &["", "1"], &["2013", "0"], &["null", "null"], &["\"0\"", "\"00\""]],
        ),
    },
];
