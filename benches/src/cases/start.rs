//! How soon a process is ready whose tables are on disk: a million rows, of a source that cannot be reached any more.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use handover_parts::{Handover, free_port, http, process};

use crate::report::{Figure, Row, Verdict};
use crate::rounds::Pace;
use crate::servers::handover;

/// Rows of the table.
const ROWS: usize = 1_000_000;

/// Within what a start is ready, in milliseconds.
const AT_MOST_MS: f64 = 100.0;

/// Measures it, to within the 20 ms at which its readiness is looked for.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let folder = process::folder("rows");
    let source = folder.path().join("rows.csv");
    process::write(&source, rows());
    let mut proxy = handover(&format!(
        "[legacy.origin]\nhttp = \"http://127.0.0.1:{}\"\n[table.rows]\nsource = \"file:{}\"\nkey = \"id\"\n",
        free_port(),
        source.display()
    ));
    table_is_there(&mut proxy);
    fs::remove_file(&source).expect("its source can be taken away");
    let start = |_| {
        proxy.stop();
        let began = Instant::now();
        proxy.restart();
        table_is_there(&mut proxy);
        began.elapsed().as_secs_f64() * 1e3
    };
    let figure = Figure { name: "ms to ready", rounds: (0..pace.rounds).map(start).collect() };
    let ratio = figure.spread().median / AT_MOST_MS;
    vec![Row {
        work: "start with 1,000,000 rows on disk".to_owned(),
        who: "handover".to_owned(),
        figures: vec![figure],
        verdicts: vec![Verdict { against: format!("{AT_MOST_MS} ms"), ratio, at_most: 1.0 }],
    }]
}

fn table_is_there(proxy: &mut Handover) {
    let admin = proxy.admin();
    proxy.wait_until("its table has all rows", Duration::from_secs(60), || {
        let metrics = http::get(admin, "/metrics").expect("the admin answers");
        let rows = format!(" {ROWS}");
        String::from_utf8_lossy(&metrics.body)
            .lines()
            .any(|line| line.starts_with("handover_table_rows{") && line.ends_with(&rows))
    });
}

fn rows() -> String {
    let mut text = String::from("id,name,country,price,active\n");
    for number in 0..ROWS {
        let _ = writeln!(text, "row-{number},Name of row {number},DE,{}.50,1", number % 1000);
    }
    text
}
