//! Laws over the real stores, in a data folder: bodies and their ETags, timelines, and read models built anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::api::bodies::EntryKind;
use dossier::app::AppError;
use dossier::app::ask::{Answer, Ask};
use dossier::app::query::TimelineQuery;
use dossier::house::{House, Options};
use dossier::ports::Recorded;
use dossier::ports::read_store::Projection;
use dossier::projecting::{Bounds, verify};
use dossier::sealing::Opened;
use dossier_domain::event::Event;
use dossier_domain::ids::ContactId;
use dossier_domain::state::Life;
use dossier_domain::values::reference::Reference;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::deeds::{Deed, HANDLES, deeds};
use crate::erased::{own_words, words_of};
use crate::history::{Done, History, Stage};
use crate::properties::{LONGEST, cases};
use crate::support::asks;
use crate::support::reading::Reading;
use crate::world::FIELDS;

const HOME: &str = "default";
/// Entries of a page: few, so that there are several.
const PAGE: usize = 3;

/// A history in a data folder. Nothing is projected but when it is asked for.
pub struct Folder {
    runtime: Runtime,
    house: Arc<House>,
    _folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (runtime, folder) = (runtime.expect("a runtime"), tempfile::tempdir().expect("a folder"));
        // Little is remembered, so that much is read again.
        let options =
            Options { remembered: 3, projected: Bounds { remembered: 2, ..Bounds::default() }, ..Options::default() };
        let house = runtime.block_on(House::open(folder.path(), options)).expect("a house");
        for (key, kind) in FIELDS {
            let define = asks::command(None, asks::define(key, kind));
            runtime.block_on(house.submit(&define)).expect("it is defined");
        }
        Folder { runtime, house, _folder: folder }
    }

    fn project(&self) {
        self.runtime.block_on(self.house.catch_up()).expect("projected");
    }

    fn reading(&self) -> Reading {
        self.runtime.block_on(Reading::of(&**self.house.store(), self.house.codec()))
    }

    /// The body at a reference, as it goes out; none where there is no contact.
    fn body(&self, reference: &Reference) -> Option<Value> {
        match self.runtime.block_on(self.house.contact(HOME, reference, None)) {
            Ok(body) => Some(serde_json::to_value(body).expect("JSON")),
            Err(AppError::Rejected(_)) => None,
            Err(error) => panic!("{reference}: {error}"),
        }
    }

    /// Positions of the interactions in a contact's timeline, page by page.
    fn timeline(&self, contact: ContactId) -> Vec<u64> {
        let (mut positions, mut cursor) = (Vec::new(), None);
        loop {
            let kinds = vec![EntryKind::Message];
            let query = TimelineQuery { kinds, channel: None, external_id: None, cursor, limit: PAGE, own: false };
            let page = self.runtime.block_on(self.house.timeline(HOME, &asks::by_id(contact), &query));
            let page = page.expect("a timeline");
            positions.extend(page.entries.iter().map(|entry| entry.position));
            cursor = page.next_cursor;
            if cursor.is_none() {
                return positions;
            }
        }
    }
}

impl Stage for Folder {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn ask(&mut self, key: &str, ask: &Ask) -> Result<Answer, AppError> {
        // On this very thread, where a break may be armed.
        self.runtime.block_on(async {
            let answer = self.house.submit(&asks::command(Some(key), ask.clone())).await?;
            self.house.durable(answer.position.max(answer.etag)).await?;
            Ok(answer)
        })
    }

    fn recorded_after(&self, position: u64) -> Vec<(Recorded, Opened)> {
        self.runtime.block_on(async {
            let store = self.house.store();
            let (mut found, mut after) = (Vec::new(), position);
            while let Ok(appended) = store.read_all(after, 1_000).await {
                let Some(last) = appended.last() else { break };
                after = last.position;
                for recorded in appended {
                    let opened = self.house.codec().open(&recorded).await.expect("the event is read");
                    found.push((recorded, opened));
                }
            }
            found
        })
    }
}

