//! What segments cost a message: contacts are put anew with another last time, with none, 100 and 1,000 segments.
//!
//! `cargo bench -p dossier-projections --bench segments -- [contacts]`
//!
//! Times are those that this thread had the processor for. Members are told after every batch, and time passes between
//! batches, as the projections do it.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[allow(dead_code, reason = "another bench uses the rest")]
#[path = "index/contacts.rs"]
mod contacts;
#[allow(dead_code, reason = "other benches use the rest")]
#[path = "../../benches/shared/dice.rs"]
mod dice;
#[allow(dead_code, reason = "another bench uses the rest")]
#[path = "index/questions.rs"]
mod questions;
#[allow(dead_code, reason = "other benches use the rest")]
#[path = "../../benches/shared/table.rs"]
mod table;

use chrono::TimeDelta;
use dossier_domain::filter::{Filter, Subject};
use dossier_domain::ids::SegmentId;
use dossier_projections::index::{Index, Touched};
use dossier_projections::segments::Memberships;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use uuid::Uuid;

use contacts::{COUNTRIES, Contacts, now, skewed};
use dice::Dice;
use questions::read;
use table::{Bars, head, row};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MESSAGES: usize = 100_000;
/// Contacts that change together: as many as a busy house stores at once, and as many as a quiet one.
const BATCHES: [usize; 3] = [4_000, 100, 1];

fn main() -> ExitCode {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let mut bars = Bars::default();
    let mut contacts = Contacts::new();
    let known: Vec<Subject> = (0..count).map(|_| contacts.make()).collect();
    let mut index = Index::filled(30, known.iter().cloned());
    println!("{count} contacts");
    head(&["segments", "messages at once", "us each", "of it segments", "crossings"]);
    for batch in BATCHES {
        for segments in [0, 100, 1_000] {
            let (whole, share) = messages(&mut index, &known, segments, batch);
            if batch == BATCHES[0] && segments == 1_000 {
                bars.at_most("1,000 segments, us a message of many", share, 2.0);
            }
            bars.at_most(&format!("{segments} segments, {batch} at once, us a message"), whole, 2_000.0);
        }
    }
    bars.verdict()
}

/// Tags, countries, silence and text, as people define them.
fn definitions(count: usize) -> Vec<(SegmentId, Arc<Filter>)> {
    let mut dice = Dice::seeded(5);
    let define = |number: usize| {
        let country = COUNTRIES[skewed(&mut dice, COUNTRIES.len())].0;
        let silent =
            json!({"field": "last_in", "op": "older_than", "value": {"amount": 1 + dice.below(60), "unit": "day"}});
        let tag = json!({"field": "tags", "op": "any_of", "value": [format!("tag {}", dice.below(500))]});
        let filter = match number % 10 {
            0..=3 => tag,
            4..=5 => json!({"field": "country", "op": "eq", "value": country}),
            6 => json!({"all": [tag, {"field": "country", "op": "ne", "value": country}]}),
            7..=8 => json!({"all": [{"field": "country", "op": "eq", "value": country}, silent]}),
            _ => json!({"field": "company", "op": "contains", "value": "ab"}),
        };
        (SegmentId(Uuid::from_u128(number as u128)), Arc::new(read(&filter)))
    };
    (0..count).map(define).collect()
}

/// Microseconds a message, and those of them that segments take.
fn messages(index: &mut Index, known: &[Subject], segments: usize, batch: usize) -> (f64, f64) {
    let mut memberships = Memberships::new(now());
    memberships.define(&definitions(segments), 30, index, |_| true);
    let mut dice = Dice::seeded(13);
    let (mut whole, mut share, mut crossings, mut at) = (Duration::ZERO, Duration::ZERO, 0, now());
    let messages = if batch == 1 { MESSAGES / 50 } else { MESSAGES };
    for _ in 0..messages / batch {
        at += TimeDelta::milliseconds(30);
        let changed: Vec<Subject> = (0..batch).map(|_| message(&known[dice.below(known.len())], at)).collect();
        let begun = cpu();
        let mut told = memberships.tick(index, at);
        let ticked = cpu();
        let mut touched = Touched::default();
        for subject in &changed {
            let put = index.put(subject);
            if segments > 0 {
                touched.add(put.ordinal, &put.changed);
            }
        }
        let put = cpu();
        memberships.touch(&touched, index, &mut told);
        let done = cpu();
        crossings += told.len();
        (whole, share) = (whole + (done - begun), share + (ticked - begun) + (done - put));
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / messages as f64;
    row(&[
        segments.to_string(),
        batch.to_string(),
        format!("{:.2}", each(whole)),
        format!("{:.2}", each(share)),
        crossings.to_string(),
    ]);
    (each(whole), each(share))
}

fn message(subject: &Subject, at: chrono::DateTime<chrono::Utc>) -> Subject {
    let mut subject = subject.clone();
    (subject.last_in, subject.last_interaction) = (Some(at), Some(at));
    subject
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
