//! Read models in Postgres: a rebuild, live projection, and filters and pages beside SQL written by hand over the same
//! tables.
//!
//! `cargo bench --bench postgres -- [--contacts 1000000] [--data DIR] [--questions 50] [--seconds 20]`
//!
//! `--data` keeps the data folder, and takes it up again where it is there. The server is private and flushes every
//! commit; it has room for the write-ahead log of a rebuild, as the README tells operators.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[allow(dead_code, reason = "the bench of the table uses the rest")]
#[path = "table/condition.rs"]
mod condition;
#[path = "postgres/hand.rs"]
mod hand;
#[allow(dead_code, reason = "the bench of the table uses the rest")]
#[path = "table/live.rs"]
mod live;
#[allow(dead_code, reason = "the bench of the table uses the rest")]
#[path = "table/ours.rs"]
mod ours;
#[allow(dead_code, reason = "the bench of the table uses the rest")]
#[path = "table/questions.rs"]
mod questions;
#[path = "postgres/rebuilt.rs"]
mod rebuilt;
#[path = "shared/mod.rs"]
mod shared;
#[allow(dead_code, reason = "the bench of the table uses the rest")]
#[path = "table/standing.rs"]
mod standing;
#[path = "postgres/store.rs"]
mod store;

use dossier::adapters::postgres::Address;
use dossier::house::{House, Options};
use questions::{FILTERS, Kind, PAGES};
use shared::postgres::Postgres;
use shared::table::{Bars, figure, head, row};
use shared::workspace::Draw;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PROJECTED_A_SECOND: f64 = 15_000.0;
/// How many times as long as by hand a question may take.
const AS_SLOW: f64 = 1.3;

struct Asked {
    contacts: usize,
    data: Option<PathBuf>,
    questions: usize,
    seconds: u64,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Asked { contacts: 1_000_000, data: None, questions: 50, seconds: 20 };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} wants a value"));
            match argument.as_str() {
                "--contacts" => asked.contacts = value().parse().unwrap(),
                "--data" => asked.data = Some(value().into()),
                "--questions" => asked.questions = value().parse().unwrap(),
                "--seconds" => asked.seconds = value().parse().unwrap(),
                // Said by cargo to every bench.
                "--bench" => {}
                other => panic!("unknown argument {other}"),
            }
        }
        asked
    }
}

fn main() -> ExitCode {
    let asked = Asked::read();
    let temporary = tempfile::tempdir().unwrap();
    let data = asked.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&data).unwrap();
    if std::fs::read_dir(&data).unwrap().next().is_none() {
        standing::ingest(&data, asked.contacts, Draw::Zipf);
    }
    let (postgres, mut bars) = (Postgres::large(), Bars::default());
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let read_store = Some(Address::parse(&postgres.address(), "dossier").unwrap());
        let house = House::open(&data, Options { read_store, ..Options::default() }).await.unwrap();
        rebuilt::measure(&house, &mut bars).await;
        compared(&house, &postgres, asked.questions, &mut bars).await;
        live(&house, &asked, &mut bars).await;
        house.stop().await.unwrap();
    });
    bars.verdict()
}

/// Asks the store and the statement by hand, holds the answers against each other, and prints a row for each kind.
async fn compared(house: &House, postgres: &Postgres, how_many: usize, bars: &mut Bars) {
    let (store, hand) = (store::Asking::of(house).await, hand::Connection::to(postgres).await);
    for (title, kinds) in [("filter, with count", FILTERS), ("first page of 100", PAGES)] {
        head(&[title, "found", "p50 ms", "p99 ms", "by hand p50 ms", "by hand p99 ms", "times at p50", "times at p99"]);
        let mut worst: f64 = 0.0;
        for kind in kinds {
            worst = worst.max(compared_kind(&store, &hand, kind, how_many).await);
        }
        bars.at_most(&format!("{title}: worst p50 in times of that by hand"), worst, AS_SLOW);
    }
}

/// Prints a row; answers how many times as long as by hand it takes at p50.
async fn compared_kind(store: &store::Asking<'_>, hand: &hand::Connection, kind: &Kind, how_many: usize) -> f64 {
    let questions = kind.questions(how_many);
    let (ours, our_times) = store.ask(&questions).await;
    let (theirs, their_times) = hand.ask(kind, &questions).await;
    for ((question, ours), theirs) in questions.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "{}: {}", kind.name, String::from_utf8_lossy(&question.body));
    }
    let found: u64 = ours.iter().map(|answer| answer.count.unwrap_or(answer.ids.len() as u64)).sum();
    let [ours, theirs] = [&our_times, &their_times].map(|times| [50, 99].map(|share| times.percentile(share)));
    let times = [0, 1].map(|place| ours[place] / theirs[place]);
    let mut cells = vec![kind.name.to_owned(), figure(found as f64 / how_many as f64)];
    cells.extend(ours.iter().chain(&theirs).map(|time| format!("{time:.2}")));
    cells.extend(times.iter().map(|times| format!("{times:.2}")));
    row(&cells);
    times[0]
}

/// Messages that came while the projections stood still are projected alone.
async fn live(house: &Arc<House>, asked: &Asked, bars: &mut Bars) {
    house.start().await.unwrap();
    head(&["messages drawn by", "projected alone events/s", "CPU us/event"]);
    // The first is that of cold caches.
    live::backlog(house, asked.contacts, Draw::Zipf, Duration::from_secs(1)).await;
    let alone = live::backlog(house, asked.contacts, Draw::Zipf, Duration::from_secs(asked.seconds)).await;
    row(&[Draw::Zipf.name().into(), figure(alone.rate), format!("{:.1}", alone.cpu_us)]);
    bars.at_least("events a second, projected into Postgres, by Zipf", alone.rate, PROJECTED_A_SECOND);
}
