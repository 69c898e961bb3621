//! Messages through the application while the projections and the index follow: how many events a second that bears,
//! and how long after it was acknowledged an event can be found.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dossier::api::read::envelope::anonymous;
use dossier::api::read::{Setting, line};
use dossier::house::House;
use dossier_domain::meta::Cause;
use serde_json::json;

use super::ours::{Times, WORKSPACE};
use super::shared::dice::Dice;
use super::shared::process::own_cpu;
use super::shared::table::{Bars, figure, head, row};
use super::shared::workspace::{Draw, Fate, fate, message};

/// That the projections bear, with the index kept current.
const EVENTS_A_SECOND: f64 = 40_000.0;
/// Milliseconds, at half the rate that is borne.
const VISIBLE_WITHIN: f64 = 50.0;
/// Callers that each wait for their answers.
const CALLERS: u64 = 256;
/// How often it is looked what can be found.
const LOOKED_EVERY: Duration = Duration::from_micros(500);

/// Both figures for both draws.
pub(crate) async fn measure(house: &Arc<House>, contacts: usize, seconds: u64, bars: &mut Bars) {
    head(&[
        "messages drawn by",
        "events/s",
        "CPU us/event",
        "projected alone events/s",
        "CPU us/event",
        "paced events/s",
        "visible p50 ms",
        "visible p99 ms",
    ]);
    let mut measured = Vec::new();
    for draw in [Draw::Zipf, Draw::Uniform] {
        // The first second is that of cold caches.
        run(house, contacts, draw, Duration::from_secs(1), None).await;
        let full = run(house, contacts, draw, Duration::from_secs(seconds), None).await;
        let paced = run(house, contacts, draw, Duration::from_secs(seconds), Some(full.rate / 2.0)).await;
        let alone = backlog(house, contacts, draw, Duration::from_secs(seconds)).await;
        row(&[
            draw.name().into(),
            figure(full.rate),
            format!("{:.1}", full.cpu_us),
            figure(alone.rate),
            format!("{:.1}", alone.cpu_us),
            figure(paced.rate),
            format!("{:.1}", paced.visible.percentile(50)),
            format!("{:.1}", paced.visible.percentile(99)),
        ]);
        measured.push((draw, alone, paced));
    }
    for (draw, alone, paced) in measured {
        if draw == Draw::Zipf {
            bars.at_least("events a second, projected live, by Zipf", alone.rate, EVENTS_A_SECOND);
        }
        let name = format!("p99 from acknowledged to visible at half the rate, {}, ms", draw.name());
        bars.at_most(&name, paced.visible.percentile(99), VISIBLE_WITHIN);
    }
}

pub(crate) struct Run {
    /// Events a second, until the last could be found.
    pub(crate) rate: f64,
    pub(crate) cpu_us: f64,
    visible: Times,
}

/// Callers send for so long while the projections stand still, which then have the machine for themselves.
pub(crate) async fn backlog(house: &Arc<House>, contacts: usize, draw: Draw, during: Duration) -> Run {
    let still = house.runner().projectors().await;
    let before = house.store().head().await.unwrap();
    sent(house, contacts, draw, Instant::now(), during, None).await;
    let head = house.store().head().await.unwrap();
    let (begun, cpu) = (Instant::now(), own_cpu());
    drop(still);
    // Nobody waits for it by name: whoever does has it store much oftener.
    while house.runner().state().reached < head {
        tokio::time::sleep(LOOKED_EVERY).await;
    }
    let events = (head - before) as f64;
    let cpu_us = (own_cpu() - cpu).as_secs_f64() * 1e6 / events;
    Run { rate: events / begun.elapsed().as_secs_f64(), cpu_us, visible: Times::new(Vec::new()) }
}

