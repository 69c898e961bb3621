//! Streams as states: read, fold, remember; and append at the revision of the state that was read.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use dossier_domain::event::Event;
use dossier_domain::identity::Identity;
use dossier_domain::ids::{ContactId, IdentityId, Stream};
use dossier_domain::meta::Meta;
use dossier_domain::state::{Contact, Fact, evolve};
use uuid::Uuid;

use super::act::Reach;
use super::cache::Cache;
use super::error::AppError;
use crate::ports::{AppendError, Appended, Direction, EventStore, Expected, Recorded};
use crate::sealing::{Codec, SealError};

/// Events read at once from a stream.
const PAGE: usize = 1_000;

/// An event about to be appended.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What happened.
    pub event: Event,
    /// Who, why, when.
    pub meta: Meta,
    /// Of the command that appends it.
    pub reach: Reach,
}

/// An append that did not land.
#[derive(Debug)]
pub enum Lost {
    /// The stream moved on: start again from the first read.
    Race,
    /// Another event bears a mark of these.
    MarkTaken {
        /// Where it is.
        position: u64,
    },
    /// The store failed.
    Failed(AppError),
}

/// Own states kept aside by a projection, so that a long stream need not be folded from its first event.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// The state at some earlier revision, if it is kept and can be opened.
    async fn find(&self, contact: ContactId) -> Option<Contact>;
}

/// The streams of contacts and identities.
pub struct Streams {
    store: Arc<dyn EventStore>,
    codec: Arc<Codec>,
    snapshots: Option<Arc<dyn Snapshots>>,
    contacts: Cache<ContactId, Contact>,
    identities: Cache<IdentityId, Identity>,
}

impl Streams {
    /// Streams over a store, remembering at most `capacity` states of each kind.
    pub fn new(
        store: Arc<dyn EventStore>,
        codec: Arc<Codec>,
        snapshots: Option<Arc<dyn Snapshots>>,
        capacity: usize,
    ) -> Self {
        Streams { store, codec, snapshots, contacts: Cache::new(capacity), identities: Cache::new(capacity) }
    }

    /// The log below.
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    /// Opens and seals events.
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// The own state of a contact, at least as new as every append answered before this call.
    pub async fn contact(&self, id: ContactId) -> Result<Arc<Contact>, AppError> {
        if let Some(known) = self.contacts.get(&id) {
            return Ok(known);
        }
        let ticket = self.contacts.ticket(id);
        let contact = Arc::new(self.read_contact(id).await?);
        ticket.put(contact.clone());
        Ok(contact)
    }

    /// From a snapshot, if one is kept, and what the stream holds beyond it.
    async fn read_contact(&self, id: ContactId) -> Result<Contact, AppError> {
        let mut contact = Contact::absent(id);
        if let Some(snapshots) = &self.snapshots {
            // The store knows of nearly every stream that is not there that it is not, without a look at the disk.
            let Some(last) = self.last(&Stream::Contact(id)).await? else { return Ok(contact) };
            contact = snapshots.find(id).await.unwrap_or(contact);
            if contact.next_revision > last.revision {
                return Ok(contact);
            }
        }
        self.fold_tail(&mut contact).await?;
        Ok(contact)
    }

