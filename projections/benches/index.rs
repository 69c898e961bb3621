//! How fast the index answers and takes changes, and how much memory it takes.
//!
//! `cargo bench -p dossier-projections --bench index -- [contacts]`
//!
//! Every question is asked with parameters drawn anew, each three times; the best of the three counts. Times are those
//! that this thread had the processor for, which is all there is to it on a machine that does nothing else.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::process::ExitCode;
use std::time::Duration;

#[path = "index/contacts.rs"]
mod contacts;
#[allow(dead_code, reason = "other benches use the rest")]
#[path = "../../benches/shared/dice.rs"]
mod dice;
#[path = "index/questions.rs"]
mod questions;
#[allow(dead_code, reason = "other benches use the rest")]
#[path = "../../benches/shared/table.rs"]
mod table;

use chrono::TimeDelta;
use dossier_domain::filter::{Search, Sort};
use dossier_projections::index::{Ask, Index, NoSegments};

use contacts::{Contacts, NOW, now};
use dice::Dice;
use questions::{FILTERS, SEARCHES, SORTS, definitions, read};
use rustix::time::{ClockId, clock_gettime};
use table::{Bars, figure, head, row};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ASKED: usize = 100;
const TIMES: usize = 3;
const PAGE: usize = 100;

fn main() -> ExitCode {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let count = numbers.next().unwrap_or(1_000_000);
    let mut bars = Bars::default();
    println!("{count} contacts, as of {NOW}");
    let mut index = build(count);
    filters(&index, &mut bars);
    pages(&index, &mut bars);
    searches(&index, &mut bars);
    puts(&mut index, count, &mut bars);
    bars.verdict()
}

fn build(count: usize) -> Index {
    let mut contacts = Contacts::new();
    let mut made = Duration::ZERO;
    let begun = Instant::now();
    // A contact is dropped before the next one is made: the process holds the index and little else.
    let index = Index::filled(
        30,
        (0..count).map(|_| {
            let begun = Instant::now();
            let contact = contacts.make();
            made += begun.elapsed();
            contact
        }),
    );
    let took = begun.elapsed() - made;
    let memory = index.memory();
    let mib = |bytes: usize| figure(bytes as f64 / f64::from(1 << 20));
    head(&["built", "s", "us each", "MiB", "ids", "values", "columns", "custom", "texts", "grams", "process MiB"]);
    row(&[
        "filled".into(),
        format!("{:.1}", took.as_secs_f64()),
        format!("{:.1}", took.as_secs_f64() * 1e6 / count as f64),
        mib(memory.total()),
        mib(memory.ids),
        mib(memory.values),
        mib(memory.columns),
        mib(memory.custom),
        mib(memory.texts),
        mib(memory.grams),
        figure(peak_memory()),
    ]);
    index
}

/// A point in the computing time of this thread.
struct Instant(Duration);

