//! Oddities of carriers and airports.

use super::{Change::*, Oddity, flown::nothing_flown};

pub(super) const ODDITIES: &[Oddity] = &[
    Oddity {
        rules: "F087 F088 F089 F092",
        change: Set(
            &["carrier"],
            &[
                &["\"ua\""],
                &["\"UAL\""],
                &["\"dal\""],
                &["\"U\""],
                &["\"U1A\""],
                &["\"11\""],
                &["9"],
                &["\"ZZ\""],
                &["\"9e\""],
                &["\"FLG\""],
                &["\"\u{e9}\u{e9}\""],
                &["\"1E\""],
                &["\"UA\\nX\""],
            ],
        ),
    },
    Oddity {
        rules: "F090 F091 F092",
        change: Set(&["carrier", "flight"], &[&["\"CO\"", "1000"], &["\"NW\"", "100"], &["\"CO\"", "1500"]]),
    },
    Oddity {
        rules: "F090 F091",
        change: Set(
            &["carrier", "flight", "year", "time_hour"],
            &[
                &["\"US\"", "100", "2016", ""],
                &["\"FL\"", "100", "2015", ""],
                &["\"VX\"", "100", "2018", ""],
                &["\"VX\"", "10", "2019", ""],
                &["\"NW\"", "10", "2010", ""],
                &["\"CO\"", "1000", "2012", ""],
            ],
        ),
    },
    Oddity {
        rules: "F093 F094 F095 F096",
        change: Set(
            &["carrier", "flight"],
            &[
                &["\"UA\"", "10000"],
                &["\"UA\"", "9001"],
                &["\"DL\"", "9999"],
                &["\"EV\"", "100"],
                &["\"AA\"", "11"],
                &["\"AA\"", "77"],
                &["\"UA\"", "93"],
                &["\"9E\"", "3407"],
                &["\"9E\"", "44"],
                &["\"9E\"", "440"],
                &["\"B6\"", "666"],
                &["\"UA\"", "2000"],
                &["\"UA\"", "1"],
                &["\"9E\"", "2900"],
                &["\"OO\"", "8999"],
                &["\"DL\"", "191"],
            ],
        ),
    },
    Oddity {
        rules: "F097 F098",
        change: Set(&["carrier", "flight"], &[&["\"HA\"", "50"], &["\"AS\"", "10"]]),
    },
    Oddity {
        rules: "F098 F099 F100 F101",
        change: Set(
            &["carrier", "flight"],
            &[&["\"VX\"", "25"], &["\"F9\"", "500"], &["\"WN\"", "300"], &["\"AS\"", "7"]],
        ),
    },
    Oddity {
        rules: "F097 F099",
        change: Set(
            &["carrier", "flight", "origin", "dest", "distance", "air_time"],
            &[
                &["\"HA\"", "50", "\"JFK\"", "\"HNL\"", "4983", ""],
                &["\"HA\"", "50", "\"EWR\"", "\"HNL\"", "4963", ""],
                &["\"VX\"", "11", "\"JFK\"", "\"BOS\"", "187", ""],
                &["\"AS\"", "7", "\"EWR\"", "\"PDX\"", "2434", ""],
            ],
        ),
    },
    Oddity {
        rules: "F102 F103 F060",
        change: Do(|draft, rng| {
            let (carrier, flight) =
                rng.pick(&[("\"YV\"", "3750"), ("\"WN\"", "300"), ("\"YV\"", "2600"), ("\"WN\"", "4000")]);
            let (month, day) = rng.pick(&[("12", "25"), ("11", "3"), ("10", "31"), ("12", "24")]);
            for (name, source) in
                [("carrier", carrier), ("flight", flight), ("month", month), ("day", day), ("time_hour", "")]
            {
                draft.set(name, source);
            }
        }),
    },
    Oddity {
        rules: "F104 F105",
        change: Set(
            &["origin", "distance"],
            &[
                &["\"BOS\"", ""],
                &["\"ISP\"", ""],
                &["\"hpn\"", ""],
                &["\"SWF\"", ""],
                &["\"XXX\"", ""],
                &["\"EWR \"", ""],
            ],
        ),
    },
    Oddity {
        rules: "F106 F107 F108",
        change: Do(|draft, rng| {
            let name = rng.pick(&["origin", "dest"]);
            let code = draft.get(name).unwrap_or("\"JFK\"").trim_matches('"').to_owned();
            let text = match rng.below(5) {
                0 => code.to_lowercase(),
                1 => format!("K{code}"),
                2 => format!("{code} - Somewhere"),
                3 => format!(" - {code}"),
                _ => format!("k{code} - x - y"),
            };
            draft.set(name, &format!("\"{text}\""));
        }),
    },
    Oddity {
        rules: "F109 F110 F111",
        change: Set(
            &["dest", "distance", "air_time"],
            &[
                &["\"NYC\"", "", ""],
                &["\"CHI\"", "", ""],
                &["\"HOU\"", "", ""],
                &["\"was\"", "", ""],
                &["\"LONDON\"", "", ""],
                &["\"L\u{d6}N\"", "", ""],
                &["\"ZZZ\"", "", ""],
                &["\"SJU\"", "", ""],
                &["\"STT\"", "", ""],
                &["\"04G\"", "", ""],
                &["\"369\"", "", ""],
                &["369", "", ""],
                &["\"a-b\"", "", ""],
            ],
        ),
    },
    Oddity {
        rules: "F112 F113 F138 F141",
        change: Set(
            &["origin", "dest", "distance", "air_time"],
            &[
                &["\"JFK\"", "\"JFK\"", "", ""],
                &["\"JFK\"", "\"LGA\"", "", ""],
                &["\"EWR\"", "\"JFK\"", "", ""],
                &["\"HPN\"", "\"LGA\"", "", ""],
                &["\"ISP\"", "\"ISP\"", "0", ""],
            ],
        ),
    },
    Oddity {
        rules: "F114 F115 F116",
        change: Set(
            &["dest", "distance", "air_time"],
            &[
                &["\"CHS\"", "", ""],
                &["\"EEN\"", "", ""],
                &["\"LRO\"", "", ""],
                &["\"EGE\"", "", ""],
                &["\"HDN\"", "", ""],
                &["\"ASE\"", "", ""],
                &["\"ADW\"", "", ""],
                &["\"DVT\"", "", ""],
                &["\"TEX\"", "", ""],
                &["\"HNL\"", "", ""],
                &["\"SYA\"", "", ""],
                &["\"ANC\"", "", ""],
                &["\"YAK\"", "", ""],
                &["\"JRB\"", "", ""],
            ],
        ),
    },
    Oddity {
        rules: "F117 F118",
        change: Do(|draft, rng| {
            draft.set("origin", "\"LGA\"");
            draft.set("air_time", "");
            draft.set("distance", "");
            let (dest, miles) = rng.pick(&[
                ("\"LAX\"", "2475"),
                ("\"SEA\"", "2418"),
                ("\"DEN\"", "1620"),
                ("\"SFO\"", ""),
                ("\"ATL\"", ""),
            ]);
            draft.set("dest", dest);
            draft.set("distance", miles);
            if rng.once_in(2) {
                nothing_flown(draft);
                draft.set("sched_dep_time", rng.pick(&["459", "500", "2300", "2301", "2330"]));
            }
        }),
    },
    Oddity {
        rules: "F119 F120",
        change: Do(|draft, rng| {
            let (dest, time) = rng.pick(&[
                ("\"DCA\"", "2230"),
                ("\"DCA\"", "2200"),
                ("\"DCA\"", "2400"),
                ("\"SNA\"", "630"),
                ("\"SNA\"", "700"),
                ("\"SNA\"", ""),
            ]);
            for (name, source) in [
                ("dest", dest),
                ("sched_arr_time", time),
                ("arr_delay", ""),
                ("distance", ""),
                ("air_time", ""),
            ] {
                draft.set(name, source);
            }
        }),
    },
    Oddity {
        rules: "F121 F122 F123",
        change: Set(
            &["gate", "terminal"],
            &[
                &["\"12B\"", "\"B\""],
                &["\"b - 7\"", "\"a\""],
                &["\"BB7\"", "\"D\""],
                &["\"7\"", "\"4\""],
                &["\"!!\"", "\"9\""],
                &["\"1234\"", "\"05\""],
                &["\"C104\"", "4"],
                &["\"\u{e9}5\"", "\"5.0\""],
                &["\"A1\"", "\"E\""],
            ],
        ),
    },
];
