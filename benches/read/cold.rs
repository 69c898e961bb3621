//! Loading contacts that nobody has touched since the store was opened: neither states nor keys are in memory. The
//! files are in the page cache of the system.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dossier::app::ask::Handle;
use dossier::app::streams::Streams;
use dossier::house::{House, Options};
use dossier_domain::ids::ContactId;

use super::shared::dice::Dice;
use super::shared::messages;

/// Where the state comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// All events of the stream.
    Log,
    /// The read model's row, and whatever the stream holds beyond it.
    Snapshot,
}

impl From {
    pub(crate) fn name(self) -> &'static str {
        match self {
            From::Log => "the log alone",
            From::Snapshot => "a snapshot",
        }
    }
}

/// What the first message makes besides itself: the contact, its identity, its profile, and an open conversation.
const MADE_BY_THE_FIRST: usize = 4;

/// Messages by which each of the contacts comes to have so many events.
pub(crate) fn write(path: &Path, contacts: usize, events: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut dice = Dice::seeded(11);
    let mut number = 0;
    for _ in 0..events - MADE_BY_THE_FIRST {
        for contact in 0..contacts {
            messages::line(&mut file, contact, number, messages::text(&mut dice));
            number += 1;
        }
    }
    file.flush().unwrap();
}

/// Loads every contact once.
pub(crate) async fn loads(data: &Path, contacts: usize, events: usize, from: From) -> Vec<Duration> {
    let ids = ids(data, contacts).await;
    let house = House::open(data, Options { remembered: 0, ..Options::default() }).await.unwrap();
    let bare = Streams::new(house.store().clone(), house.codec().clone(), None, 0);
    let streams = match from {
        From::Log => &bare,
        From::Snapshot => &house.app().engine().streams,
    };
    let mut times = Vec::with_capacity(contacts);
    for id in ids {
        let begun = Instant::now();
        let contact = streams.contact(id).await.unwrap();
        times.push(begun.elapsed());
        assert_eq!(contact.next_revision as usize, events, "each has as many events as were meant");
    }
    times
}

/// The contacts, found by another house, which is closed again.
async fn ids(data: &Path, contacts: usize) -> Vec<ContactId> {
    let house = House::open(data, Options::default()).await.unwrap();
    let engine = house.app().engine();
    let mut ids = Vec::with_capacity(contacts);
    for contact in 0..contacts {
        let handle = Handle { channel: "whatsapp".into(), external_id: Arc::from(messages::handle(contact)) };
        let identity = engine.streams.identity(engine.named("default", &handle).identity).await.unwrap();
        ids.push(identity.claim.unwrap().owner);
    }
    house.stop().await.unwrap();
    ids
}
