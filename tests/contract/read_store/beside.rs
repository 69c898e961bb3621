//! Projections made anew beside the ones that serve.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dossier::ports::read_store::{Changes, Projection, ReadStore, StoredContact};
use dossier_domain::ids::ContactId;
use dossier_projections::documents::DocumentChange;
use dossier_projections::mac::MacChange;
use uuid::Uuid;

use super::active::{closed, head};
use super::place::{HOME, Place, contacts, crosses, email, id, keep, named, shows, tells};
use super::unfinished::open_merge;

pub(crate) async fn a_store_beside_is_empty_and_out_of_sight(place: &mut Place) {
    place.keep([named(1, "Ada", 1)]).await;
    place.apply(Changes::Unfinished(open_merge(1)), 0, 3).await;
    let beside = place.store.beside(Projection::Contacts).await.unwrap();
    let fresh = beside.store();
    for projection in Projection::ALL {
        assert_eq!(fresh.checkpoint(projection).await.unwrap(), 0);
    }
    assert_matches!(fresh.contact(id(1)).await.unwrap(), StoredContact::Absent);
    keep(&*fresh, [named(2, "Grace", 1)]).await;
    assert_matches!(place.store.contact(id(2)).await.unwrap(), StoredContact::Absent);
    assert_eq!(place.state(1).await, named(1, "Ada", 1));
}

pub(crate) async fn a_swapped_store_serves_its_projection_alone(place: &mut Place) {
    let rows = vec![DocumentChange::State(Arc::new(named(1, "Ada", 1))), shows(1, HOME, &[email("ada@example.com")])];
    place.apply(Changes::Contacts(rows, vec![tells(vec![crosses(1, 1, true, 1)])], Vec::new()), 0, 5).await;
    place.apply(Changes::Mac(vec![(HOME.into(), closed("2024-01-01", &[1]))]), 0, 6).await;
    place.apply(Changes::Unfinished(open_merge(1)), 0, 7).await;
    let beside = place.store.beside(Projection::Contacts).await.unwrap();
    let rows = vec![DocumentChange::State(Arc::new(named(2, "Grace", 1))), shows(2, HOME, &[email("ada@example.com")])];
    beside.store().apply(Changes::Contacts(rows, Vec::new(), Vec::new()), 0, 4).await.unwrap();
    beside.swap().await.unwrap();
    for reopened in [false, true] {
        let at = async |projection| place.store.checkpoint(projection).await.unwrap();
        let all = [at(Projection::Contacts).await, at(Projection::Mac).await, at(Projection::Unfinished).await];
        assert_eq!(all, [4, 6, 7], "reopened: {reopened}");
        assert_matches!(place.store.contact(id(1)).await.unwrap(), StoredContact::Absent);
        assert_eq!(place.state(2).await, named(2, "Grace", 1));
        assert_eq!(place.store.by_value(HOME, &email("ada@example.com")).await.unwrap(), [id(2)]);
        assert!(place.store.feed_states().await.unwrap().is_empty(), "another feed will begin");
        assert_eq!(place.store.closed_cycles(HOME).await.unwrap().len(), 1);
        assert_eq!(place.store.unfinished().await.unwrap(), open_merge(1));
        place.reopen().await;
    }
    let (mac, list) = (place.store.beside(Projection::Mac).await.unwrap(), Projection::Unfinished);
    mac.swap().await.unwrap();
    place.store.beside(list).await.unwrap().swap().await.unwrap();
    assert!(place.store.closed_cycles(HOME).await.unwrap().is_empty());
    assert_eq!(place.store.unfinished().await.unwrap(), Default::default());
    place.apply(contacts([named(3, "Mary", 1)]), 4, 5).await;
    place.apply(Changes::Unfinished(open_merge(2)), 0, 1).await;
    assert_eq!(place.scratch(), 0);
}

