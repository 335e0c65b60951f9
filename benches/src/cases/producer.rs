//! Records to a real Kafka, as fast as they are taken: our producer beside librdkafka's own performance tool, which is
//! compiled here from the sources that the product links, with the flags that these were compiled with.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use handover_parts::{Kafka, process, tools};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::report::{Figure, Row, Verdict};
use crate::rounds::Pace;

/// Records of a run.
const RECORDS: usize = 1_000_000;
/// Bytes of a record's value, about as many as an event has.
const BYTES: usize = 400;
/// What a record may cost of what it costs the tool.
const AT_MOST: f64 = 1.3;
const CPU: &str = "CPU, µs a record";

/// What a run came to.
struct Run {
    cpu_us: f64,
    a_second: f64,
}

/// Measures it.
pub(crate) fn run(pace: &Pace) -> Vec<Row> {
    let (kafka, folder) = (Kafka::start(), process::folder("tool"));
    kafka.create_topic("bench", 4);
    let tool = compiled(folder.path());
    let commands: [(&str, &dyn Fn() -> Command); 2] =
        [("handover", &|| ours(&kafka)), ("rdkafka_performance", &|| theirs(&tool, &kafka))];
    let mut runs = [Vec::new(), Vec::new()];
    for _ in 0..pace.rounds {
        for ((_, command), runs) in commands.iter().zip(&mut runs) {
            runs.push(once(command()));
        }
    }
    let figure =
        |name, runs: &[Run], of: fn(&Run) -> f64| Figure { name, rounds: runs.iter().map(of).collect() };
    let rows = commands.iter().zip(&runs).map(|((who, _), runs)| Row {
        work: format!("{RECORDS} records of {BYTES} bytes"),
        who: (*who).to_owned(),
        figures: vec![figure(CPU, runs, |run| run.cpu_us), figure("a second", runs, |run| run.a_second)],
        verdicts: Vec::new(),
    });
    let mut rows: Vec<Row> = rows.collect();
    let cost = |row: &Row| row.figure(CPU).spread().median;
    let ratio = cost(&rows[0]) / cost(&rows[1]);
    rows[0].verdicts.push(Verdict { against: "librdkafka's tool".to_owned(), ratio, at_most: AT_MOST });
    rows
}

/// Runs a program to its end.
fn once(mut command: Command) -> Run {
    let (before, began) = (cpu_of_children(), Instant::now());
    let output = command.stdin(Stdio::null()).output().expect("it can be started");
    let took = began.elapsed();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / RECORDS as f64;
    Run { cpu_us: each(cpu_of_children() - before), a_second: RECORDS as f64 / took.as_secs_f64() }
}

/// What those took whom this process has started and seen end.
fn cpu_of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process may ask that");
    let micros = |time: TimeVal| time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64;
    Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time()))
}

fn ours(kafka: &Kafka) -> Command {
    let me = std::env::current_exe().expect("a running program has a file");
    let mut command = Command::new(me.with_file_name("handover-produced"));
    command.args([&kafka.bootstrap(), "bench", &RECORDS.to_string(), &BYTES.to_string()]);
    command
}

/// With the settings that our producer has. `-D`: it copies each value, as whoever sends different ones has to.
fn theirs(tool: &Path, kafka: &Kafka) -> Command {
    let mut command = Command::new(tool);
    command.args(["-P", "-D", "-q", "-t", "bench", "-k", "key", "-b", &kafka.bootstrap()]);
    command.args(["-c", &RECORDS.to_string(), "-s", &BYTES.to_string()]);
    for setting in ["enable.idempotence=true", "linger.ms=1", "queue.buffering.max.messages=100000"] {
        command.args(["-X", setting]);
    }
    command
}

/// The tool's program.
fn compiled(folder: &Path) -> PathBuf {
    let makefile = folder.join("Makefile");
    let root = env!("RDKAFKA_ROOT");
    process::write(
        &makefile,
        format!(
            "include {root}/Makefile.config\n\
             tool:\n\t$(CC) $(CPPFLAGS) $(CFLAGS) -I{root} -I{root}/src {root}/examples/rdkafka_performance.c -o $@ \
             {root}/src/librdkafka.a $(LDFLAGS) -L{zstd} $(LIBS)\n",
            zstd = env!("ZSTD_ROOT"),
        ),
    );
    let output = Command::new(tools::program(&["make"])).current_dir(folder).arg("tool").output();
    let output = output.expect("make can be started");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "the tool cannot be compiled: {}", String::from_utf8_lossy(&said));
    folder.join("tool")
}
