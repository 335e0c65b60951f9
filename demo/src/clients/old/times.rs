//! Oddities of days, clock times, delays and their reasons.

use super::{Change::*, Oddity, flown::nothing_flown};
use crate::clients::Draft;

pub(super) const ODDITIES: &[Oddity] = &[
    Oddity {
        rules: "F050 F051 F052",
        change: Set(
            &["year", "time_hour"],
            &[
                &["13", ""],
                &["\"13\"", ""],
                &["99", ""],
                &["70", ""],
                &["69", ""],
                &["1989", ""],
                &["1990", ""],
                &["2099", ""],
                &["3000", ""],
                &["100", ""],
            ],
        ),
    },
    Oddity {
        rules: "F053 F054",
        change: Set(
            &["month", "day", "time_hour"],
            &[
                &["13", "1", ""],
                &["2", "29", ""],
                &["2", "30", ""],
                &["4", "31", ""],
                &["12", "31", ""],
                &["1", "32", ""],
                &["6", "30", ""],
                &["99999999", "9", ""],
            ],
        ),
    },
    Oddity {
        rules: "F054 F117",
        change: Set(
            &["year", "month", "day", "time_hour"],
            &[
                &["2012", "2", "29", ""],
                &["2000", "2", "29", ""],
                &["1900", "2", "29", ""],
                &["2012", "1", "31", "\"2012-01-31T10:00:00Z\""],
            ],
        ),
    },
    Oddity {
        rules: "F055 F056 F057 F058",
        change: Set(
            &["hour", "minute"],
            &[&["", ""], &["\"NA\"", "\"NA\""], &["5", "15"], &["24", "60"], &["99", "99"], &["", "61"]],
        ),
    },
    Oddity {
        rules: "F059 F060",
        change: Do(|draft, rng| {
            let (month, day, time) = rng.pick(&[
                ("3", "10", "230"),
                ("3", "10", "159"),
                ("3", "10", "300"),
                ("11", "3", "130"),
                ("11", "3", "200"),
                ("11", "3", "59"),
                ("3", "10", "205"),
            ]);
            nights_flight(draft, month, day, time);
        }),
    },
    Oddity {
        rules: "F061 F062 F063 F064 F065",
        change: Do(|draft, rng| {
            let Some(hour) = draft.number("sched_dep_time").map(|time| time / 100) else { return };
            let part = |name| draft.number(name).unwrap_or(1);
            let day = format!("{}-{:02}-{:02}", part("year"), part("month"), part("day"));
            let text = match rng.below(10) {
                0 => format!("{day} {hour:02}:00:00"),
                1 => format!("{day}T{hour:02}:00"),
                2 => format!("{day}T{hour:02}:00:00-05:00"),
                3 => format!(
                    "{}/{}/{} {}:30{}",
                    part("month"),
                    part("day"),
                    part("year"),
                    (hour + 11) % 12 + 1,
                    if hour >= 12 { " PM" } else { "am" }
                ),
                4 => format!("{day}T{hour:02}:59:59-0500"),
                5 => format!("{day}T{hour:02}:00:00Z"),
                6 => format!("{day}T{:02}:10:00+0100", (hour + 6) % 24),
                7 => format!("{day}T24:00:00Z"),
                8 => format!("{day} 25:61"),
                _ => "soon".to_owned(),
            };
            draft.set("time_hour", &format!("\"{text}\""));
        }),
    },
    Oddity {
        rules: "F061 F062 F064",
        change: Set(
            &["time_hour"],
            &[
                &[""],
                &["null"],
                &["\"2013-02-30T10:00:00Z\""],
                &["\"13/01/2013 5:00 AM\""],
                &["\"2013-01-01T10:00:00.000Z\""],
                &["1357034400"],
                &["\"2013-01-01 10:00:00 UTC\""],
                &["\"01/31/2013 13:30 PM\""],
                &["\"2013-01-01T10:60:00Z\""],
                &["\"2013-01-01T10:00:60Z\""],
            ],
        ),
    },
    Oddity {
        rules: "F066 F067 F068 F069",
        change: Do(|draft, rng| {
            let name = rng.pick(&["dep_time", "sched_dep_time", "arr_time", "sched_arr_time"]);
            draft.set(name, rng.pick(&["2401", "1260", "9999", "575", "2459", "99"]));
        }),
    },
    Oddity {
        rules: "F070 F073",
        change: Set(
            &["sched_dep_time", "dep_time", "dep_delay", "hour", "minute"],
            &[
                &["2359", "2400", "1", "23", "59"],
                &["2400", "5", "5", "24", "0"],
                &["2359", "0", "1", "23", "59"],
            ],
        ),
    },
    Oddity {
        rules: "F070 F068",
        change: Set(
            &["sched_arr_time", "arr_time", "arr_delay"],
            &[&["2400", "10", "10"], &["2350", "2400", "10"], &["2400", "2400", "0"]],
        ),
    },
    Oddity {
        rules: "F071",
        change: Do(|draft, _| {
            let sched = draft.get("sched_dep_time").unwrap_or("600").to_owned();
            draft.set("sched_arr_time", &sched);
        }),
    },
    Oddity {
        rules: "F072 F073 F155",
        change: Set(&["dep_time", "dep_delay"], &[&["", "5"], &["", ""], &["null", "0"], &["0", ""]]),
    },
    Oddity {
        rules: "F074 F075",
        change: Set(&["dep_delay"], &[&[""], &["null"], &["1"], &["-1"], &["1000"], &["0"]]),
    },
    Oddity {
        rules: "F074 F077",
        change: Do(|draft, rng| {
            let early = rng.pick(&[61, 60, 59, 120, 300]);
            let Some(sched) = draft.number("sched_dep_time").filter(|time| *time >= 600) else { return };
            let minutes = sched / 100 * 60 + sched % 100 - early;
            draft.set("dep_time", &(minutes / 60 * 100 + minutes % 60).to_string());
            draft.set("dep_delay", if rng.once_in(2) { "" } else { "-61" });
            if rng.once_in(2) {
                draft.set("dep_delay", &(-early).to_string());
            }
        }),
    },
    Oddity {
        rules: "F076 F079",
        change: Set(&["arr_delay"], &[&[""], &["0"], &["15"], &["-91"], &["\"1e2\""], &["60"]]),
    },
    Oddity {
        rules: "F078 F080 F075 F076",
        change: Do(|draft, rng| {
            for name in ["dep_delay", "arr_delay"] {
                if let Some(delay) = draft.number(name)
                    && rng.once_in(2)
                {
                    draft.set(name, &(delay + rng.pick(&[1440, 2880])).to_string());
                }
            }
        }),
    },
    Oddity {
        rules: "F079 F080 F147",
        change: Do(|draft, rng| {
            // the arrival moves, and its delay with it
            let (Some(time), Some(delay)) = (draft.number("arr_time"), draft.number("arr_delay")) else {
                return;
            };
            let by = rng.pick(&[-95, -120, -30, 130, 245, 300]);
            let minutes = (time / 100 * 60 + time % 100 + by).rem_euclid(1440);
            draft.set("arr_time", &(minutes / 60 * 100 + minutes % 60).to_string());
            draft.set("arr_delay", &(delay + by).to_string());
        }),
    },
    Oddity {
        rules: "F081 F082 F083 F084 F086",
        change: Set(
            &["delay_reasons"],
            &[
                &["\"weather\""],
                &["5"],
                &["{\"weather\":12.5}"],
                &["{\"wether\":12.5}"],
                &["[5,10]"],
                &["{\"weather\":\"lots\"}"],
                &["{\"nas\":-3}"],
                &["{\"nas\":0,\"carrier\":\"0.0\"}"],
                &["{\"carrier\":true}"],
                &["{\"carrier\":null}"],
                &["{\"<b>\":1}"],
                &["{}"],
                &["{\"carrier\":\" 7 \",\"security\":\"1e1\"}"],
                &["{\"late_aircraft\":\"12 min\"}"],
            ],
        ),
    },
    Oddity {
        rules: "F085 F198",
        change: Do(|draft, rng| {
            let Some(late) = draft.number("arr_delay").filter(|late| *late >= 15) else { return };
            let source = match rng.below(4) {
                0 => format!("{{\"carrier\":{},\"weather\":\"{}.2\"}}", late - 10, 10),
                1 => format!("{{\"nas\":{late}.04}}"),
                2 => format!("{{\"nas\":{},\"late_aircraft\":0.25,\"security\":0.35}}", late - 3),
                _ => format!("{{\"weather\":{}.55}}", late + 3),
            };
            draft.set("delay_reasons", &source);
        }),
    },
    Oddity {
        rules: "F191 F192 F193 F194",
        change: Set(
            &["filed_at"],
            &[
                &["1357034400"],
                &["\"135703440\""],
                &["\"@1357034400\""],
                &["\"2012-12-31\""],
                &["\"2012-12-31 23:59\""],
                &["\"2012-12-31T23:59:59-0800\""],
                &["\"Mon, 31 Dec 2012 10:00:00 +0000\""],
                &["\"31 dec 2012 10:00\""],
                &["\"1 Jan 2013 10:00:00 GMT\""],
                &["\"Tue, 31 Dec 2012 10:00:00 +0000\""],
                &["\"2099-01-01\""],
                &["\"2001-01-01T00:00Z\""],
                &["\"2012-07-01 12:00\""],
                &["\"yesterday\""],
                &["\"2012-02-31\""],
                &["\"2012-06-15T24:00:00+02:00\""],
                &["\"@99999999999\""],
                &["\"31 Feb 2012 25:00\""],
                &["\"2012-03-11 02:30\""],
                &["\"2012-11-04 01:30\""],
                &["12345678901"],
            ],
        ),
    },
];

/// A flight without plane or past, in the night of a clock change.
fn nights_flight(draft: &mut Draft, month: &str, day: &str, time: &str) {
    nothing_flown(draft);
    draft.set("month", month);
    draft.set("day", day);
    draft.set("sched_dep_time", time);
}
