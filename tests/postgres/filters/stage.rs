//! Contacts twice: in the tables, and as a plain list that the reference evaluator looks through.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::adapters::postgres::PostgresReadStore;
use dossier::ports::read_store::{Ask, Changes, FeedWrite, Found, Projection, ReadStore};
use dossier_domain::compose::View;
use dossier_domain::fields::Definitions;
use dossier_domain::filter::{self, Filter, Search, Sort, Source, Subject, Vocabulary, matches};
use dossier_domain::ids::{ContactId, SegmentId};
use dossier_projections::documents::Shown;
use serde_json::Value as Json;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::view::view;
use crate::opening::open;
use crate::postgres::Postgres;
use crate::support::{ACTIVE_DAYS, Person, Setting};

pub(super) const HOME: &str = "home";
const ELSEWHERE: &str = "elsewhere";
const SEGMENTS: [&str; 3] = ["seg-a", "seg-b", "seg-c"];

pub(super) struct Stage {
    runtime: Runtime,
    store: PostgresReadStore,
    _postgres: Postgres,
    people: BTreeMap<ContactId, (View, BTreeSet<Arc<str>>)>,
    /// What is not written yet.
    pending: BTreeMap<ContactId, Option<Box<View>>>,
    pub(super) fields: Definitions,
}

/// One question.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) filter: Filter,
    pub(super) search: Option<Search>,
    pub(super) sort: Sort,
    pub(super) now: DateTime<Utc>,
    pub(super) limit: usize,
}

/// The id of a segment, which the generated filters call otherwise.
fn segment(name: &str) -> SegmentId {
    SegmentId(Uuid::from_u128(name.bytes().fold(0, |number, byte| number << 8 | u128::from(byte))))
}

impl Stage {
    pub(super) fn new() -> Self {
        let (runtime, postgres) = (Runtime::new().unwrap(), Postgres::small());
        let store = runtime.block_on(open(&postgres.address(), 1)).unwrap();
        let (people, pending, fields) = Default::default();
        Stage { runtime, store, _postgres: postgres, people, pending, fields }
    }

    /// Nobody is there but somebody in another workspace, whom no question may find.
    pub(super) fn clear(&mut self, fields: Definitions) {
        self.fields = fields;
        let everybody: Vec<ContactId> = self.people.keys().copied().collect();
        everybody.into_iter().for_each(|id| self.remove(id));
        let setting = Setting { fields: Definitions::default(), ..crate::generate::setting() };
        let other = setting.person(&serde_json::json!({"first_name": "Ada", "tags": ["vip"], "channels": ["sms"]}));
        let id = ContactId(Uuid::from_u128(1 << 100));
        let other = View { id, workspace: ELSEWHERE.into(), ..view(&other.subject) };
        self.pending.insert(id, Some(Box::new(other)));
    }

    /// A contact shows this from now on.
    pub(super) fn put(&mut self, person: &Person) {
        let shown = view(&person.subject);
        self.pending.insert(shown.id, Some(Box::new(shown.clone())));
        let segments = person.segments.iter().map(|name| segment(name).to_string().into());
        self.people.insert(shown.id, (shown, segments.collect()));
    }

    pub(super) fn remove(&mut self, contact: ContactId) {
        self.people.remove(&contact);
        self.pending.insert(contact, None);
    }

    pub(super) fn forget(&mut self, key: &str) {
        let retire = |definition: &dossier_domain::fields::Definition| {
            let mut definition = definition.clone();
            definition.retired |= *definition.key == *key;
            definition
        };
        self.fields = self.fields.iter().map(retire).collect();
    }

    /// A filter as the workspace of the setting means it, segments by their ids.
    pub(super) fn read(setting: &Setting, filter: &Json) -> Filter {
        let named = |name: &str| SEGMENTS.contains(&name).then(|| segment(name).to_string().into());
        let source = Source::Given;
        setting.with(source, |words| filter::read(filter, Vocabulary { segment: &named, ..words })).unwrap()
    }

    fn setting(&self) -> filter::Setting<'_> {
        filter::Setting { fields: &self.fields, active_days: ACTIVE_DAYS }
    }

    /// Whom the reference evaluator finds, in order.
    pub(super) fn expected(&self, asked: &Asked) -> Vec<ContactId> {
        let Asked { filter, search, sort, now, .. } = asked;
        let now = *now;
        let subjects = self.people.values().map(|(view, segments)| (Subject::new(view, self.setting(), now), segments));
        let matching = subjects.filter(|(subject, segments)| {
            matches(filter, subject, now, *segments) && search.as_ref().is_none_or(|search| search.matches(subject))
        });
        let mut found: Vec<Subject> = matching.map(|(subject, _)| subject).collect();
        found.sort_by(|one, other| sort.compare(one, other));
        found.into_iter().map(|subject| subject.id).collect()
    }

    /// Everybody whom the tables find, page after page; each page tells the same count.
    pub(super) fn found(&mut self, asked: &Asked) -> Vec<ContactId> {
        self.settle();
        let (mut all, mut counts, mut after) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let (page, limit) = (self.page(asked, asked.limit, after.as_deref()), asked.limit);
            assert!(page.contacts.len() <= limit && (page.next.is_none() || page.contacts.len() == limit));
            all.extend(page.contacts);
            counts.extend(page.count);
            after = page.next;
            assert!(all.len() <= self.people.len(), "pages have no end");
            if after.is_none() {
                counts.extend(self.page(asked, 0, None).count);
                assert_eq!(counts, [all.len() as u64].into());
                return all;
            }
        }
    }

    /// A page of so many; of none, the count alone.
    fn page(&self, Asked { filter, search, sort, now, .. }: &Asked, limit: usize, after: Option<&[u8]>) -> Found {
        let (workspace, setting, search, count) = (HOME, self.setting(), search.as_ref(), true);
        let ask = Ask { workspace, setting, filter, search, sort, now: *now, after, limit, count };
        self.runtime.block_on(self.store.find(ask)).unwrap().unwrap()
    }

    /// Writes what changed, and who is in which segment.
    fn settle(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let shown = std::mem::take(&mut self.pending).into_iter().map(|(contact, view)| Shown {
            contact,
            workspace: view.as_ref().map_or(HOME.into(), |view| view.workspace.clone()),
            view,
        });
        let members = SEGMENTS.map(|name| (segment(name), self.members(&segment(name).to_string())));
        let feed = FeedWrite {
            workspace: HOME.into(),
            as_of: DateTime::UNIX_EPOCH,
            position: 0,
            crossings: Vec::new(),
            removed: Vec::new(),
            named: Vec::new(),
            members: members.into(),
        };
        let changes = Changes::Contacts(Vec::new(), vec![feed], shown.collect());
        self.runtime.block_on(async {
            let at = self.store.checkpoint(Projection::Contacts).await.unwrap();
            self.store.apply(changes, at, at + 1).await.unwrap();
        });
    }

    fn members(&self, segment: &str) -> Vec<ContactId> {
        let members = self.people.iter().filter(|(_, (_, segments))| segments.contains(segment));
        members.map(|(id, _)| *id).collect()
    }
}
