//! Read models made anew from the first event, into tables that are put in the place of those that serve.

use std::time::Instant;

use dossier::house::House;
use dossier::ports::read_store::Projection;

use super::shared::process::own_cpu;
use super::shared::table::{Bars, figure, head, row};

/// Seconds for a million contacts and ten million events.
const WITHIN: f64 = 120.0;
const EVENTS: f64 = 10_000_000.0;

pub(crate) async fn measure(house: &House, bars: &mut Bars) {
    let events = house.store().head().await.unwrap() as f64;
    head(&["rebuilt", "events", "seconds", "events/s", "own CPU seconds"]);
    let mut contacts = 0.0;
    for projection in Projection::ALL {
        let (begun, cpu) = (Instant::now(), own_cpu());
        house.rebuild(projection, |_| {}).await.unwrap();
        let (took, cpu) = (begun.elapsed().as_secs_f64(), (own_cpu() - cpu).as_secs_f64());
        row(&[
            projection.name().into(),
            figure(events),
            format!("{took:.1}"),
            figure(events / took),
            format!("{cpu:.1}"),
        ]);
        if projection == Projection::Contacts {
            contacts = took;
        }
    }
    house.catch_up().await.unwrap();
    match events * 1.1 >= EVENTS {
        true => bars.at_most("seconds of a rebuild of the contacts", contacts, WITHIN),
        false => bars.at_least("events a second of a rebuild of the contacts", events / contacts, EVENTS / WITHIN),
    }
}