/// What callers send for so long is acknowledged: when, and at which position.
async fn sent(
    house: &Arc<House>,
    contacts: usize,
    draw: Draw,
    begun: Instant,
    during: Duration,
    pace: Option<f64>,
) -> Vec<(Instant, u64)> {
    let sent = Arc::new(AtomicU64::new(0));
    let callers = (0..CALLERS).map(|caller| {
        let (house, sent) = (house.clone(), sent.clone());
        tokio::spawn(async move { call(&house, caller, contacts, draw, begun, during, pace, &sent).await })
    });
    let mut acknowledged = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        acknowledged.extend(caller.await.unwrap());
    }
    acknowledged
}

/// Callers send for so long, as fast as they are answered or at a pace.
async fn run(house: &Arc<House>, contacts: usize, draw: Draw, during: Duration, pace: Option<f64>) -> Run {
    let (before, cpu) = (house.store().head().await.unwrap(), own_cpu());
    let watch = Watch::start(house);
    let begun = Instant::now();
    let acknowledged = sent(house, contacts, draw, begun, during, pace).await;
    let head = house.store().head().await.unwrap();
    house.runner().reached(head).await;
    let took = begun.elapsed().as_secs_f64();
    let events = (head - before) as f64;
    let seen = watch.stop();
    let visible = acknowledged.iter().map(|(at, position)| {
        let first = seen[seen.partition_point(|(_, reached)| reached < position)].0;
        first.saturating_duration_since(*at)
    });
    Run {
        rate: events / took,
        cpu_us: (own_cpu() - cpu).as_secs_f64() * 1e6 / events,
        visible: Times::new(visible.collect()),
    }
}

#[allow(clippy::too_many_arguments, reason = "all that a caller is told")]
async fn call(
    house: &House,
    caller: u64,
    contacts: usize,
    draw: Draw,
    begun: Instant,
    during: Duration,
    pace: Option<f64>,
    sent: &AtomicU64,
) -> Vec<(Instant, u64)> {
    let setting = Setting {
        workspace: WORKSPACE.into(),
        region: None,
        actor: anonymous(),
        cause: Cause::Api,
        correlation_id: None,
    };
    // No message id is ever used again, whatever was sent to this store before.
    let nonce = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros() as u64;
    let mut dice = Dice::seeded(nonce ^ caller);
    let mut acknowledged = Vec::new();
    loop {
        let number = sent.fetch_add(1, Ordering::Relaxed);
        if let Some(pace) = pace {
            tokio::time::sleep_until((begun + Duration::from_secs_f64(number as f64 / pace)).into()).await;
        }
        if begun.elapsed() >= during {
            return acknowledged;
        }
        let contact = somebody(&mut dice, contacts, draw);
        let mut members = message(&mut dice, contact, number);
        members["message_id"] = json!(format!("live.{nonce}.{number}"));
        members["command"] = json!("receive_message");
        let bytes = serde_json::to_vec(&members).unwrap();
        let command = line::read(&bytes, &setting, &line::Input::default(), false).unwrap().command;
        let answer = house.execute(command).await.unwrap();
        acknowledged.push((Instant::now(), answer.position));
    }
}

fn somebody(dice: &mut Dice, contacts: usize, draw: Draw) -> usize {
    loop {
        let contact = draw.contact(dice, contacts);
        if fate(contact) != Fate::Erased {
            return contact;
        }
    }
}

/// Looks how far everything is projected, without having it wait for anybody.
struct Watch {
    stopped: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<(Instant, u64)>>,
}

impl Watch {
    fn start(house: &Arc<House>) -> Self {
        let (stopped, runner) = (Arc::new(AtomicBool::new(false)), house.runner().clone());
        let stop = stopped.clone();
        let thread = std::thread::spawn(move || {
            let mut seen: Vec<(Instant, u64)> = Vec::new();
            loop {
                let last = stop.load(Ordering::Relaxed);
                let reached = runner.state().reached;
                if seen.last().is_none_or(|(_, before)| *before < reached) {
                    seen.push((Instant::now(), reached));
                }
                if last {
                    return seen;
                }
                std::thread::sleep(LOOKED_EVERY);
            }
        });
        Watch { stopped, thread }
    }

    /// When each position was reached.
    fn stop(self) -> Vec<(Instant, u64)> {
        self.stopped.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