impl Instant {
    fn now() -> Self {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Instant(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    fn elapsed(&self) -> Duration {
        Instant::now().0 - self.0
    }
}

/// The most memory that this process ever held, in MiB.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Best times of many questions, in order.
fn times<'i>(mut ask: impl FnMut(&mut Dice) -> Box<dyn Fn() -> u64 + 'i>) -> (Vec<Duration>, f64) {
    let mut dice = Dice::seeded(11);
    let (mut times, mut found) = (Vec::new(), 0);
    for _ in 0..ASKED {
        let asked = ask(&mut dice);
        let once = || {
            let begun = Instant::now();
            let count = asked();
            (begun.elapsed(), count)
        };
        let best = (0..TIMES).map(|_| once()).min().unwrap();
        times.push(best.0);
        found += best.1;
    }
    times.sort_unstable();
    (times, found as f64 / ASKED as f64)
}

fn tell(name: &str, (times, found): (Vec<Duration>, f64), bar: f64, bars: &mut Vec<(String, f64, f64)>) {
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    row(&[name.into(), figure(found), format!("{:.3}", at(50)), format!("{:.3}", at(99))]);
    bars.push((name.into(), at(99), bar));
}

fn hold(measured: Vec<(String, f64, f64)>, bars: &mut Bars) {
    for (name, p99, bar) in measured {
        bars.at_most(&format!("p99 of {name}, ms"), p99, bar);
    }
}

fn filters(index: &Index, bars: &mut Bars) {
    head(&["filter, with count", "found", "p50 ms", "p99 ms"]);
    let mut measured = Vec::new();
    for (name, filter) in FILTERS {
        let timed = times(|dice| {
            let filter = read(&filter(dice));
            question(index, move |index| {
                index.matching(&Ask { filter: &filter, search: None, now: now(), segments: &NoSegments }, None).len()
            })
        });
        tell(name, timed, 5.0, &mut measured);
    }
    hold(measured, bars);
}

/// A question that can be asked again and again.
fn question<'i>(index: &'i Index, ask: impl Fn(&Index) -> u64 + 'i) -> Box<dyn Fn() -> u64 + 'i> {
    Box::new(move || ask(index))
}

fn pages(index: &Index, bars: &mut Bars) {
    head(&["page of 100 ids, with count", "found", "p50 ms", "p99 ms"]);
    let mut measured = Vec::new();
    for (name, filter, sort, depth) in SORTS {
        let sort = Sort::read(&serde_json::from_str(sort).unwrap(), &definitions()).unwrap();
        let timed = times(|dice| {
            let (filter, sort) = (read(&filter(dice)), sort.clone());
            let ask = Ask { filter: &filter, search: None, now: now(), segments: &NoSegments };
            // The place of a contact far down, as a reader of many pages would have it.
            let after = (*depth > 0).then(|| index.page(&ask, &sort, None, *depth, false).next).flatten();
            question(index, move |index| {
                let ask = Ask { filter: &filter, search: None, now: now(), segments: &NoSegments };
                index.page(&ask, &sort, after.as_ref(), PAGE, true).count.unwrap()
            })
        });
        tell(name, timed, 5.0, &mut measured);
    }
    hold(measured, bars);
}

fn searches(index: &Index, bars: &mut Bars) {
    head(&["search, page of 100 ids with count", "found", "p50 ms", "p99 ms"]);
    let mut measured = Vec::new();
    for (name, query, filter) in SEARCHES {
        let timed = times(|dice| {
            let search = Search::read(&query(dice), Some("MY")).unwrap().unwrap();
            let filter = read(&filter(dice));
            question(index, move |index| {
                let ask = Ask { filter: &filter, search: Some(&search), now: now(), segments: &NoSegments };
                index.page(&ask, &Sort::default(), None, PAGE, true).count.unwrap()
            })
        });
        tell(name, timed, 20.0, &mut measured);
    }
    hold(measured, bars);
}

fn puts(index: &mut Index, count: usize, bars: &mut Bars) {
    head(&["change", "us each", "a second"]);
    let mut contacts = Contacts::new();
    let mut dice = Dice::seeded(13);
    let known: Vec<_> = (0..count.min(200_000)).map(|_| contacts.make()).collect();
    let messages = known.iter().map(|subject| {
        let mut subject = subject.clone();
        let at = now() + TimeDelta::seconds(dice.below(86_400) as i64);
        (subject.last_in, subject.last_interaction) = (Some(at), Some(at));
        subject.last_channel = Some("whatsapp".into());
        subject
    });
    let messages: Vec<_> = messages.collect();
    let renamed = known.iter().map(|subject| {
        let mut subject = subject.clone();
        subject.company = Some("Another & Company".into());
        subject
    });
    let renamed: Vec<_> = renamed.take(50_000).collect();
    let mut fresh = Contacts::seeded(99);
    let new: Vec<_> = (0..50_000).map(|_| fresh.make()).collect();
    for (name, subjects, bar) in
        [("a message", messages, 2.0), ("another company", renamed, 20.0), ("a new contact", new, 20.0)]
    {
        let begun = Instant::now();
        for subject in &subjects {
            index.put(subject);
        }
        let each = begun.elapsed().as_secs_f64() * 1e6 / subjects.len() as f64;
        row(&[name.into(), format!("{each:.2}"), figure(1e6 / each)]);
        bars.at_most(&format!("{name}, us"), each, bar);
    }
    let begun = Instant::now();
    known.iter().take(50_000).for_each(|subject| assert!(index.remove(subject.id).is_some()));
    let each = begun.elapsed().as_secs_f64() * 1e6 / known.len().min(50_000) as f64;
    row(&["a contact gone".into(), format!("{each:.2}"), figure(1e6 / each)]);
}