    /// Folds what the stream holds beyond the state.
    async fn fold_tail(&self, contact: &mut Contact) -> Result<(), AppError> {
        let stream = Stream::Contact(contact.id);
        loop {
            let page = self.store.read_stream(&stream, contact.next_revision, Direction::Forward, PAGE).await?;
            let mut opener = self.codec.opener();
            for recorded in &page {
                let opened = opener.open(recorded).await?;
                evolve(contact, &opened.fact(recorded));
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// The state of an identity.
    pub async fn identity(&self, id: IdentityId) -> Result<Arc<Identity>, AppError> {
        if let Some(known) = self.identities.get(&id) {
            return Ok(known);
        }
        let ticket = self.identities.ticket(id);
        let mut identity = Identity::unclaimed(id);
        // The last event tells it all: a claim or a release.
        let last = self.store.read_stream(&Stream::Identity(id), u64::MAX, Direction::Backward, 1).await?;
        for recorded in &last {
            let opened = self.codec.open(recorded).await?;
            identity.evolve(&opened.event, &opened.meta, recorded.revision);
        }
        let identity = Arc::new(identity);
        ticket.put(identity.clone());
        Ok(identity)
    }

    /// Appends to a contact's stream at the revision of the state, and answers the state after it.
    pub async fn append(&self, contact: &Arc<Contact>, drafts: Vec<Draft>) -> Result<Arc<Contact>, Lost> {
        let ticket = self.contacts.ticket(contact.id);
        // A state that was forgotten since it was read may hold what was erased since: it must not come back.
        let is_remembered = self.contacts.get(&contact.id).is_some_and(|known| Arc::ptr_eq(&known, contact));
        let appended = self.write(&Stream::Contact(contact.id), contact.revision(), &drafts).await?;
        let mut after = Contact::clone(contact);
        for (draft, (revision, position)) in drafts.iter().zip(appended.places()) {
            evolve(&mut after, &Fact { event: &draft.event, meta: &draft.meta, revision, position });
        }
        let after = Arc::new(after);
        if is_remembered {
            ticket.put(after.clone());
        }
        Ok(after)
    }

    /// Appends to an identity's stream at the revision of the state.
    pub async fn append_identity(&self, identity: &Identity, draft: Draft) -> Result<Arc<Identity>, Lost> {
        let ticket = self.identities.ticket(identity.id);
        let drafts = [draft];
        let appended = self.write(&Stream::Identity(identity.id), identity.revision(), &drafts).await?;
        let mut after = *identity;
        after.evolve(&drafts[0].event, &drafts[0].meta, appended.revision);
        let after = Arc::new(after);
        ticket.put(after.clone());
        Ok(after)
    }

    /// Seals and appends to any stream.
    pub async fn write(&self, stream: &Stream, revision: Option<u64>, drafts: &[Draft]) -> Result<Appended, Lost> {
        let expected = revision.map_or(Expected::NoStream, Expected::Revision);
        let mut events = Vec::with_capacity(drafts.len());
        for (revision, draft) in (expected.next()..).zip(drafts) {
            let id = event_id(stream, revision, draft);
            match self.codec.seal(stream, id, &draft.event, &draft.meta).await {
                Ok(sealed) => events.push(sealed),
                Err(SealError::Failed(error)) => return Err(Lost::Failed(error)),
                // Somebody was erased since the states were read: they must be read again.
                Err(SealError::Destroyed) => {
                    draft.event.also_sealed_for().into_iter().for_each(|other| self.forget(other));
                    return Err(Lost::Race);
                }
            }
        }
        let appended = self.store.append(stream, expected, events).await.map_err(|error| match error {
            AppendError::WrongRevision { .. } => Lost::Race,
            AppendError::MarkTaken { position } => Lost::MarkTaken { position },
            AppendError::Store(error) => Lost::Failed(error.into()),
        })?;
        drafts.iter().for_each(|draft| draft.reach.raise(appended.position));
        Ok(appended)
    }

    /// Forgets what is remembered of a contact: something in it can't be opened any more.
    pub fn forget(&self, contact: ContactId) {
        self.contacts.forget(&contact);
    }

    /// The states of contacts that are remembered now, for whoever compares them with the log.
    pub fn remembered(&self) -> Vec<Arc<Contact>> {
        self.contacts.states()
    }

    /// The last event of a stream.
    pub async fn last(&self, stream: &Stream) -> Result<Option<Recorded>, AppError> {
        Ok(self.store.read_stream(stream, u64::MAX, Direction::Backward, 1).await?.pop())
    }
}

/// Derives from the command, so that an append sent twice is known again, and from the place, so that no two events
/// bear one id: not of a command that was cut off and is done again, nor of the same command twice at once.
fn event_id(stream: &Stream, revision: u64, draft: &Draft) -> Uuid {
    let mut context = Context::new(&SHA256);
    context.update(draft.meta.causation_id.as_bytes());
    context.update(&revision.to_le_bytes());
    context.update(draft.event.name().as_bytes());
    context.update(b" in ");
    context.update(stream.to_string().as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&context.finish().as_ref()[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}
