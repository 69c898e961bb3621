//! The lease: of several processes that share a read store, one writes. A store without one is written to by its one process.

use std::sync::Arc;
use std::time::Duration;

use dossier::ports::read_store::{Projection, ReadError, ReadStore, StoredContact};
use dossier::ports::shared::Lease;

use super::place::{HOME, Place, contacts, crosses, id, keep, minute, named, segment, tells};

/// How often it is looked how far another one is.
const A_MOMENT: Duration = Duration::from_millis(1);
/// What would not come is waited for so long.
const A_WHILE: Duration = Duration::from_millis(200);

fn lease(store: &Arc<dyn ReadStore>) -> &dyn Lease {
    store.lease().unwrap()
}

async fn at(store: &Arc<dyn ReadStore>) -> u64 {
    store.checkpoint(Projection::Contacts).await.unwrap()
}

pub(crate) async fn whoever_holds_the_lease_keeps_it_by_renewing(place: &mut Place) {
    for number in 1..=3 {
        if let Some(lease) = place.store.lease() {
            assert!(lease.renew().await.unwrap());
            assert!(!lease.take(false).await.unwrap(), "it is held already");
            let holder = lease.holder().await.unwrap().unwrap();
            assert!(holder.contains(&std::process::id().to_string()), "{holder}");
        }
        place.keep([named(number, "Ada", 1)]).await;
    }
    assert_eq!(at(&place.store).await, 3);
}

/// Every way to write, each refused, and nothing of it stored.
async fn writes_nothing(place: &Place, store: &Arc<dyn ReadStore>) {
    let from = at(store).await;
    let feed = vec![tells(vec![crosses(1, 9, true, 1)])];
    let beside = store.beside(Projection::Contacts).await.unwrap();
    keep(&*beside.store(), [named(8, "Eve", 1)]).await;
    for refused in [
        store.apply(contacts([named(9, "Eve", 1)]), from, from + 1).await,
        store.write_feed(feed).await,
        store.trim_feed(minute(100)).await,
        beside.swap().await,
    ] {
        assert_matches!(refused, Err(ReadError::Fenced));
    }
    assert_eq!(at(store).await, from);
    assert_matches!(place.store.contact(id(9)).await.unwrap(), StoredContact::Absent);
    assert_matches!(place.store.contact(id(8)).await.unwrap(), StoredContact::Absent);
    assert_eq!(place.store.feed(HOME, segment(1), 0, 10).await.unwrap().next, 2);
}

pub(crate) async fn of_two_processes_only_the_holder_of_the_lease_writes(place: &mut Place) {
    if place.store.lease().is_none() {
        return;
    }
    place.store.write_feed(vec![tells(vec![crosses(1, 7, true, 1), crosses(1, 7, false, 2)])]).await.unwrap();
    let other = place.opened_again().await;
    assert!(!lease(&other).take(false).await.unwrap(), "it is held");
    assert!(!lease(&other).renew().await.unwrap());
    writes_nothing(place, &other).await;
    place.keep([named(1, "Ada", 1)]).await;

    assert!(lease(&other).take(true).await.unwrap());
    writes_nothing(place, &place.store).await;
    assert!(!lease(&place.store).renew().await.unwrap());
    keep(&*other, [named(2, "Grace", 1)]).await;
    assert_eq!(place.state(2).await, named(2, "Grace", 1));
}

pub(crate) async fn a_lease_that_is_given_back_is_had_at_once(place: &mut Place) {
    if place.store.lease().is_none() {
        return;
    }
    let other = place.opened_again().await;
    lease(&other).release().await.unwrap();
    assert!(!lease(&other).take(false).await.unwrap(), "who does not hold it gives nothing back");
    lease(&place.store).release().await.unwrap();
    assert_eq!(lease(&other).holder().await.unwrap(), None);
    assert_matches!(place.store.apply(contacts([named(1, "Ada", 1)]), 0, 1).await, Err(ReadError::Fenced));
    assert!(lease(&other).take(false).await.unwrap());
    keep(&*other, [named(2, "Grace", 1)]).await;
}

pub(crate) async fn nothing_is_written_under_a_lease_once_another_has_it(place: &mut Place) {
    if place.store.lease().is_none() {
        return;
    }
    let mut holder = place.store.clone();
    for round in 1..=10 {
        let next = place.opened_again().await;
        let begun_at = at(&next).await;
        let writing = tokio::spawn(async move {
            for number in 0.. {
                // It may find its connection cut off, too.
                let Ok(from) = holder.checkpoint(Projection::Contacts).await else { return number };
                if holder.apply(contacts([named(number, "Ada", from + 1)]), from, from + 1).await.is_err() {
                    return number;
                }
            }
            0
        });
        while at(&next).await < begun_at + 5 {
            assert!(!writing.is_finished(), "it writes until another has the lease");
            tokio::time::sleep(A_MOMENT).await;
        }
        assert!(lease(&next).take(true).await.unwrap());
        let taken_at = at(&next).await;
        assert!(writing.await.unwrap() > 0);
        assert_eq!(at(&next).await, taken_at, "round {round}");
        holder = next;
    }
}

pub(crate) async fn what_another_process_stores_is_heard_of(place: &mut Place) {
    if place.store.lease().is_none() {
        return;
    }
    let other = place.opened_again().await;
    let mut news = lease(&other).news();
    // Whoever has just begun to listen looks now and then: the first may go unheard.
    for number in 1.. {
        place.keep([named(number, "Ada", 1)]).await;
        if tokio::time::timeout(A_WHILE, news.changed()).await.is_ok() {
            break;
        }
    }
    for number in 1..=3 {
        news.borrow_and_update();
        place.keep([named(number, "Grace", 2)]).await;
        news.changed().await.unwrap();
    }
}

pub(crate) async fn whoever_is_paused_within_a_transaction_keeps_nobody_waiting(place: &mut Place) {
    if place.store.lease().is_none() {
        return;
    }
    let paused = place.opened_again().await;
    let _still = lease(&paused).still().await.unwrap();
    place.keep([named(1, "Ada", 1)]).await;
    assert_eq!(at(&place.store).await, 1);
}

pub(crate) async fn a_read_model_held_still_by_one_process_is_not_moved_by_another(place: &mut Place) {
    if place.store.lease().is_none() {
        return;
    }
    let other = place.opened_again().await;
    let still = lease(&other).still().await.unwrap();
    let store = place.store.clone();
    let mut moving = tokio::spawn(async move { keep(&*store, [named(1, "Ada", 1)]).await });
    assert!(tokio::time::timeout(A_WHILE, &mut moving).await.is_err());
    assert_eq!(at(&other).await, 0);
    drop(still);
    moving.await.unwrap();
    assert_eq!(at(&other).await, 1);
}
