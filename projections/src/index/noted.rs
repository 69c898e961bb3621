//! What of own states the command side takes up at a start, and no index tells: kept beside the index, so that a start need
//! not read every contact for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, ConversationStatus, Life};

use super::ordinals::Ordinals;
use super::values::Sets;
use crate::stored::stored;

/// Of the contacts of one workspace, absorbed ones included.
#[derive(Debug, Default)]
pub struct Noted {
    /// When snoozed conversations open.
    snoozes: BTreeMap<ContactId, DateTime<Utc>>,
    /// Whoever has words on tags that an index need not show: taken off, or in a merge.
    worded: Ordinals,
    /// Their tags.
    tags: Sets,
    /// Whoever was erased or abandoned.
    gone: BTreeSet<ContactId>,
}

stored!(Noted { snoozes, worded, tags, gone });

impl Noted {
    /// The own state of a contact from now on.
    pub(crate) fn note(&mut self, contact: &Contact) {
        let is_live = contact.life == Life::Live;
        let until = contact.conversation.snoozed_until.filter(|_| is_live);
        match until.filter(|_| contact.conversation.status == ConversationStatus::Snoozed) {
            Some(until) => _ = self.snoozes.insert(contact.id, until),
            None => _ = self.snoozes.remove(&contact.id),
        }
        let is_entangled = contact.lock.is_some() || !contact.edges.is_empty();
        let is_hidden = is_entangled || contact.tags.values().any(|tag| !tag.present);
        self.word(contact, is_live && is_hidden && !contact.tags.is_empty());
        if matches!(contact.life, Life::Erased | Life::Abandoned) {
            self.gone.insert(contact.id);
        }
    }

    fn word(&mut self, contact: &Contact, has_words: bool) {
        if has_words {
            let known = self.worded.of(contact.id);
            let ordinal = known.unwrap_or_else(|| self.worded.give(contact.id));
            self.tags.set(ordinal, contact.tags.iter().map(|(key, tag)| (key, &tag.name)));
        } else if let Some(ordinal) = self.worded.take(contact.id) {
            self.tags.set(ordinal, std::iter::empty());
        }
    }

    /// Whose conversation opens when.
    pub fn snoozes(&self) -> impl Iterator<Item = (ContactId, DateTime<Utc>)> {
        self.snoozes.iter().map(|(contact, until)| (*contact, *until))
    }

    /// Whoever was erased or abandoned.
    pub fn gone(&self) -> &BTreeSet<ContactId> {
        &self.gone
    }

    /// All that is noted. For tests.
    #[cfg(feature = "sabotage")]
    pub fn told(&self) -> String {
        let tags: BTreeMap<ContactId, Vec<_>> = self
            .worded
            .live()
            .iter()
            .map(|ordinal| (self.worded.id(ordinal), self.tags.get(ordinal).map(|entry| &entry.text).collect()))
            .collect();
        let spelled: BTreeMap<_, _> = self.spellings().collect();
        format!("{:?}", (&self.snoozes, tags, spelled, &self.gone))
    }

    /// Tags by folded key, as they are spelled.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.tags.dictionary().beginning_with("").map(|entry| (&entry.text, &entry.name))
    }
}
