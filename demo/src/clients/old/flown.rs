//! Oddities of planes, routes and what became of the flight.

use super::{Change::*, Oddity};
use crate::clients::Draft;

pub(super) const ODDITIES: &[Oddity] = &[
    Oddity {
        rules: "F124 F125 F126 F127 F128 F129 F130",
        change: Set(
            &["tailnum"],
            &[
                &[""],
                &["null"],
                &["\"n14228\""],
                &["\"N-142 28\""],
                &["\"14228\""],
                &["\"N1\""],
                &["\"N00001\""],
                &["\"N12345Z\""],
                &["\"N3EGAA\""],
                &["\"N0EGMQ\""],
                &["\"N1IO\""],
                &["\"N999ZZ\""],
                &["\"D-AIHA\""],
                &["\"- -\""],
                &["\"N777OO\""],
                &["\"N12345\""],
                &["\"10156\""],
                &["\"nxxxSW\""],
            ],
        ),
    },
    Oddity {
        rules: "F131 F132 F133 F134 F135 F136 F137",
        change: Set(
            &["tailnum", "pax", "aircraft"],
            &[
                &["\"N14228\"", "150", "\"737\""],
                &["\"N14228\"", "149", "\"boeing 737\""],
                &["\"N14228\"", "10", "\"A320\""],
                &["\"N201AA\"", "2", "\"150\""],
                &["\"N201AA\"", "6", ""],
                &["\"N381AA\"", "", ""],
                &["\"N567AA\"", "1", ""],
                &["\"N425AA\"", "3", "\"\u{e9}\""],
                &["\"N365AA\"", "2", ""],
                &["\"N202AA\"", "6", "\"cessna\""],
            ],
        ),
    },
    Oddity {
        rules: "F131 F132",
        change: Set(
            &["tailnum", "year", "time_hour"],
            &[
                &["\"N14228\"", "1998", ""],
                &["\"N14228\"", "1999", ""],
                &["\"N381AA\"", "2010", ""],
                &["\"N381AA\"", "1995", ""],
            ],
        ),
    },
    Oddity {
        rules: "F134 F135",
        change: Set(
            &["tailnum", "carrier", "flight", "origin", "dest", "distance", "air_time"],
            &[
                &["\"N365AA\"", "\"UA\"", "15", "\"EWR\"", "\"HNL\"", "4963", ""],
                &["\"N425AA\"", "\"UA\"", "15", "\"EWR\"", "\"HNL\"", "4963", ""],
            ],
        ),
    },
    Oddity {
        rules: "F138 F139 F140 F141",
        change: Do(|draft, rng| {
            let Some(miles) = draft.number("distance") else { return };
            let text = match rng.below(6) {
                0 => String::new(),
                1 => (miles + 100).to_string(),
                2 => format!("{:.1}", miles as f64 * 1.609_344),
                3 => (miles * 1609 / 1000).to_string(),
                4 => (miles + 9).to_string(),
                _ => (miles * 3).to_string(),
            };
            draft.set("distance", &text);
        }),
    },
    Oddity {
        rules: "F141",
        change: Set(
            &["dest", "distance", "air_time"],
            &[
                &["\"SJU\"", "6001", ""],
                &["\"BQN\"", "14", ""],
                &["\"PSE\"", "15", ""],
                &["\"STT\"", "6000", ""],
            ],
        ),
    },
    Oddity {
        rules: "F142 F143 F144 F145 F146",
        change: Set(
            &["air_time"],
            &[&["14"], &["15"], &["901"], &["20"], &["60"], &["300"], &["600"], &["0"], &["900"]],
        ),
    },
    Oddity {
        rules: "F143",
        change: Set(&["arr_time", "arr_delay"], &[&["", ""], &["", "5"], &["null", ""]]),
    },
    Oddity {
        rules: "F144 F145 F146",
        change: Do(|draft, rng| {
            let Some(minutes) = draft.number("air_time") else { return };
            draft.set("air_time", &(minutes * rng.pick(&[1, 2, 4, 6]) / rng.pick(&[1, 2, 3])).to_string());
        }),
    },
    Oddity {
        rules: "F148 F149 F150 F151 F152",
        change: Set(
            &["status"],
            &[
                &["\"landed\""],
                &["\"ARR\""],
                &["\"dep\""],
                &["\"cnl\""],
                &["\"canceled\""],
                &["\"lost\""],
                &["\"diverted\""],
                &["\"DIV\""],
                &["0"],
                &["\"departed\""],
            ],
        ),
    },
    Oddity {
        rules: "F153 F154 F155 F160",
        change: Set(
            &["cancelled", "diverted"],
            &[&["true", "true"], &["true", ""], &["\"on\"", "\"on\""], &["false", ""], &["\"0\"", "1"]],
        ),
    },
    Oddity {
        rules: "F154 F155 F156 F157 F158",
        change: Do(|draft, rng| {
            if rng.once_in(2) {
                nothing_flown(draft);
            }
            draft.set(
                "cancel_code",
                rng.pick(&[
                    "\"a\"", "\"B\"", "\"D\"", "\"E\"", "\"1\"", "2", "\"4.9\"", "0", "\"0\"", "5",
                    "\"0.0\"", "\"-0\"", "\"AB\"", "1.5", "\"+3\"", "\"0e5\"",
                ]),
            );
            draft.set("cancelled", rng.pick(&["", "true", "false", "\"y\""]));
        }),
    },
    Oddity {
        rules: "F159 F160 F161 F162",
        change: Set(
            &["diverted", "divert_to"],
            &[
                &["", "\"BOS\""],
                &["true", "\"kbos\""],
                &["true", "\"ZZZ\""],
                &["false", "\"ATL\""],
                &["true", ""],
                &["\"on\"", "\"ORD - O'Hare\""],
                &["true", "\"MIA\""],
            ],
        ),
    },
    Oddity {
        rules: "F162",
        change: Do(|draft, _| {
            let dest = draft.get("dest").unwrap_or("\"ATL\"").to_owned();
            draft.set("divert_to", &dest);
        }),
    },
];

/// Takes the departure and all that followed away.
pub(super) fn nothing_flown(draft: &mut Draft) {
    for name in ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "hour", "minute", "time_hour"]
    {
        draft.set(name, "");
    }
}
