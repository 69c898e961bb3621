//! How fast contacts are loaded cold, and how fast the whole log is read, opened and folded on one core.
//!
//! `cargo bench --bench read -- [messages] [contacts]`

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::path::Path;
use std::process::{ExitCode, Stdio};

#[path = "read/cold.rs"]
mod cold;
#[path = "read/log.rs"]
mod log;
#[path = "shared/mod.rs"]
mod shared;

use shared::messages;
use shared::process::{dossier, run};
use shared::table::{Bars, figure, head, row};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events a second of the whole log, on one core.
const EVENTS_A_SECOND: f64 = 400_000.0;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let messages = numbers.next().unwrap_or(400_000);
    let contacts = numbers.next().unwrap_or(messages / 10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();

    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), |file| messages::write(file, messages, contacts));
    head(&["the whole log, one core", "events", "events/s", "events/CPU s", "bytes/event"]);
    let mut bars = Bars::default();
    let passes = [
        ("read", log::Depth::Read),
        ("read, opened", log::Depth::Opened),
        ("read, opened, folded", log::Depth::Folded),
    ];
    for (name, depth) in passes {
        let pass = runtime.block_on(log::best(folder.path(), depth));
        row(&[
            name.into(),
            figure(pass.events as f64),
            figure(pass.rate()),
            figure(pass.rate_of_cpu()),
            figure(pass.bytes as f64 / pass.events as f64),
        ]);
        if depth == log::Depth::Folded {
            bars.at_least("events a second, read, opened and folded", pass.rate(), EVENTS_A_SECOND);
        }
    }

    head(&["cold load of a contact", "from", "contacts", "p50 us", "p99 us"]);
    for (events, contacts) in [(10, 2_000), (10_000, 10)] {
        let folder = tempfile::tempdir().unwrap();
        ingest(folder.path(), |file| cold::write(file, contacts, events));
        for from in [cold::From::Log, cold::From::Snapshot] {
            let mut times = runtime.block_on(cold::loads(folder.path(), contacts, events, from));
            times.sort_unstable();
            let at = |share: usize| figure(times[(times.len() * share / 100).min(times.len() - 1)].as_micros() as f64);
            let name = format!("{} events", figure(events as f64));
            row(&[name, from.name().into(), figure(contacts as f64), at(50), at(99)]);
        }
    }
    bars.verdict()
}

/// Ingests what `write` writes, by the program itself.
fn ingest(data: &Path, write: impl FnOnce(&Path)) {
    let input = tempfile::NamedTempFile::new().unwrap();
    write(input.path());
    let mut command = dossier();
    command.arg("ingest").arg("--data").arg(data).arg(input.path());
    run(command.stdout(Stdio::null()).stderr(Stdio::null()));
}
