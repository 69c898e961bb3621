//! Reading the whole log in one thread: the rows alone, then opened, then folded into the states of all contacts.

use std::path::Path;
use std::time::{Duration, Instant};

use dossier::house::{House, Options};
use dossier_domain::ids::{ContactId, IdMap, Stream};
use dossier_domain::state::{Contact, evolve};

use super::shared::process::own_cpu;

const PAGE: usize = 4096;
/// The better of so many: neighbours on the machine disturb one run, seldom all.
const PASSES: usize = 3;

/// How much is done with an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Read,
    Opened,
    Folded,
}

/// One reading of the log.
#[derive(Clone, Copy)]
pub(crate) struct Pass {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    took: Duration,
    cpu: Duration,
}

impl Pass {
    /// Events a second.
    pub(crate) fn rate(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    /// Events a second of computing time: what the rate would be with a core for itself.
    pub(crate) fn rate_of_cpu(&self) -> f64 {
        self.events as f64 / self.cpu.as_secs_f64()
    }
}

/// The fastest of a few passes, each over a store that was opened anew.
pub(crate) async fn best(data: &Path, depth: Depth) -> Pass {
    let mut best: Option<Pass> = None;
    for _ in 0..PASSES {
        let house = House::open(data, Options::default()).await.unwrap();
        let pass = pass(&house, depth).await;
        house.stop().await.unwrap();
        best = best.filter(|best| best.took <= pass.took).or(Some(pass));
    }
    best.unwrap()
}

async fn pass(house: &House, depth: Depth) -> Pass {
    let (begun, cpu) = (Instant::now(), own_cpu());
    let mut contacts: IdMap<ContactId, Contact> = IdMap::default();
    let (mut position, mut bytes) = (0, 0);
    loop {
        let page = house.store().read_all(position, PAGE).await.unwrap();
        let Some(last) = page.last() else { break };
        position = last.position;
        let mut opener = house.codec().opener();
        for recorded in &page {
            bytes += (recorded.event.data.len() + recorded.event.meta.len()) as u64;
            if depth == Depth::Read {
                continue;
            }
            let opened = opener.open(recorded).await.unwrap();
            if let (Depth::Folded, Stream::Contact(id)) = (depth, &recorded.stream) {
                evolve(contacts.entry(*id).or_insert_with(|| Contact::absent(*id)), &opened.fact(recorded));
            }
        }
    }
    Pass { events: position, bytes, took: begun.elapsed(), cpu: own_cpu() - cpu }
}
