//! Durability: who waits for it, and what outlives the store.

use std::sync::Arc;

use dossier::ports::Expected;
use futures::poll;

use crate::support::{LogFixture, after, assert_in_order, begun, contact, events, ids, keep, mark, marked, whole};

pub(crate) async fn durable_waits_for_the_flush(log: &mut dyn LogFixture) {
    let store = log.store();
    log.hold();
    let append = begun(log.stages(), &store, contact(1), 0, events([1, 2])).await;
    // Any event lies beyond the empty log.
    let mut waiting = if log.stages() {
        let position = append.await.position;
        store.durable(position)
    } else {
        store.durable(1)
    };
    if log.holds() {
        assert!(poll!(&mut waiting).is_pending());
        assert_eq!(store.head().await.unwrap(), 0);
    }
    log.release();
    waiting.await.unwrap();
    let last = whole(&*store, &contact(1)).await[1].position;
    store.durable(last).await.unwrap();
    assert_eq!(store.head().await.unwrap(), last);
    store.durable(1).await.unwrap();
}

pub(crate) async fn durable_of_a_position_to_come_waits_for_it(log: &mut dyn LogFixture) {
    let store = log.store();
    let first = keep(&*store, &contact(1), 0, events([1])).await.position;
    let mut next = store.durable(first + 1);
    let mut never = store.durable(u64::MAX);
    assert!(poll!(&mut next).is_pending() && poll!(&mut never).is_pending());
    keep(&*store, &contact(1), 1, events([2])).await;
    next.await.unwrap();
    keep(&*store, &contact(1), 2, events([3])).await;
    assert!(poll!(&mut never).is_pending());
}

pub(crate) async fn waiting_past_the_head_wakes_with_the_next_durable_event(log: &mut dyn LogFixture) {
    let store = log.store();
    let waiter = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.wait_past(0).await.unwrap() }
    });
    log.hold();
    let append = begun(log.stages(), &store, contact(1), 0, events([1])).await;
    let mut waiting = store.wait_past(0);
    assert!(!log.holds() || poll!(&mut waiting).is_pending(), "what is not durable wakes nobody");
    log.release();
    let first = append.await.position;
    assert_eq!(waiting.await.unwrap(), first);
    assert_eq!(waiter.await.unwrap(), first);
    let last = keep(&*store, &contact(1), 1, events([2, 3])).await.position;
    assert_eq!(store.wait_past(0).await.unwrap(), last, "the head is answered, not the next");
    assert!(poll!(store.wait_past(last)).is_pending());
    assert!(poll!(store.wait_past(u64::MAX)).is_pending());
}

pub(crate) async fn whoever_gives_up_waiting_harms_nobody(log: &mut dyn LogFixture) {
    let store = log.store();
    let mut patient = store.durable(1);
    assert!(poll!(&mut patient).is_pending());
    for _ in 0..100 {
        assert!(poll!(store.durable(1)).is_pending());
        assert!(poll!(store.wait_past(0)).is_pending());
    }
    store.append(&contact(1), Expected::NoStream, events([1])).await.unwrap();
    patient.await.unwrap();
}

pub(crate) async fn reopening_finds_everything(log: &mut dyn LogFixture) {
    let store = log.store();
    let mut last = 0;
    for turn in 0..20 {
        let event = marked(turn, [turn.into()]);
        last = store.append(&contact(u128::from(turn) % 3), after(turn / 3), vec![event]).await.unwrap().position;
    }
    store.durable(last).await.unwrap();
    let before = store.read_all(0, 100).await.unwrap();
    drop(store);
    for _ in ["once", "and again"] {
        log.reopen();
        let store = log.store();
        assert_eq!(store.head().await.unwrap(), last);
        assert_eq!(store.read_all(0, 100).await.unwrap(), before);
        assert_eq!(ids(&whole(&*store, &contact(1)).await), [1, 4, 7, 10, 13, 16, 19]);
        assert_eq!(store.find(mark(13)).await.unwrap().as_ref(), before.get(13));
        store.durable(last).await.unwrap();
    }
    let appended = keep(&*log.store(), &contact(1), 7, events([99])).await;
    assert_eq!(appended.revision, 7);
    assert_in_order(&*log.store(), &[last, appended.position]);
}