/// Two different bodies never bear one ETag, which is made of the position, at whatever reference.
pub fn etags_tell_bodies_apart(deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = History::new(Folder::new());
    let mut seen: BTreeMap<(String, u64), Value> = BTreeMap::new();
    for deed in deeds {
        history.take(deed);
        history.stage.project();
        let made = history.contacts().iter().map(|id| asks::by_id(*id));
        let references: Vec<_> = made.chain(HANDLES.iter().map(|handle| asks::by_handle(handle))).collect();
        for reference in references {
            let Some(body) = history.stage.body(&reference) else { continue };
            let etag = body["position"].as_u64().expect("a position");
            let first = seen.entry((reference.to_string(), etag)).or_insert_with(|| body.clone());
            prop_assert_eq!(&*first, &body, "law f: two bodies of {} at position {}", reference, etag);
        }
    }
    Ok(())
}

/// Built anew from the log, every read model holds the same rows, however they came to be.
pub fn rebuilding_gives_the_same_rows(every: usize, deeds: &[Deed]) -> Result<(), TestCaseError> {
    let mut history = History::new(Folder::new());
    for (index, deed) in deeds.iter().enumerate() {
        history.take(deed);
        if index % every == 0 {
            history.stage.project();
        }
    }
    let History { stage, done, .. } = history;
    stage.project();
    nothing_erased_is_in_a_row(&stage, &done)?;
    let inputs = stage.house.runner().inputs().clone();
    let verdict = stage.runtime.block_on(verify(&inputs, |_| {}));
    let verdict = verdict.expect("verified");
    prop_assert!(verdict.rows > 0 && verdict.faults.is_empty(), "law h: {:#?}", verdict.faults);
    told_once(&stage)
}

/// No row that can be opened has a word of who was erased.
fn nothing_erased_is_in_a_row(stage: &Folder, done: &[Done]) -> Result<(), TestCaseError> {
    let reading = stage.reading();
    let erased = |id: &ContactId| reading.contacts.get(id).is_some_and(|contact| contact.life == Life::Erased);
    let gone = words_of(done, erased);
    let rows = stage.runtime.block_on(stage.house.read().plain_rows(Projection::Contacts, None, usize::MAX));
    for (_, row) in rows.expect("rows") {
        let told: Vec<_> =
            own_words(&String::from_utf8_lossy(&row)).into_iter().filter(|it| gone.contains(it)).collect();
        prop_assert!(told.is_empty(), "law g: {told:?} of the erased is in a row");
    }
    Ok(())
}

/// Every interaction is in exactly one live contact's timeline, once, unless it is suppressed or erased.
fn told_once(stage: &Folder) -> Result<(), TestCaseError> {
    let reading = stage.reading();
    let mut told: Vec<u64> = reading.live_roots().flat_map(|root| stage.timeline(root.id)).collect();
    told.sort_unstable();
    let lives = |recorded: &Recorded| match recorded.stream {
        dossier_domain::ids::Stream::Contact(id) => reading.root(id).is_some_and(|root| root.life == Life::Live),
        _ => false,
    };
    let passed = |opened: &Opened| matches!(opened.event, Event::MessageReceived(_) | Event::MessageSent(_));
    let expected = reading.events.iter().filter(|(recorded, opened)| passed(opened) && lives(recorded));
    let expected: Vec<u64> = expected.map(|(recorded, _)| recorded.position).collect();
    prop_assert_eq!(told, expected, "law c: positions in the timelines of all");
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: cases(10), failure_persistence: None, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn two_bodies_never_bear_one_etag(deeds in deeds(LONGEST)) {
        etags_tell_bodies_apart(&deeds)?;
    }

    #[test]
    fn a_rebuild_gives_the_same_rows_and_timelines_tell_every_interaction_once(
        every in 1usize..12,
        deeds in deeds(LONGEST),
    ) {
        rebuilding_gives_the_same_rows(every, &deeds)?;
    }
}
