use dossier_domain::ids::{ContactId, Mark};
use futures::FutureExt;
use uuid::Uuid;

use super::*;
use crate::adapters::memory::MemoryEventStore;

const EVENTS: u64 = 40;

/// The event that comes at a place of a log, and its stream: some follow each other in one.
fn at(number: u64) -> (Stream, NewEvent) {
    let stream = Stream::Contact(ContactId(Uuid::from_u128(u128::from(number / 3 % 4))));
    let event = NewEvent {
        id: Uuid::from_u128(u128::from(number) + 1_000),
        event_type: "comment_added".into(),
        version: 1,
        data: format!(r#"{{"number": {number}}}"#).into_bytes(),
        meta: br#"{"workspace":"default"}"#.to_vec(),
        marks: vec![Mark(u128::from(number).to_be_bytes())],
    };
    (stream, event)
}

async fn push(log: &MemoryEventStore, (stream, event): (Stream, NewEvent)) {
    let last = log.read_stream(&stream, u64::MAX, Direction::Backward, 1).await.unwrap().pop();
    let expected = last.map_or(Expected::NoStream, |last| Expected::Revision(last.revision));
    log.append(&stream, expected, vec![event]).await.unwrap();
}

/// The beginning of a log.
async fn log(events: u64) -> MemoryEventStore {
    let log = MemoryEventStore::default();
    for number in 0..events {
        push(&log, at(number)).await;
    }
    log
}

async fn all(log: &MemoryEventStore) -> Vec<Recorded> {
    log.read_all(0, usize::MAX).await.unwrap()
}

#[tokio::test]
async fn what_an_earlier_copy_brought_is_not_brought_again() {
    let from = log(EVENTS).await;
    let mut digests = Vec::new();
    for held in 0..=EVENTS {
        let to = log(held).await;
        let copied = copy(&from, &to, |_| {}).await.unwrap();
        assert_eq!((copied.events, copied.held_before), (EVENTS, held));
        assert_eq!(all(&to).await, all(&from).await);
        digests.push(copied.digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1, "one log has one digest: {digests:?}");
}

#[tokio::test]
async fn a_log_that_holds_anything_else_is_refused_untouched() {
    let from = log(EVENTS).await;
    let changes: [fn(&mut Stream, &mut NewEvent); 7] = [
        |stream, _| *stream = Stream::Contact(ContactId(Uuid::from_u128(9))),
        |_, event| event.id = Uuid::nil(),
        |_, event| event.event_type = "tag_added".into(),
        |_, event| event.version = 2,
        |_, event| event.data.push(b' '),
        |_, event| event.meta.push(b' '),
        |_, event| event.marks.clear(),
    ];
    for (case, change) in changes.into_iter().enumerate() {
        let to = log(4).await;
        let (mut stream, mut event) = at(4);
        change(&mut stream, &mut event);
        push(&to, (stream, event)).await;
        let before = all(&to).await;
        let refused = copy(&from, &to, |_| {}).await.unwrap_err();
        assert!(matches!(refused, CopyError::Other { position: 5 }), "{case}: {refused}");
        assert_eq!(all(&to).await, before, "{case}");
    }
}

#[tokio::test]
async fn the_order_of_all_events_counts() {
    let (one, other) = (log(0).await, log(0).await);
    for number in [0, 3] {
        push(&one, at(number)).await;
    }
    for number in [3, 0] {
        push(&other, at(number)).await;
    }
    let refused = copy(&one, &other, |_| {}).await.unwrap_err();
    assert!(matches!(refused, CopyError::Other { position: 1 }), "{refused}");
}

#[tokio::test]
async fn a_log_that_goes_on_is_not_overtaken_by_an_older_one() {
    let (from, to) = (log(5).await, log(6).await);
    let refused = copy(&from, &to, |_| {}).await.unwrap_err();
    assert!(matches!(refused, CopyError::Newer { position: 6 }), "{refused}");
    assert_eq!(all(&to).await.len(), 6);
}

#[tokio::test]
async fn an_append_that_landed_late_is_known_again_and_a_strangers_is_not() {
    let (from, to) = (log(2).await, log(0).await);
    let mut source = Reading::of(&from, CopyError::From).await.unwrap();
    let mut together = next_together(&mut source).await.unwrap().unwrap();
    assert_eq!(together.events.len(), 2, "they are of one stream");
    assert_eq!(append(&to, &together).await.unwrap(), 2);
    assert_eq!(append(&to, &together).await.unwrap(), 2);
    assert_eq!(all(&to).await.len(), 2);
    together.events[1].data.push(b' ');
    let refused = append(&to, &together).await.unwrap_err();
    assert!(matches!(refused, CopyError::Unfit { position: 1, .. }), "{refused}");
}

#[tokio::test]
async fn what_a_stranger_adds_meanwhile_is_told() {
    let (from, to) = (log(EVENTS).await, log(0).await);
    let stranger = (Stream::Workspace("other".into()), at(EVENTS).1);
    let mut is_there = false;
    let add = |progress: Progress| {
        if progress.phase == Phase::Copying && !std::mem::replace(&mut is_there, true) {
            push(&to, stranger.clone()).now_or_never().unwrap();
        }
    };
    let refused = copy(&from, &to, add).await.unwrap_err();
    assert!(matches!(refused, CopyError::Differs { held: 41, copied: 40, .. }), "{refused}");
}

#[tokio::test]
async fn progress_goes_through_the_phases_to_the_end() {
    let (from, to) = (log(EVENTS).await, log(7).await);
    let mut told: Vec<Progress> = Vec::new();
    copy(&from, &to, |progress| told.push(progress)).await.unwrap();
    assert!(told.iter().all(|progress| progress.position <= progress.head));
    let last = |phase| told.iter().rfind(|progress| progress.phase == phase).map(|it| (it.events, it.position));
    assert_eq!(last(Phase::Comparing), Some((7, 7)));
    assert_eq!(last(Phase::Copying), Some((EVENTS, EVENTS)));
    assert_eq!(last(Phase::Checking), Some((EVENTS, EVENTS)));
}
