//! The program as it is shipped, over a workspace of this size: taking it in, making its contacts anew, starting, and
//! the memory that it then holds.

use std::io::BufWriter;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use dossier::house::{House, Options};
use dossier::ports::read_store::Projection;
use serde_json::Value as Json;

use super::questions::{FILTERS, PAGES, SEARCHES};
use super::shared::process::{cpu_of, dossier, own_cpu, peak_memory, resident_memory, run_fed, size_of};
use super::shared::server::Server;
use super::shared::table::{Bars, figure, head, row};
use super::shared::workspace::{self, Draw};

const REBUILT_A_SECOND: f64 = 300_000.0;
/// Seconds until a server is ready, at a million contacts.
const READY_WITHIN: f64 = 8.0;
/// MiB that a serving process holds, at a million contacts: 1.5 GB.
const SERVING: f64 = 1_430.5;
/// Questions of each kind that a server has answered before its memory is looked at.
const ASKED: usize = 20;

/// Has the program take in a generated workspace; every line of it must be accepted.
pub(crate) fn ingest(data: &Path, contacts: usize, draw: Draw) {
    let told = tempfile::NamedTempFile::new().unwrap();
    let mut command = dossier();
    command.args(["ingest", "--replay-clock", "--json", "--data"]).arg(data).arg("-");
    command.stdout(told.reopen().unwrap()).stderr(Stdio::null());
    let ran = run_fed(&mut command, |input| {
        workspace::write(BufWriter::with_capacity(1 << 20, input), contacts, draw).unwrap();
    });
    let summary: Json = serde_json::from_str(&std::fs::read_to_string(told.path()).unwrap()).unwrap();
    assert_eq!(summary["rejected"], 0, "{summary}");
    let number = |name: &str| summary[name].as_f64().unwrap();
    head(&[
        "ingested, messages drawn by",
        "contacts",
        "commands",
        "events",
        "seconds",
        "commands/s",
        "events/s",
        "CPU seconds",
        "peak memory MiB",
        "data MiB",
    ]);
    row(&[
        draw.name().to_owned(),
        figure(contacts as f64),
        figure(number("lines")),
        figure(number("position")),
        format!("{:.1}", ran.wall.as_secs_f64()),
        figure(number("lines") / ran.wall.as_secs_f64()),
        figure(number("position") / ran.wall.as_secs_f64()),
        format!("{:.1}", ran.cpu.as_secs_f64()),
        figure(ran.peak_memory),
        figure(size_of(data) as f64 / f64::from(1 << 20)),
    ]);
}

/// Makes the contacts anew from the first event.
pub(crate) async fn rebuild(data: &Path, bars: &mut Bars) {
    let house = House::open(data, Options::default()).await.unwrap();
    house.catch_up().await.unwrap();
    let events = house.store().head().await.unwrap();
    let (begun, cpu) = (Instant::now(), own_cpu());
    house.rebuild(Projection::Contacts, |_| {}).await.unwrap();
    let (took, cpu) = (begun.elapsed().as_secs_f64(), (own_cpu() - cpu).as_secs_f64());
    house.stop().await.unwrap();
    head(&["rebuilt", "events", "seconds", "events/s", "events/CPU s"]);
    row(&[
        "contacts".into(),
        figure(events as f64),
        format!("{took:.1}"),
        figure(events as f64 / took),
        figure(events as f64 / cpu),
    ]);
    bars.at_least("events a second of a rebuild", events as f64 / took, REBUILT_A_SECOND);
}

/// Starts the program, asks it over HTTP, and looks at its memory: first it must read every contact, and after a stop it
/// has a snapshot of its index.
pub(crate) fn serve(data: &Path, bars: &mut Bars) {
    head(&[
        "serving, with an index",
        "ready after s",
        "CPU s until then",
        "memory then MiB",
        "after searches MiB",
        "peak MiB",
        "stopped after s",
        "snapshot MiB",
    ]);
    served(data, "filled from all contacts");
    let (ready, asked) = served(data, "from a snapshot");
    bars.at_most("seconds until ready", ready, READY_WITHIN);
    bars.at_most("MiB of a serving process", asked, SERVING);
}

/// One start and one stop; the seconds until it was ready, and the MiB that it held in the end.
fn served(data: &Path, how: &str) -> (f64, f64) {
    let begun = Instant::now();
    let server = Server::of_the_product(data);
    let (ready, cpu) = (begun.elapsed().as_secs_f64(), cpu_of(server.process()).as_secs_f64());
    let memory = |told: Option<f64>| told.unwrap();
    let at_start = memory(resident_memory(server.process()));
    for question in FILTERS.iter().chain(PAGES).chain(SEARCHES).flat_map(|kind| kind.questions(ASKED)) {
        let body = String::from_utf8(question.body).unwrap();
        let answer = server.post("/v1/workspaces/default/contacts/search", &body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{body}: {answer}");
    }
    let asked = memory(resident_memory(server.process()));
    let peak = memory(peak_memory(server.process()));
    let begun = Instant::now();
    server.stop();
    let stopped = begun.elapsed().as_secs_f64();
    let files = std::fs::read_dir(data).unwrap().map(|file| file.unwrap());
    let snapshot = files.filter(|file| file.file_name().to_string_lossy().ends_with(".snapshot"));
    let snapshot: u64 = snapshot.map(|file| file.metadata().unwrap().len()).sum();
    row(&[
        how.to_owned(),
        format!("{ready:.2}"),
        format!("{cpu:.2}"),
        figure(at_start),
        figure(asked),
        figure(peak),
        format!("{stopped:.2}"),
        figure(snapshot as f64 / f64::from(1 << 20)),
    ]);
    (ready, asked)
}