pub(crate) async fn reads_go_on_while_stores_are_swapped(place: &mut Place) {
    place.keep([named(1, "Ada", 1)]).await;
    let swapping = Arc::new(AtomicBool::new(true));
    let readers = [1, 2, 3].map(|_| {
        let (store, swapping) = (place.store.clone(), swapping.clone());
        tokio::spawn(async move {
            let mut reads = 0_u64;
            while swapping.load(Ordering::Relaxed) {
                assert_matches!(store.contact(id(1)).await.unwrap(), StoredContact::Found(_));
                let all = store.contacts_between(None, ContactId(Uuid::max()), 10).await.unwrap();
                assert_eq!(all.len(), 1);
                assert!(store.checkpoint(Projection::Contacts).await.unwrap() > 0);
                reads += 1;
            }
            reads
        })
    });
    for _ in 0..8 {
        let beside = place.store.beside(Projection::Contacts).await.unwrap();
        keep(&*beside.store(), [named(1, "Ada", 1)]).await;
        beside.swap().await.unwrap();
    }
    swapping.store(false, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

pub(crate) async fn whatever_is_discarded_or_dropped_changes_nothing(place: &mut Place) {
    place.keep([named(1, "Ada", 1)]).await;
    let fill = async |beside: &dyn dossier::ports::read_store::Beside| {
        keep(&*beside.store(), [named(2, "Grace", 1)]).await;
    };
    let discarded = place.store.beside(Projection::Contacts).await.unwrap();
    fill(&*discarded).await;
    let dropped = place.store.beside(Projection::Contacts).await.unwrap();
    fill(&*dropped).await;
    assert_eq!(place.scratch(), 2, "one leaves the other alone");
    discarded.discard().await.unwrap();
    assert_eq!(place.scratch(), 1);
    drop(dropped);
    // Whatever the dropped one left goes when the next is made, at the latest.
    while place.scratch() > 0 {
        place.store.beside(Projection::Mac).await.unwrap().discard().await.unwrap();
    }
    assert_matches!(place.store.contact(id(2)).await.unwrap(), StoredContact::Absent);
    assert_eq!(place.state(1).await, named(1, "Ada", 1));
}

pub(crate) async fn stores_that_were_told_the_same_hold_the_same_rows(place: &mut Place) {
    for projection in Projection::ALL {
        let beside = place.store.beside(projection).await.unwrap();
        let fresh = beside.store();
        for store in [&place.store, &fresh] {
            store.apply(told(projection), 0, 5).await.unwrap();
        }
        let all = rows(&*place.store, projection, usize::MAX).await;
        assert!(!all.is_empty(), "{}", projection.name());
        assert_eq!(rows(&*fresh, projection, usize::MAX).await, all, "{}", projection.name());
        assert_eq!(rows(&*place.store, projection, 1).await, all, "{}: row by row", projection.name());
        assert_eq!(rows(&*place.store, projection, 3).await, all, "{}: by three", projection.name());
        let more = match projection {
            Projection::Contacts => contacts([named(1, "Ada!", 6)]),
            Projection::Mac => Changes::Mac(vec![(HOME.into(), MacChange::Put(head(chrono_tz::Tz::UTC, 2, true)))]),
            Projection::Unfinished => Changes::Unfinished(open_merge(2)),
        };
        place.apply(more, 5, 6).await;
        assert_ne!(rows(&*place.store, projection, usize::MAX).await, all, "{}: a row differs", projection.name());
        drop(fresh);
        beside.discard().await.unwrap();
    }
}

/// Something in every table of a projection.
fn told(projection: Projection) -> Changes {
    match projection {
        Projection::Contacts => {
            let mut rows: Vec<_> =
                (1..=4).map(|number| DocumentChange::State(Arc::new(named(number, "Ada", 1)))).collect();
            rows.push(shows(1, HOME, &[email("ada@example.com"), email("lovelace@example.com")]));
            Changes::Contacts(rows, Vec::new(), Vec::new())
        }
        Projection::Mac => {
            let changes = [
                closed("2024-01-01", &[1, 2]),
                closed("2024-02-01", &[1]),
                MacChange::Put(head(chrono_tz::Tz::UTC, 1, true)),
            ];
            Changes::Mac(changes.into_iter().map(|change| (HOME.into(), change)).collect())
        }
        Projection::Unfinished => {
            let mut list = open_merge(1);
            list.merges.extend(open_merge(3).merges);
            Changes::Unfinished(list)
        }
    }
}

/// All rows, page by page.
async fn rows(store: &dyn ReadStore, projection: Projection, limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    loop {
        let after = all.last().map(|(key, _)| key.as_slice());
        let page = store.plain_rows(projection, after, limit).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}
