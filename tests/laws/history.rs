//! A generated history as it is played: who was asked what, and what was recorded, opened while it could be.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use dossier::app::AppError;
use dossier::app::ask::{Answer, Ask, Edit, Handle, Inbound, Outbound};
use dossier::ports::Recorded;
use dossier::sealing::Opened;
use dossier_domain::event::{Content, InteractionKind, Sender};
use dossier_domain::field::Origin;
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::values::reference::Reference;
use proptest::sample::Index;

use crate::deeds::{Deed, HANDLES, MADE, Said, Way, value_of};
use crate::support::asks;

/// Where a history is played.
pub trait Stage {
    fn now(&self) -> DateTime<Utc>;
    fn ask(&mut self, key: &str, ask: &Ask) -> Result<Answer, AppError>;
    /// What was recorded after a position.
    fn recorded_after(&self, position: u64) -> Vec<(Recorded, Opened)>;
}

/// A command that changed something.
pub struct Done {
    pub key: String,
    pub at: DateTime<Utc>,
    pub ask: Ask,
    pub answer: Answer,
    /// Opened at once.
    pub events: Vec<(Recorded, Opened)>,
}

/// What was done so far, and as much of what came of it as naming the next thing takes.
pub struct History<S> {
    pub stage: S,
    pub done: Vec<Done>,
    /// Messages that were accepted, each delivery of them.
    pub accepted: Vec<(Handle, std::sync::Arc<str>)>,
    contacts: Vec<ContactId>,
    /// By the absorbed contact.
    live: BTreeMap<ContactId, (MergeId, ContactId)>,
    merges: Vec<MergeId>,
    /// Those who came out of a merge.
    parted: Vec<ContactId>,
    said: Vec<Inbound>,
    head: u64,
    step: usize,
}

impl<S: Stage> History<S> {
    pub fn new(stage: S) -> Self {
        let (done, accepted, contacts) = (Vec::new(), Vec::new(), Vec::new());
        let (live, merges, parted, said) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        let mut history = History { stage, done, accepted, contacts, live, merges, parted, said, head: 0, step: 0 };
        for handle in &HANDLES[..MADE] {
            history.ask(asks::create(&[handle]));
        }
        history
    }

    pub fn play(&mut self, deeds: &[Deed]) {
        for deed in deeds {
            self.take(deed);
        }
    }

    /// Does one thing. A refusal is an answer too; anything else that goes wrong is a fault of the product.
    pub fn take(&mut self, deed: &Deed) {
        self.step += 1;
        let ask = self.ask_for(deed);
        self.ask(ask);
    }

    pub fn ask(&mut self, ask: Ask) {
        let key = format!("key {} of {}", self.done.len(), self.step);
        match self.stage.ask(&key, &ask) {
            Ok(answer) => self.note(key, ask, answer),
            Err(AppError::Rejected(_) | AppError::Invalid(_)) => {}
            Err(error) => panic!("{ask:?}: {error}"),
        }
    }

    fn note(&mut self, key: String, ask: Ask, answer: Answer) {
        match &ask {
            Ask::Receive(inbound) => self.accepted.push((inbound.handle.clone(), inbound.message_id.clone())),
            Ask::Send(Outbound { channel, external_id: Some(external_id), message_id: Some(message), .. }) => {
                let (channel, external_id) = (channel.clone(), external_id.clone());
                self.accepted.push((Handle { channel, external_id }, message.clone()));
            }
            _ => {}
        }
        match (&ask, answer.merge) {
            (Ask::Merge(_), Some(merge)) => {
                self.live.insert(merge.secondary, (merge.merge_id, merge.primary));
                self.merges.push(merge.merge_id);
            }
            (Ask::Unmerge(_), Some(merge)) => {
                self.live.remove(&merge.secondary);
                self.parted.push(merge.secondary);
            }
            _ => {}
        }
        if answer.created && answer.merge.is_none() {
            self.contacts.extend(answer.contact_id);
        }
        let events = self.stage.recorded_after(self.head);
        self.head = events.last().map_or(self.head, |(recorded, _)| recorded.position);
        if !events.is_empty() {
            self.done.push(Done { key, at: self.stage.now(), ask, answer, events });
        }
    }

    /// Every contact that was made.
    pub fn contacts(&self) -> &[ContactId] {
        &self.contacts
    }

    fn contact(&self, index: &Index) -> ContactId {
        *index.get(&self.contacts)
    }

    /// The root of a contact, by the merges that were answered.
    fn root(&self, mut contact: ContactId) -> ContactId {
        while let Some((_, primary)) = self.live.get(&contact) {
            contact = *primary;
        }
        contact
    }

