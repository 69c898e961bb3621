//! The end of the log that the index file does not have yet, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use dossier_domain::ids::{Mark, Stream};
use parking_lot::RwLock;
use uuid::Uuid;

use crate::ports::Recorded;

/// Where an event of a stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Spot {
    pub(in super::super) revision: u64,
    pub(in super::super) position: u64,
}

/// What is to be known of an event to find it.
#[derive(Clone, Copy)]
pub(in super::super) struct Entry<'e> {
    pub(in super::super) stream: &'e Stream,
    pub(in super::super) spot: Spot,
    pub(in super::super) id: Uuid,
    pub(in super::super) marks: &'e [Mark],
}

impl<'e> From<&'e Recorded> for Entry<'e> {
    fn from(recorded: &'e Recorded) -> Self {
        let Recorded { position, revision, stream, event } = recorded;
        let spot = Spot { revision: *revision, position: *position };
        Entry { stream, spot, id: event.id, marks: &event.marks }
    }
}

/// Some events in a row.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) streams: HashMap<Stream, Vec<Spot>>,
    pub(super) marks: HashMap<Mark, u64>,
    /// Position and id of the last one.
    pub(super) last: Option<(u64, Uuid)>,
    pub(super) events: usize,
}

impl Tail {
    fn add(&mut self, entry: Entry<'_>) {
        let Entry { stream, spot, id, marks } = entry;
        match self.streams.get_mut(stream) {
            Some(spots) => spots.push(spot),
            None => _ = self.streams.insert(stream.clone(), vec![spot]),
        }
        self.marks.extend(marks.iter().map(|mark| (*mark, spot.position)));
        self.last = Some((spot.position, id));
        self.events += 1;
    }
}

/// What is added, behind what is being merged. An event leaves only after it is in the file: whoever looks here first and
/// there second misses none.
#[derive(Default)]
pub(super) struct Tails(RwLock<Both>);

#[derive(Default)]
struct Both {
    merging: Option<Arc<Tail>>,
    fresh: Tail,
}

impl Both {
    fn older_first(&self) -> impl DoubleEndedIterator<Item = &Tail> {
        self.merging.as_deref().into_iter().chain([&self.fresh])
    }
}

impl Tails {
    /// Adds events, and answers how many wait to be merged.
    pub(super) fn add<'e>(&self, entries: impl IntoIterator<Item = Entry<'e>>) -> usize {
        let mut both = self.0.write();
        entries.into_iter().for_each(|entry| both.fresh.add(entry));
        both.fresh.events
    }

    /// How many wait to be merged.
    pub(super) fn waiting(&self) -> usize {
        self.0.read().fresh.events
    }

    /// What is to be merged: what was not done with, or else what has come together.
    pub(super) fn take(&self) -> Arc<Tail> {
        let mut both = self.0.write();
        let Both { merging, fresh } = &mut *both;
        merging.get_or_insert_with(|| Arc::new(std::mem::take(fresh))).clone()
    }

    /// What was taken is in the file.
    pub(super) fn merged(&self) {
        self.0.write().merging = None;
    }

    /// The events of a stream, older ones first.
    pub(super) fn spots(&self, stream: &Stream) -> Vec<Spot> {
        let both = self.0.read();
        both.older_first().filter_map(|tail| tail.streams.get(stream)).flatten().copied().collect()
    }

    /// Revision of the last event of a stream.
    pub(super) fn head(&self, stream: &Stream) -> Option<u64> {
        let both = self.0.read();
        both.older_first().rev().find_map(|tail| tail.streams.get(stream)?.last()).map(|spot| spot.revision)
    }

    /// Position of the event that bears a mark.
    pub(super) fn bearer(&self, mark: Mark) -> Option<u64> {
        let both = self.0.read();
        both.older_first().find_map(|tail| tail.marks.get(&mark)).copied()
    }

    /// Everything by which the events here are found.
    pub(super) fn keys(&self, mut each: impl FnMut(&Stream), mut each_mark: impl FnMut(Mark)) {
        let both = self.0.read();
        for tail in both.older_first() {
            tail.streams.keys().for_each(&mut each);
            tail.marks.keys().copied().for_each(&mut each_mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use dossier_domain::ids::ContactId;

    use super::*;
    use crate::ports::NewEvent;

    fn event(position: u64, revision: u64) -> Recorded {
        let event = NewEvent {
            id: Uuid::from_u128(position.into()),
            event_type: "comment_added".into(),
            version: 1,
            data: vec![],
            meta: vec![],
            marks: vec![Mark([position as u8; 16])],
        };
        Recorded { position, revision, stream: Stream::Contact(ContactId(Uuid::nil())), event }
    }

    #[test]
    fn what_is_being_merged_and_what_came_since_are_both_found_until_they_are_in_the_file() {
        let tails = Tails::default();
        let stream = event(1, 0).stream;
        let add = |events: &[Recorded]| tails.add(events.iter().map(Entry::from));
        assert_eq!(add(&[event(1, 0), event(2, 1)]), 2);
        assert_eq!(tails.take().last, Some((2, Uuid::from_u128(2))));
        assert_eq!(add(&[event(3, 2)]), 1);
        let revisions = |tails: &Tails| tails.spots(&stream).iter().map(|spot| spot.revision).collect::<Vec<_>>();
        assert_eq!((revisions(&tails), tails.head(&stream)), (vec![0, 1, 2], Some(2)));
        assert_eq!((tails.bearer(Mark([1; 16])), tails.bearer(Mark([3; 16]))), (Some(1), Some(3)));
        assert_eq!(tails.take().events, 2, "what could not be merged is taken again");
        tails.merged();
        assert_eq!((revisions(&tails), tails.bearer(Mark([1; 16]))), (vec![2], None));
        assert_eq!(tails.take().events, 1);
    }
}
