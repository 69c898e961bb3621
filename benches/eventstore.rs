//! How many appends a second go through the event store's adapter to the double on a socket of this machine, beside what
//! the official client does by itself.
//!
//! `cargo bench --bench eventstore -- [appends per run]`

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dossier::adapters::eventstore::{EventStoreDb, Options};
use dossier::adapters::sqlite::DataFolder;
use dossier::ports::{EventStore, Expected, NewEvent};
use dossier_domain::ids::{ContactId, Mark, Stream};
use dossier_double::Double;
use eventstore::{AppendToStreamOptions, Client, EventData, StreamState};
use uuid::Uuid;

#[path = "shared/table.rs"]
#[allow(dead_code, reason = "each bench uses its part")]
mod table;

/// Bytes of an event's data, about as many as a stored message has.
const DATA_BYTES: usize = 400;
const META: &[u8] = br#"{"workspace":"default","actor":"system","cause":"api","occurred_at":"2026-01-01T00:00:00Z","recorded_at":"2026-01-01T00:00:00Z","$correlationId":"0197f3a2-0000-7000-8000-000000000001","$causationId":"0197f3a2-0000-7000-8000-000000000001"}"#;

#[derive(Clone, Copy)]
enum What {
    /// Through the adapter, each event with a mark that must be free.
    Marked,
    /// Through the adapter, without marks.
    Plain,
    /// The official client as it is.
    Client,
}

struct Measured {
    rate: f64,
    p50: Duration,
    p99: Duration,
}

fn main() -> ExitCode {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(40_000);
    let mut bars = table::Bars::default();
    table::head(&[
        "callers",
        "with a mark: p50 / p99",
        "a second",
        "without: p50 / p99",
        "a second",
        "client alone: p50 / p99",
        "a second",
    ]);
    for callers in [1, 16, 128] {
        let measured = [What::Marked, What::Plain, What::Client].map(|what| {
            // The client alone waits 44 ms each time.
            let count = if matches!(what, What::Client) { 50 * callers } else { count };
            run(what, callers, if callers == 1 { count / 4 } else { count })
        });
        let cells = measured.iter().flat_map(|one| {
            let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
            [format!("{:.2} / {:.2} ms", ms(one.p50), ms(one.p99)), table::figure(one.rate)]
        });
        table::row(&[callers.to_string()].into_iter().chain(cells).collect::<Vec<_>>());
        let marked = &measured[0];
        match callers {
            1 => bars.at_most("p50 of an append at one caller, ms", marked.p50.as_secs_f64() * 1_000.0, 2.0),
            16 => bars.at_least("appends a second at 16 callers", marked.rate, 10_000.0),
            _ => {}
        }
    }
    bars.verdict()
}

fn event(number: u128, what: What) -> NewEvent {
    let mark = Mark(number.to_be_bytes());
    NewEvent {
        id: Uuid::from_u128(number),
        event_type: "message_received".into(),
        version: 1,
        data: format!(r#"{{"public":{{}},"sealed":{{"with":"{}"}}}}"#, "d".repeat(DATA_BYTES - 36)).into_bytes(),
        meta: META.to_vec(),
        marks: if matches!(what, What::Marked) { vec![mark] } else { Vec::new() },
    }
}

/// Closed loops, one a caller, each on a stream of its own.
fn run(what: What, callers: usize, count: usize) -> Measured {
    let double = Double::start();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut times, took) = runtime.block_on(async {
        let data = DataFolder::open(folder.path()).unwrap();
        let store = Arc::new(EventStoreDb::open(&double.connection(), &data, Options::default()).await.unwrap());
        let client = Client::new(double.connection().parse().unwrap()).unwrap();
        store.head().await.unwrap();
        let begun = Instant::now();
        let running: Vec<_> = (0..callers)
            .map(|caller| {
                let (store, client) = (store.clone(), client.clone());
                tokio::spawn(async move {
                    let mut times = Vec::with_capacity(count / callers);
                    for revision in 0..(count / callers) as u64 {
                        let event = event(((caller as u128 + 1) << 64) + u128::from(revision), what);
                        let begun = Instant::now();
                        match what {
                            What::Client => alone(&client, caller, revision, &event).await,
                            _ => through(&store, caller, revision, event).await,
                        }
                        times.push(begun.elapsed());
                    }
                    times
                })
            })
            .collect();
        let mut times = Vec::with_capacity(count);
        for one in running {
            times.extend(one.await.unwrap());
        }
        (times, begun.elapsed())
    });
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    Measured { rate: times.len() as f64 / took.as_secs_f64(), p50: at(50), p99: at(99) }
}

async fn through(store: &EventStoreDb, caller: usize, revision: u64, event: NewEvent) {
    let stream = Stream::Contact(ContactId(Uuid::from_u128(caller as u128 + 1)));
    let expected = revision.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
    store.append(&stream, expected, vec![event]).await.unwrap();
}

async fn alone(client: &Client, caller: usize, revision: u64, event: &NewEvent) {
    let state = revision.checked_sub(1).map_or(StreamState::NoStream, StreamState::StreamRevision);
    let data: &serde_json::value::RawValue = serde_json::from_slice(&event.data).unwrap();
    let data = EventData::json(&event.event_type, &data).unwrap().id(event.id).metadata(META.into());
    let options = AppendToStreamOptions::default().stream_state(state);
    client.append_to_stream(format!("contact-{caller}"), &options, data).await.unwrap();
}
