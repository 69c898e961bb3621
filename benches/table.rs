//! The contacts table: filters, searches and sorted pages over a workspace of any size, beside Postgres with the same
//! contacts; starting, rebuilding and memory; and the projections while messages come in.
//!
//! `cargo bench --bench table -- [--contacts 1000000] [--uniform] [--data DIR] [--questions 200] [--seconds 10]
//! [--without-postgres] [--write FILE]`
//!
//! `--data` keeps the data folder, and takes it up again where it is there. `--write` writes the generated history and
//! does nothing else. Questions are asked of the house in this process, from the bytes of a request to the bytes of its
//! answer; what is measured of the program itself says so.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

#[path = "table/condition.rs"]
mod condition;
#[path = "table/live.rs"]
mod live;
#[path = "table/ours.rs"]
mod ours;
#[path = "table/questions.rs"]
mod questions;
#[path = "shared/mod.rs"]
mod shared;
#[path = "table/standing.rs"]
mod standing;
#[path = "table/theirs.rs"]
mod theirs;

use dossier::house::{House, Options};
use questions::{FILTERS, Kind, PAGES, SEARCHES};
use shared::postgres::Postgres;
use shared::table::{Bars, figure, head, row};
use shared::workspace::{self, Draw};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured, and the milliseconds that it may take in 99 of 100 cases.
const MEASURED: [(&str, &[Kind], f64); 3] = [
    ("filter, with count", FILTERS, 5.0),
    ("first page of 100 sorted, with documents", PAGES, 10.0),
    ("search and filter, page of 100 with count", SEARCHES, 20.0),
];

struct Asked {
    contacts: usize,
    draw: Draw,
    data: Option<PathBuf>,
    questions: usize,
    seconds: u64,
    postgres: bool,
    write: Option<PathBuf>,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Asked {
            contacts: 1_000_000,
            draw: Draw::Zipf,
            data: None,
            questions: 200,
            seconds: 10,
            postgres: true,
            write: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| panic!("{argument} wants a value"));
            match argument.as_str() {
                "--contacts" => asked.contacts = value().parse().unwrap(),
                "--questions" => asked.questions = value().parse().unwrap(),
                "--seconds" => asked.seconds = value().parse().unwrap(),
                "--data" => asked.data = Some(value().into()),
                "--write" => asked.write = Some(value().into()),
                "--uniform" => asked.draw = Draw::Uniform,
                "--without-postgres" => asked.postgres = false,
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
    if let Some(file) = &asked.write {
        let out = BufWriter::with_capacity(1 << 20, File::create(file).unwrap());
        println!("{} lines", workspace::write(out, asked.contacts, asked.draw).unwrap());
        return ExitCode::SUCCESS;
    }
    let temporary = tempfile::tempdir().unwrap();
    let data = asked.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&data).unwrap();
    let mut bars = Bars::default();
    if std::fs::read_dir(&data).unwrap().next().is_none() {
        standing::ingest(&data, asked.contacts, asked.draw);
    }
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        standing::rebuild(&data, &mut bars).await;
        standing::serve(&data, &mut bars);
        questioned(&asked, &data, &mut bars).await;
    });
    bars.verdict()
}

/// Everything that is asked of one house in this process.
async fn questioned(asked: &Asked, data: &Path, bars: &mut Bars) {
    let house = House::open(data, Options::default()).await.unwrap();
    // Nothing runs yet, so that all that is asked is asked of the same contacts.
    house.catch_up().await.unwrap();
    house.fill().await.unwrap();
    let postgres = match asked.postgres {
        true => Some(theirs::loaded(&house).await),
        false => None,
    };
    for (title, kinds, bar) in MEASURED {
        compared(&house, postgres.as_ref(), asked.questions, (title, kinds, bar), bars).await;
    }
    drop(postgres);
    live(asked, house, bars).await;
}

async fn live(asked: &Asked, house: Arc<House>, bars: &mut Bars) {
    house.start().await.unwrap();
    live::measure(&house, asked.contacts, asked.seconds, bars).await;
    house.stop().await.unwrap();
}

/// Asks both, holds the answers against each other, and prints a row for each kind.
async fn compared(
    house: &House,
    postgres: Option<&Postgres>,
    how_many: usize,
    (title, kinds, bar): (&str, &[Kind], f64),
    bars: &mut Bars,
) {
    head(&[title, "found", "p50 ms", "p99 ms", "Postgres p50 ms", "Postgres p99 ms", "times at p50", "times at p99"]);
    let mut worst: f64 = 0.0;
    for kind in kinds {
        let questions = kind.questions(how_many);
        let (answers, times) = ours::ask(house, &questions).await;
        let (p50, p99) = (times.percentile(50), times.percentile(99));
        worst = worst.max(p99);
        let found: u64 = answers.iter().map(|answer| answer.count.unwrap_or(answer.ids.len() as u64)).sum();
        let mut cells = vec![
            kind.name.to_owned(),
            figure(found as f64 / how_many as f64),
            format!("{p50:.3}"),
            format!("{p99:.3}"),
        ];
        if let Some(postgres) = postgres {
            let (same, theirs) = theirs::ask(postgres, &questions);
            for ((question, ours), theirs) in questions.iter().zip(&answers).zip(&same) {
                assert_eq!(ours, theirs, "{}", question.sql);
            }
            for theirs in [theirs.percentile(50), theirs.percentile(99)] {
                cells.push(format!("{theirs:.2}"));
            }
            for (theirs, ours) in [(theirs.percentile(50), p50), (theirs.percentile(99), p99)] {
                cells.push(format!("{:.1}", theirs / ours));
            }
        } else {
            cells.extend(["-", "-", "-", "-"].map(str::to_owned));
        }
        row(&cells);
    }
    bars.at_most(&format!("worst p99 of {title}, ms"), worst, bar);
}
