//! Oddities of what only some feeds send, and of who sends.

use super::{Change::*, Oddity};

pub(super) const ODDITIES: &[Oddity] = &[
    Oddity {
        rules: "F163 F164 F133",
        change: Set(
            &["pax", "tailnum"],
            &[
                &["854", "\"N3EGAA\""],
                &["853", "\"N999ZZ\""],
                &["0", "\"N999ZZ\""],
                &["\"0\"", ""],
                &["12", ""],
                &["900", ""],
            ],
        ),
    },
    Oddity {
        rules: "F165 F166 F167 F168",
        change: Set(
            &["fuel_kg"],
            &[
                &["5400"],
                &["\"5400.5 kg\""],
                &["\"5.400,5\""],
                &["\"5 400 KG\""],
                &["\"1e3\""],
                &["\"lots\""],
                &["-5"],
                &["250000.004"],
                &["1e6"],
                &["\"12,5\""],
                &["0"],
                &["5.555"],
                &["1.005"],
                &["\"0x10\""],
                &["\".5\""],
                &["\"1.234.567,89\""],
                &["1e22"],
                &["123456.785"],
                &["\"kg\""],
                &["5400.0"],
                &["\"5\u{a0}400\""],
            ],
        ),
    },
    Oddity {
        rules: "F169 F170 F171 F172 F173",
        change: Set(
            &["fare", "currency"],
            &[
                &["199.995", ""],
                &["\"$1,234.5\"", ""],
                &["\"USD 99\"", "\"EUR\""],
                &["\"EUR99,5\"", ""],
                &["\"free\"", ""],
                &["-1", ""],
                &["100000", "\"usd\""],
                &["99999.994", "\"CAD\""],
                &["99999.996", "\"gbp\""],
                &["\"12.345\"", "\"BTC\""],
                &["1.005", "\"USD\""],
                &["0.285", ""],
                &["\"1e2\"", ""],
                &["\"$\"", ""],
                &["\"$.\"", ""],
                &["-0.001", ""],
                &["\"\u{a3}5\"", "\"GBP\""],
                &["1.255", ""],
                &["0", "7"],
                &["\"\"", "\"USD\""],
            ],
        ),
    },
    Oddity {
        rules: "F174 F175 F176",
        change: Set(
            &["remarks"],
            &[
                &["\"all fine\""],
                &["\"<script>alert('x')</script>late & tired\""],
                &["\"just a test\""],
                &["\"Latest news: nothing\""],
                &["\"asdf\""],
                &["\"a  b\\n c\\t\""],
                &["\"1 < 2 > 0\""],
                &["\"<b\""],
                &["\"<!-- x -->y\""],
                &["\"a<?php echo 1 ?>b\""],
                &["\"Lorem ipsum dolor sit amet, consectetur adipiscing elit\""],
                &["\"\u{65e5}\u{672c}\u{1f600} \\\"q\\\" 'a'\""],
                &["\"a<br/>b<br>c\""],
                &["\"<a href='>'>x</a>\""],
                &["12.50"],
                &["\"&amp; &lt;\""],
                &["\"x\u{2028}y\""],
            ],
        ),
    },
    Oddity {
        rules: "F177 F178 F179 F180 F181",
        change: Set(
            &["codeshares"],
            &[
                &["\"LH7601, ac 3011\""],
                &["\"LH7601;LH7601/SQ5\""],
                &["[\"LH1\",\"LH1\",\"AC2\",\"AC2\",\"AF3\"]"],
                &["[\"LH\"]"],
                &["[5,null,true,\"AC5\"]"],
                &["\"\""],
                &["\"/\""],
                &["5"],
                &["[]"],
                &["[\"A1\",\"B2\",\"C3\"]"],
                &["\"AA1,BB2,CC3,DD4,EE5,FF6,GG7,HH8,II9\""],
                &["[\"UA1\",\"DL2\",\"B61\",\"EV3\"]"],
                &["{\"a\":\"LH1\",\"b\":\"LH1\"}"],
                &["\"<i>\""],
                &["false"],
                &["[12.5,\"001\",\"00 1\"]"],
                &["[\"9E1\",\"09E1\"]"],
            ],
        ),
    },
    Oddity {
        rules: "F182 F183 F184",
        change: Set(
            &["crew"],
            &[
                &["\"mary o'neill, JOHN DOE\""],
                &["\"alone\""],
                &["[\"ANN LEE\",\"\",\"bob-ray mc gee\"]"],
                &["{\"captain\":\"x@y\",\"fo\":\"J0hn\"}"],
                &["[]"],
                &["[1,2]"],
                &["[null,true]"],
                &["\",\""],
                &["{\"5\":\"Ann Lee\",\"x\":\"Bo Li\"}"],
                &["{\"1\":\"Ann\",\"0\":\"Bo\"}"],
                &["[\"\u{c9}MILE ZOLA\",\"\u{e9}ric b\"]"],
                &["7"],
                &["[\"Ann\",\" \",\"Bo\"]"],
            ],
        ),
    },
    Oddity {
        rules: "F185 F186",
        change: Set(
            &["ref"],
            &[
                &["\"ABCDE1\""],
                &["\"abcde\""],
                &["\"A-1\""],
                &["1234"],
                &["\"00000\""],
                &["\"ABCDEFG\""],
                &["12"],
                &["\"\u{e9}\""],
                &["0"],
                &["1.5"],
            ],
        ),
    },
    Oddity {
        rules: "F185 F186",
        change: Do(|draft, rng| {
            // one of ten digits is right
            let digit = rng.below(10);
            draft.set("ref", &format!("\"kq7x2{digit}\""));
        }),
    },
    Oddity {
        rules: "F187 F188 F189 F190",
        change: Set(
            &["source", "contact"],
            &[
                &["\"ACARS\"", ""],
                &["\"manual\"", ""],
                &["\"Manual\"", "\"a.b+c@example.co.uk\""],
                &["\"fax\"", ""],
                &["\"7\"", ""],
                &["\"07\"", ""],
                &["\"7 \"", ""],
                &["\"7.0\"", "\"0\""],
                &["\"ops\"", "\"nobody\""],
                &["\"ops\"", "\"a@b\""],
                &["\"ops\"", "\"<a@b.c>\""],
                &["\"edi\"", "\"\u{e9}@example.com\""],
                &["\"manual\"", "\"0\""],
                &["\"7e0\"", "\"A_B@EX-AMPLE.COM\""],
                &["0", ""],
            ],
        ),
    },
    Oddity {
        rules: "F195 F196 F197 F198",
        change: Header(
            "X-Client-Version",
            &[
                "1.1", "1.2", "1.2.0", "0.9b", "2.5", "2.5rc1", "2.5b3", "3.0", "3", "3.0.0", "v2", "",
                "2.0-dev", "10.0", "3.0a1", "<b>", "2.5RC2", "1.2rc1",
            ],
        ),
    },
    Oddity {
        rules: "F197",
        change: Do(|draft, _| {
            draft.header("X-Client-Version", "3.0");
            draft.set("sched_arr_time", "");
            draft.set("arr_delay", "");
        }),
    },
    Oddity {
        rules: "F198",
        change: Do(|draft, _| {
            draft.header("X-Client-Version", "2.5");
            draft.set("delay_reasons", "");
        }),
    },
    Oddity {
        rules: "F199",
        change: Header(
            "User-Agent",
            &[
                "FlightWire/0.9",
                "flightwire/0.9.3 (win95)",
                "Mozilla/4.0 (compatible; MSIE 6.0)",
                "curl/7.15",
                "x FlightWire/0.9",
            ],
        ),
    },
];
