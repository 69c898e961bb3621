//! How fast `dossier ingest` brings a file into a fresh store, read models included, and how much memory that takes.
//!
//! `cargo bench --bench ingest -- [messages] [contacts]`

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};

#[path = "shared/mod.rs"]
mod shared;

use shared::messages;
use shared::process::{Ran, dossier, run, size_of};
use shared::table::{Bars, figure, head, row};

/// Commands a second, the clock running from the start of the process to its end.
const COMMANDS_A_SECOND: f64 = 30_000.0;
/// MiB of resident memory at any time while a million messages go to a hundred thousand contacts.
const PEAK_MEMORY: f64 = 500.0;
const REAL_INPUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/sympy.ndjson.gz");

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let messages = numbers.next().unwrap_or(1_000_000);
    let contacts = numbers.next().unwrap_or(100_000);
    let folder = tempfile::tempdir().unwrap();
    let (real, generated) = (folder.path().join("real.ndjson"), folder.path().join("generated.ndjson"));
    let real_lines = unpack(&real);
    messages::write(&generated, messages, contacts);

    head(&["input", "commands", "seconds", "commands/s", "CPU seconds", "peak memory MiB", "data MiB"]);
    let mut bars = Bars::default();
    let real_rate = measure("the real history", &real, real_lines, &["--replay-clock"]).0;
    let name = format!("{} messages to {} contacts", figure(messages as f64), figure(contacts as f64));
    let (rate, peak_memory) = measure(&name, &generated, messages, &[]);
    bars.at_least("commands a second of the real history", real_rate, COMMANDS_A_SECOND);
    bars.at_least(&format!("commands a second of {name}"), rate, COMMANDS_A_SECOND);
    bars.at_most("MiB of resident memory at most", peak_memory, PEAK_MEMORY);
    bars.verdict()
}

/// Unpacks the example history; answers its lines.
fn unpack(to: &Path) -> usize {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(REAL_INPUT).unwrap()).read_to_end(&mut text).unwrap();
    std::fs::File::create(to).unwrap().write_all(&text).unwrap();
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Ingests a file into a fresh store; answers commands a second and the peak of memory.
fn measure(name: &str, file: &Path, lines: usize, flags: &[&str]) -> (f64, f64) {
    let data = tempfile::tempdir().unwrap();
    let mut command = dossier();
    command.arg("ingest").args(flags).arg("--data").arg(data.path()).arg(file);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let Ran { wall, cpu, peak_memory } = run(&mut command);
    let rate = lines as f64 / wall.as_secs_f64();
    row(&[
        name.to_owned(),
        figure(lines as f64),
        format!("{:.1}", wall.as_secs_f64()),
        figure(rate),
        format!("{:.1}", cpu.as_secs_f64()),
        figure(peak_memory),
        figure(size_of(data.path()) as f64 / f64::from(1 << 20)),
    ]);
    (rate, peak_memory)
}
