//! How many durable appends a second the embedded log takes, against a plain group commit of the same bytes, and how
//! fast the log is read back and opened.
//!
//! `cargo bench --bench append -- [events per run] [tasks]...`

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

#[path = "append/load.rs"]
mod load;
#[path = "append/ours.rs"]
mod ours;
#[path = "append/plain.rs"]
mod plain;
#[path = "append/reading.rs"]
mod reading;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let events = numbers.next().unwrap_or(100_000);
    let tasks: Vec<usize> = numbers.collect();
    reading::rates(events);
    let tasks = if tasks.is_empty() { vec![1, 16, 64, 256] } else { tasks };
    println!("events/s, p50/p99 of one append, computing time an event");
    println!("{:>6} {:>28} {:>28} {:>7}", "tasks", "dossier", "plain", "ratio");
    for tasks in tasks {
        let events = if tasks == 1 { events / 4 } else { events };
        // Interleaved and the better of two each: neighbours on the machine disturb one run, seldom both.
        let mut best = [load::Measured::default(); 2];
        for _ in 0..2 {
            best[0] = best[0].better(ours::appends(tasks, events));
            best[1] = best[1].better(plain::appends(tasks, events));
        }
        let [ours, plain] = best;
        println!("{tasks:>6} {ours:>28} {plain:>28} {:>7.2}", ours.rate / plain.rate);
    }
}