    fn reference(&self, way: &Way) -> Reference {
        match way {
            Way::Id(index) => asks::by_id(self.contact(index)),
            Way::Identity(handle) => asks::by_handle(HANDLES[*handle]),
        }
    }

    fn ask_for(&mut self, deed: &Deed) -> Ask {
        let own = format!("own{}x", self.step);
        match deed {
            Deed::Set(who, field, said) => {
                let value = value_of(field, *said, &own);
                let values = asks::values(&[(field, value.as_deref())], Origin::Manual);
                Ask::Edit(self.reference(who), Edit::Profile(values))
            }
            Deed::Tag(who, tag, on) => {
                let tag = dossier_domain::values::tag::parse_tag(tag).expect("a tag");
                let edit = if *on { Edit::AddTag(tag) } else { Edit::RemoveTag(tag) };
                Ask::Edit(self.reference(who), edit)
            }
            Deed::Comment(who) => Ask::Edit(self.reference(who), Edit::Comment(own.into())),
            Deed::Converse(who, turn) => {
                let later = self.stage.now() + TimeDelta::days(1);
                Ask::Edit(self.reference(who), turn.edit(later, &own))
            }
            Deed::Block(who, true) => Ask::Edit(self.reference(who), Edit::Block(Some(own.into()))),
            Deed::Block(who, false) => Ask::Edit(self.reference(who), Edit::Unblock(None)),
            Deed::Says(by, kind, field) => self.inbound(*by, *kind, *field, &own),
            Deed::Again(index) if self.said.is_empty() => {
                self.inbound(index.index(HANDLES.len()), InteractionKind::Message, None, &own)
            }
            Deed::Again(index) => Ask::Receive(index.get(&self.said).clone()),
            Deed::Sends(who, to, sender) => self.outbound(who, *to, *sender, &own),
            Deed::Claim(who, identity) => Ask::Claim(self.reference(who), asks::handle(HANDLES[*identity])),
            Deed::Release(who, identity) => Ask::Release(self.reference(who), asks::handle(HANDLES[*identity])),
            Deed::Merge(one, other, choices) => {
                let roots: Vec<_> = self.contacts.iter().filter(|it| !self.live.contains_key(it)).collect();
                let (primary, secondary) = if roots.len() < 2 {
                    (self.contact(one), self.contact(other))
                } else {
                    (**one.get(&roots), **other.get(&roots))
                };
                let choices: Vec<_> = choices.iter().map(|(field, side)| (*field, side.choice(field, &own))).collect();
                asks::merge(primary, secondary, &choices)
            }
            Deed::Unmerge(index) => self.unmerge(index),
            Deed::Delete(index) if self.parted.is_empty() => asks::delete(self.root(self.contact(index))),
            Deed::Delete(index) => asks::delete(self.root(*index.get(&self.parted))),
        }
    }

    fn inbound(&mut self, by: usize, kind: InteractionKind, field: Option<&str>, own: &str) -> Ask {
        let profile = field.map(|field| (field, value_of(field, Said::Own, own)));
        let profile: Vec<_> = profile.iter().map(|(field, value)| (*field, value.as_deref())).collect();
        let inbound = Inbound {
            handle: asks::handle(HANDLES[by]),
            message_id: own.into(),
            content: Some(Content::Text { text: format!("words of {own}").into() }),
            kind,
            profile: asks::values(&profile, Origin::Channel),
            at: None,
        };
        self.said.push(inbound.clone());
        Ask::Receive(inbound)
    }

    fn outbound(&self, who: &Way, to: Option<usize>, sender: Sender, own: &str) -> Ask {
        let mut asked = match asks::outbound(self.reference(who), to.map(|to| HANDLES[to]), own) {
            Ask::Send(outbound) => outbound,
            other => unreachable!("{other:?}"),
        };
        asked.sender = sender;
        Ask::Send(asked)
    }

    fn unmerge(&self, index: &Index) -> Ask {
        let live: Vec<_> = self.live.iter().collect();
        if live.is_empty() {
            let nothing = MergeId(uuid::Uuid::from_u128(77));
            return asks::unmerge(if self.merges.is_empty() { nothing } else { *index.get(&self.merges) });
        }
        let (secondary, (merge, _)) = *index.get(&live);
        // Every other one is named by the two contacts.
        match self.step % 2 {
            0 => asks::unmerge(*merge),
            _ => asks::unmerge_pair(self.root(*secondary), *secondary),
        }
    }
}
