//! The log, read from its first event: own states, identities, trees, and what everyone shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dossier::ports::{EventStore, Recorded};
use dossier::sealing::{Codec, Opened};
use dossier_domain::compose::{Forest, View, view};
use dossier_domain::identity::Identity;
use dossier_domain::ids::{ContactId, IdentityId, Stream};
use dossier_domain::state::{Contact, Edge, Life, evolve};
use dossier_projections::unfinished::Unfinished;

/// A log and what it folds to.
#[derive(Clone, Default)]
pub struct Reading {
    pub events: Vec<(Recorded, Opened)>,
    pub contacts: BTreeMap<ContactId, Arc<Contact>>,
    pub identities: BTreeMap<IdentityId, Identity>,
    pub unfinished: Unfinished,
    /// Whether the log's positions may have gaps.
    pub has_gaps: bool,
}

impl Reading {
    pub async fn of(store: &dyn EventStore, codec: &Codec) -> Self {
        let mut reading = Reading::default();
        reading.go_on(store, codec).await;
        reading
    }

    /// Folds what was appended since; whoever erased something must read from the start.
    pub async fn go_on(&mut self, store: &dyn EventStore, codec: &Codec) {
        self.has_gaps = !store.counts_positions();
        for recorded in store.read_all(self.head(), usize::MAX).await.expect("the log is read") {
            let opened = codec.open(&recorded).await.expect("the event is read");
            self.fold(recorded, opened);
        }
    }

    pub fn head(&self) -> u64 {
        self.events.last().map_or(0, |(recorded, _)| recorded.position)
    }

    fn fold(&mut self, recorded: Recorded, opened: Opened) {
        match &recorded.stream {
            Stream::Contact(id) => {
                let contact = self.contacts.entry(*id).or_insert_with(|| Arc::new(Contact::absent(*id)));
                evolve(Arc::make_mut(contact), &opened.fact(&recorded));
            }
            Stream::Identity(id) => {
                let identity = self.identities.entry(*id).or_insert_with(|| Identity::unclaimed(*id));
                identity.evolve(&opened.event, &opened.meta, recorded.revision);
            }
            Stream::Workspace(_) => {}
        }
        self.unfinished.apply(&recorded.stream, recorded.revision, recorded.position, &opened.event);
        self.events.push((recorded, opened));
    }

    /// The contact that shows this one, by an edge that counts.
    pub fn above(&self, contact: &Contact) -> Option<(&Arc<Contact>, &Edge)> {
        let lock = contact.lock.as_ref()?;
        let primary = self.contacts.get(&lock.primary)?;
        primary.edge(lock.merge).filter(|edge| edge.is_live()).map(|edge| (primary, edge))
    }

    /// The root of a contact; `None` in a cycle, or where there is no such contact.
    pub fn root(&self, id: ContactId) -> Option<&Arc<Contact>> {
        let mut contact = self.contacts.get(&id)?;
        let mut seen = BTreeSet::new();
        while let Some((above, _)) = self.above(contact) {
            if !seen.insert(contact.id) {
                return None;
            }
            contact = above;
        }
        Some(contact)
    }

    /// Whether the contact is live and its own root.
    pub fn is_live_root(&self, id: ContactId) -> bool {
        self.contacts.get(&id).is_some_and(|contact| contact.life == Life::Live && self.above(contact).is_none())
    }

    pub fn live_roots(&self) -> impl Iterator<Item = &Arc<Contact>> {
        self.contacts.values().filter(|contact| self.is_live_root(contact.id))
    }

    pub fn forest(&self) -> Forest {
        self.contacts.iter().map(|(id, contact)| (*id, contact.clone())).collect()
    }

    /// What a live root shows.
    pub fn view(&self, id: ContactId) -> Option<View> {
        let root = self.contacts.get(&id).filter(|_| self.is_live_root(id))?;
        let removed = root.lock.as_ref().and_then(|lock| self.contacts.get(&lock.primary)?.edge(lock.merge)?.removed);
        Some(view(&self.forest(), root, removed.map(|removed| removed.position)))
    }

    /// What every live root shows.
    pub fn views(&self) -> BTreeMap<ContactId, View> {
        self.live_roots().filter_map(|root| Some((root.id, self.view(root.id)?))).collect()
    }

    /// The events of one contact's own stream.
    pub fn own(&self, id: ContactId) -> impl Iterator<Item = &(Recorded, Opened)> {
        self.events.iter().filter(move |(recorded, _)| recorded.stream == Stream::Contact(id))
    }
}
