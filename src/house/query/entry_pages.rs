//! Pages of entries, newest first: by their time, ties by position, so that each has one place whatever comes later.

use std::sync::Arc;

use chrono::DateTime;
use dossier_domain::event::Event;
use dossier_domain::ids::Stream;
use dossier_domain::state::Contact;
use dossier_domain::values::reference::Reference;
use serde_json::Value;

use super::cursor::Pages;
use super::entries::{Handle, entry, handle_of, kind_of, time_of};
use super::tree::{PAGE, Tree};
use crate::api::bodies::{EntryBody, EntryPage};
use crate::app::AppError;
use crate::app::query::TimelineQuery;
use crate::house::House;
use crate::ports::{Direction, Recorded};
use crate::sealing::Opened;

/// Where an entry stands among the others: its time in microseconds, then its position.
type Place = (i64, u64);

/// An event that may become an entry of the page. Only what lands on the page is opened.
pub(super) struct Candidate {
    place: Place,
    recorded: Recorded,
    /// The handle that it is about, where the event itself does not say.
    handle: Option<Handle>,
    /// What an edit changed: before and after.
    edit: Option<(Value, Value)>,
}

impl Candidate {
    /// An event, as far as anyone may read it.
    pub(super) fn new(recorded: Recorded, seen: &Opened) -> Self {
        let place = (time_of(seen).timestamp_micros(), recorded.position);
        Candidate { place, recorded, handle: None, edit: None }
    }

    /// With the handle that it is about.
    pub(super) fn about(self, handle: Option<Handle>) -> Self {
        Candidate { handle, ..self }
    }

    /// With what it changed.
    pub(super) fn changing(self, edit: Option<(Value, Value)>) -> Self {
        Candidate { edit, ..self }
    }
}

/// Whether an event is of the kinds and the channel that are wanted. Which handle it is about is sealed.
pub(super) fn is_wanted(query: &TimelineQuery, seen: &Opened, known: Option<&Handle>) -> bool {
    let of_kind = query.kinds.is_empty() || query.kinds.contains(&kind_of(&seen.event));
    let Some(wanted) = &query.channel else { return of_kind };
    let channel = handle_of(&seen.event).and_then(|handle| handle.channel);
    of_kind && channel.as_ref().or(known.and_then(|known| known.channel.as_ref())) == Some(wanted)
}

/// The handle of an identity that the contact holds or held.
pub(super) fn held_handle(contact: &Contact, event: &Event) -> Option<Handle> {
    let Event::IdentityDisconnected(gone) = event else { return None };
    let own = contact.identity(gone.identity)?;
    Some(Handle { channel: Some(own.channel.clone()), external_id: own.external_id.open().cloned() })
}

/// The contacts whose streams are asked for: all of the tree, or the named one alone.
pub(super) fn told_by(tree: &Tree, own: bool) -> Vec<Arc<Contact>> {
    if own { vec![tree.asked().clone()] } else { tree.members().cloned().collect() }
}

impl House {
    /// The events of a contact's stream, as far as the read model knows them.
    pub(super) async fn events_of(&self, contact: &Contact) -> Result<Vec<Recorded>, AppError> {
        let stream = Stream::Contact(contact.id);
        let mut events: Vec<Recorded> = Vec::new();
        while (events.len() as u64) < contact.next_revision {
            let from = events.len() as u64;
            let limit = usize::try_from(contact.next_revision - from).unwrap_or(PAGE).min(PAGE);
            let page = self.store.read_stream(&stream, from, Direction::Forward, limit).await?;
            if page.is_empty() {
                break;
            }
            events.extend(page);
        }
        Ok(events)
    }

    /// The page of candidates that the query asks for.
    pub(super) async fn entry_page(
        &self,
        pages: &Pages<'_>,
        query: &TimelineQuery,
        mut candidates: Vec<Candidate>,
    ) -> Result<EntryPage, AppError> {
        if let Some(cursor) = &query.cursor {
            let after = read_place(&pages.place(cursor)?)?;
            candidates.retain(|candidate| candidate.place < after);
        }
        candidates.sort_unstable_by_key(|candidate| std::cmp::Reverse(candidate.place));
        let limit = query.limit.max(1);
        let (mut entries, mut last) = (Vec::new(), None);
        for candidate in candidates {
            let place = candidate.place;
            let Some(entry) = self.entry_of(query, candidate).await? else { continue };
            if entries.len() == limit {
                let next_cursor = last.map(|last| pages.after(&write_place(last)));
                return Ok(EntryPage { entries, next_cursor });
            }
            entries.push(entry);
            last = Some(place);
        }
        Ok(EntryPage { entries, next_cursor: None })
    }

    /// The entry, if it is about the handle that is wanted.
    async fn entry_of(&self, query: &TimelineQuery, candidate: Candidate) -> Result<Option<EntryBody>, AppError> {
        let opened = self.codec.open(&candidate.recorded).await?;
        let mut entry = entry(&candidate.recorded, &opened, candidate.handle);
        if query.external_id.is_some() && entry.external_id != query.external_id {
            return Ok(None);
        }
        if let (Some((before, after)), Value::Object(data)) = (candidate.edit, &mut entry.data) {
            data.insert("before".to_owned(), before);
            data.insert("after".to_owned(), after);
        }
        Ok(Some(entry))
    }

    /// The pages of a list of entries.
    pub(super) fn entry_pages(&self, list: &str, workspace: &str, of: &Reference, query: &TimelineQuery) -> Pages<'_> {
        let kinds = format!("{:?}", query.kinds);
        let (channel, external_id) = (format!("{:?}", query.channel), format!("{:?}", query.external_id));
        let own = if query.own { "own" } else { "tree" };
        Pages::of(&self.marks, &[list, workspace, &of.to_string(), &kinds, &channel, &external_id, own])
    }
}

fn write_place((micros, position): Place) -> Vec<u8> {
    [micros.to_be_bytes(), position.to_be_bytes()].concat()
}

fn read_place(bytes: &[u8]) -> Result<Place, AppError> {
    let (micros, position) = bytes.split_first_chunk::<8>().ok_or(AppError::BadCursor)?;
    let position: [u8; 8] = position.try_into().map_err(|_| AppError::BadCursor)?;
    let micros = i64::from_be_bytes(*micros);
    DateTime::from_timestamp_micros(micros).ok_or(AppError::BadCursor)?;
    Ok((micros, u64::from_be_bytes(position)))
}
