//! Segments: who is in them follows events and time alone, and the feed tells it once, whatever breaks off (rule 40).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use dossier::api::bodies::SegmentChangePage;
use dossier::api::read::search;
use dossier::app::AppError;
use dossier::app::clock::Wall;
use dossier::ports::read_store::Projection;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::time::written;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::world::{HOME, World};

/// A clock that stands still until it is moved.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Wall for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}

impl Hand {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Hand(Mutex::new("2026-03-02T10:00:00Z".parse().unwrap())))
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.0.lock() += time;
    }
}

fn silent() -> Value {
    json!({"field": "last_in", "op": "older_than", "value": {"amount": 3, "unit": "day"}})
}

fn of_tag(tag: &str) -> Value {
    json!({"field": "tags", "op": "any_of", "value": [tag]})
}

async fn define(world: &World, name: &str, filter: Value) {
    world.run(json!({"command": "define_segment", "name": name, "filter": filter})).await;
}

async fn tag(world: &World, contact: &str, tag: &str) {
    world.run(json!({"command": "add_tag", "contact": contact, "tag": tag})).await;
}

async fn count(world: &World, segment: &str) -> u64 {
    world.house.segment(HOME, segment).await.unwrap().0.count
}

async fn changes(world: &World, segment: &str, cursor: Option<&str>) -> Result<SegmentChangePage, AppError> {
    world.house.segment_changes(HOME, segment, cursor, 3, Duration::ZERO).await
}

/// The whole feed: which way, who, when.
async fn feed(world: &World, segment: &str) -> Vec<(bool, String, String)> {
    let (mut told, mut cursor) = (Vec::new(), None);
    loop {
        let page = changes(world, segment, cursor.as_deref()).await.unwrap();
        if page.changes.is_empty() {
            return told;
        }
        for change in page.changes {
            let entered = serde_json::to_value(change.change).unwrap() == "entered";
            told.push((entered, change.contact_id.to_string(), written(change.at)));
        }
        cursor = Some(page.next_cursor);
    }
}

/// Who is in the segment, found by a search.
async fn members(world: &World, segment: &str) -> BTreeSet<String> {
    let body = json!({"filter": {"field": "segment", "op": "any_of", "value": [segment]}, "limit": 1000}).to_string();
    let query = world.house.with_vocabulary(HOME, |words| search(body.as_bytes(), words)).await.unwrap().unwrap();
    let page = world.house.search(HOME, &query).await.unwrap();
    page.contacts.iter().map(|contact| contact["id"].as_str().unwrap().to_owned()).collect()
}

/// Replays the feed from its start; nobody enters or leaves twice.
async fn replayed(world: &World, segment: &str) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for (entered, contact, at) in feed(world, segment).await {
        let moved = if entered { members.insert(contact.clone()) } else { members.remove(&contact) };
        assert!(moved, "{contact} at {at}");
    }
    members
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_goes_silent_at_the_very_instant_without_any_event() {
    let hand = Hand::new();
    let world = World::by(hand.clone()).await;
    let ada = world.contact("Ada").await;
    define(&world, "Silent", silent()).await;
    define(
        &world,
        "Silent guests",
        json!({"all": [of_tag("guest"), {"field": "segment", "op": "any_of", "value": ["silent"]}]}),
    )
    .await;
    tag(&world, &ada, "guest").await;
    world.says("Ada", "m1").await;
    let head = world.head().await;
    hand.pass(TimeDelta::days(3) - TimeDelta::microseconds(1));
    assert_eq!((count(&world, "Silent").await, count(&world, "silent guests").await), (0, 0));
    hand.pass(TimeDelta::microseconds(1));
    assert_eq!((count(&world, "Silent").await, count(&world, "silent guests").await), (1, 1));
    assert_eq!(members(&world, "silent guests").await, [ada.clone()].into());
    hand.pass(TimeDelta::days(1));
    let entered = (true, ada.clone(), "2026-03-05T10:00:00Z".to_owned());
    assert_eq!(
        feed(&world, "Silent guests").await,
        std::slice::from_ref(&entered),
        "dated with its instant, however late it is read"
    );
    assert_eq!(world.head().await, head, "no event was needed");
    world.says("Ada", "m2").await;
    assert_eq!(feed(&world, "silent").await, [entered, (false, ada, "2026-03-06T10:00:00Z".to_owned())]);
    assert_eq!(count(&world, "silent guests").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_follow_edits_merges_erasures_and_definitions() {
    let world = World::by(Hand::new()).await;
    let [ada, bob, eve] = [world.contact("Ada").await, world.contact("Bob").await, world.contact("Eve").await];
    define(&world, "VIP", of_tag("vip")).await;
    define(&world, "Others", json!({"not": {"field": "segment", "op": "any_of", "value": ["VIP"]}})).await;
    for contact in [&bob, &eve] {
        tag(&world, contact, "vip").await;
    }
    assert_eq!(members(&world, "vip").await, [bob.clone(), eve.clone()].into());
    assert_eq!(members(&world, "others").await, [ada.clone()].into());
    let merge = world.merge(&ada, &bob).await;
    assert_eq!(members(&world, "vip").await, [ada.clone(), eve.clone()].into());
    world.unmerge(&merge).await;
    world.run(json!({"command": "delete_contact", "contact": eve})).await;
    assert_eq!(members(&world, "vip").await, [bob.clone()].into());
    assert_eq!(members(&world, "others").await, [ada.clone()].into());
    for segment in ["vip", "others"] {
        assert_eq!(replayed(&world, segment).await, members(&world, segment).await, "{segment}");
    }
    let everybody = json!({"command": "change_segment", "segment": "vip", "filter": {"all": []}});
    world.run(everybody).await;
    assert_eq!((count(&world, "vip").await, count(&world, "others").await), (2, 0));
    for segment in ["vip", "others"] {
        assert_eq!(replayed(&world, segment).await, members(&world, segment).await, "{segment}");
    }
    let refused = world.try_run(json!({"command": "remove_segment", "segment": "vip"})).await;
    assert!(matches!(refused, Err(AppError::Rejected(Rejection::SegmentInUse { .. }))), "{refused:?}");
    world.run(json!({"command": "remove_segment", "segment": "others"})).await;
    let gone = changes(&world, "others", None).await;
    assert!(matches!(gone, Err(AppError::Rejected(Rejection::SegmentNotFound))), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_field_empties_what_asked_about_it() {
    let world = World::by(Hand::new()).await;
    world.define(&[("score", "number")]).await;
    define(&world, "High", json!({"field": "custom.score", "op": "ge", "value": 5})).await;
    define(&world, "Others", json!({"not": {"field": "segment", "op": "any_of", "value": ["high"]}})).await;
    let ada = world.contact("Ada").await;
    world.run(json!({"command": "update_contact", "contact": ada, "custom": {"score": 7}})).await;
    assert_eq!((count(&world, "high").await, count(&world, "others").await), (1, 0));
    world.run(json!({"command": "retire_field", "field": "score"})).await;
    assert_eq!((count(&world, "high").await, count(&world, "others").await), (0, 1));
    assert_eq!(replayed(&world, "high").await, BTreeSet::new());
}

/// What was defined before the first contact came is known after a restart too.
#[tokio::test(flavor = "multi_thread")]
async fn fields_and_segments_of_a_workspace_without_contacts_outlive_a_restart() {
    let world = World::by(Hand::new()).await;
    world.define(&[("score", "number")]).await;
    define(&world, "High", json!({"field": "custom.score", "op": "ge", "value": 5})).await;
    let world = world.restarted().await;
    let line = json!({"command": "create_contact", "first_name": "Ada", "custom": {"score": 7}});
    world.house.execute(world.command(&line)).await.unwrap();
    assert_eq!(count(&world, "high").await, 1);
    assert_eq!(replayed(&world, "high").await, members(&world, "high").await);
}

/// Contacts whose membership changes by an edit and, later, by time.
async fn lively() -> (World, Arc<Hand>, [String; 3]) {
    let hand = Hand::new();
    let world = World::by(hand.clone()).await;
    let contacts = [world.contact("Ada").await, world.contact("Bob").await, world.contact("Eve").await];
    define(&world, "Silent guests", json!({"all": [of_tag("guest"), silent()]})).await;
    for (contact, name) in contacts.iter().zip(["Ada", "Bob", "Eve"]) {
        tag(&world, contact, "guest").await;
        world.says(name, "m1").await;
        hand.pass(TimeDelta::hours(1));
    }
    (world, hand, contacts)
}

/// Ends a house in the middle, and says whether its feed is exact after the next one has come up.
async fn exact_after(crash: impl AsyncFn(&World)) -> bool {
    let (world, hand, [ada, bob, eve]) = lively().await;
    hand.pass(TimeDelta::days(3) - TimeDelta::hours(2));
    assert_eq!(members(&world, "silent guests").await, [ada.clone(), bob.clone()].into());
    hand.pass(TimeDelta::hours(1));
    let line = json!({"command": "remove_tag", "contact": ada, "tag": "guest"});
    world.house.execute(world.command(&line)).await.unwrap();
    crash(&world).await;
    hand.pass(TimeDelta::hours(1));
    let world = world.crashed().await;
    let told = feed(&world, "silent guests").await;
    let mut shown: Vec<(bool, &str)> = told.iter().map(|(entered, contact, _)| (*entered, &**contact)).collect();
    shown.sort_unstable();
    let mut wanted = vec![(true, &*ada), (true, &*bob), (true, &*eve), (false, &*ada)];
    wanted.sort_unstable();
    let times: Vec<&str> = told.iter().filter(|(entered, ..)| *entered).map(|(.., at)| &**at).collect();
    let exact = ["2026-03-05T10:00:00Z", "2026-03-05T11:00:00Z", "2026-03-05T12:00:00Z"];
    shown == wanted && times == exact && members(&world, "silent guests").await == [bob, eve].into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_neither_loses_nor_doubles_a_crossing() {
    assert!(exact_after(async |_| {}).await, "nothing was projected");
    assert!(exact_after(async |world| world.settle().await).await, "everything was stored");
    let told = async |world: &World| {
        world.settle().await;
        feed(world, "silent guests").await;
    };
    assert!(exact_after(told).await, "time was told too");
}

#[cfg(feature = "sabotage")]
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_written_after_its_contacts_is_noticed() {
    let between = async |world: &World| {
        let _armed = dossier_domain::sabotage::arm(dossier_domain::sabotage::Break::FeedIsWrittenLater);
        assert!(world.house.catch_up().await.is_err());
    };
    assert!(!exact_after(between).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rebuild_the_feed_is_another_one() {
    let (world, hand, [ada, bob, eve]) = lively().await;
    hand.pass(TimeDelta::days(3) - TimeDelta::hours(2));
    let cursor = changes(&world, "silent guests", None).await.unwrap().next_cursor;
    let world = world.restarted().await;
    assert_eq!(changes(&world, "silent guests", Some(&cursor)).await.unwrap().next_cursor, cursor, "a restart is none");
    world.house.rebuild(Projection::Contacts, |_| {}).await.unwrap();
    let reset = changes(&world, "silent guests", Some(&cursor)).await;
    let Err(AppError::FeedReset { next_cursor }) = reset else { panic!("{reset:?}") };
    assert_eq!(members(&world, "silent guests").await, [ada, bob].into());
    hand.pass(TimeDelta::hours(1));
    let page = changes(&world, "silent guests", Some(&next_cursor)).await.unwrap();
    assert_eq!(page.changes.iter().map(|change| change.contact_id.to_string()).collect::<Vec<_>>(), [eve]);
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_kept_for_thirty_days() {
    let (world, hand, _) = lively().await;
    hand.pass(TimeDelta::days(3));
    let first = changes(&world, "silent guests", None).await.unwrap();
    assert_eq!(first.changes.len(), 3);
    let line = json!({"command": "remove_tag", "contact": first.changes[0].contact_id, "tag": "guest"});
    hand.pass(TimeDelta::days(20));
    world.run(line).await;
    let old = world.house.segment_changes(HOME, "silent guests", None, 1, Duration::ZERO).await.unwrap().next_cursor;
    hand.pass(TimeDelta::days(10) - TimeDelta::minutes(150));
    world.house.runner().trim_feed().await.unwrap();
    assert_eq!(feed(&world, "silent guests").await.len(), 3, "the first is a little more than 30 days old");
    hand.pass(TimeDelta::days(25));
    world.house.runner().trim_feed().await.unwrap();
    assert_eq!(feed(&world, "silent guests").await.len(), 1, "the last is kept, so that numbers go on");
    let reset = changes(&world, "silent guests", Some(&old)).await;
    let Err(AppError::FeedReset { next_cursor }) = reset else { panic!("{reset:?}") };
    assert_eq!(changes(&world, "silent guests", Some(&next_cursor)).await.unwrap().changes, []);
    assert!(changes(&world, "silent guests", Some(&first.next_cursor)).await.is_ok(), "nothing after it is gone");
}
