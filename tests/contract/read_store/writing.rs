//! Batches and checkpoints.

use std::sync::Arc;

use dossier::ports::read_store::{Changes, Projection, ReadError, StoredContact};
use dossier_domain::ids::ContactId;
use dossier_projections::documents::DocumentChange;
use dossier_projections::mac::{MacChange, MacRow};
use dossier_projections::unfinished::Unfinished;
use uuid::Uuid;

use super::place::{HOME, Place, contacts, crosses, email, id, named, segment, shows, tells};
use super::unfinished::open_merge;

pub(crate) async fn a_new_store_stands_at_the_beginning_and_holds_nothing(place: &mut Place) {
    let store = &place.store;
    for projection in Projection::ALL {
        assert_eq!(store.checkpoint(projection).await.unwrap(), 0);
        assert_eq!(store.plain_rows(projection, None, 10).await.unwrap(), []);
    }
    assert_matches!(store.contact(id(1)).await.unwrap(), StoredContact::Absent);
    assert!(store.contacts_between(None, ContactId(Uuid::max()), 10).await.unwrap().is_empty());
    assert!(store.by_value(HOME, &email("ada@example.com")).await.unwrap().is_empty());
    assert!(store.mac_rows().await.unwrap().is_empty());
    assert!(store.closed_cycles(HOME).await.unwrap().is_empty());
    assert!(store.members(HOME, "2024-01-01", None, 10).await.unwrap().is_empty());
    assert!(store.feed_states().await.unwrap().is_empty());
    let feed = store.feed(HOME, segment(1), 0, 10).await.unwrap();
    assert_eq!((feed.epoch, feed.oldest, feed.next, feed.entries.len()), (Uuid::nil(), 0, 0, 0));
    assert_eq!(store.unfinished().await.unwrap(), Unfinished::default());
}

pub(crate) async fn a_batch_moves_its_checkpoint_and_no_other(place: &mut Place) {
    let nothing = || {
        [
            Changes::Contacts(Vec::new(), Vec::new(), Vec::new()),
            Changes::Mac(Vec::new()),
            Changes::Unfinished(Unfinished::default()),
        ]
    };
    let mut expected = [0; 3];
    for (from, to) in [(0, 3), (3, 4), (4, i64::MAX.unsigned_abs())] {
        for (one, changes) in nothing().into_iter().enumerate() {
            place.apply(changes, from, to).await;
            expected[one] = to;
            for projection in Projection::ALL {
                assert_eq!(place.store.checkpoint(projection).await.unwrap(), expected[projection as usize]);
            }
        }
    }
}

pub(crate) async fn a_batch_that_begins_elsewhere_is_refused_and_nothing_of_it_is_applied(place: &mut Place) {
    place.keep([named(1, "Ada", 1)]).await;
    place.apply(Changes::Mac(Vec::new()), 0, 1).await;
    place.apply(Changes::Unfinished(Unfinished::default()), 0, 1).await;
    let changes = || {
        let rows = vec![
            DocumentChange::State(Arc::new(named(1, "Grace", 2))),
            DocumentChange::State(Arc::new(named(2, "Mary", 2))),
            shows(2, HOME, &[email("mary@example.com")]),
        ];
        [
            Changes::Contacts(rows, vec![tells(vec![crosses(1, 2, true, 1)])], Vec::new()),
            Changes::Mac(vec![(HOME.into(), MacChange::Put(MacRow::Block(id(1))))]),
            Changes::Unfinished(open_merge(1)),
        ]
    };
    for from in [0, 2] {
        for refused in changes() {
            let projection = refused.projection();
            let error = place.store.apply(refused, from, 3).await.unwrap_err();
            assert_matches!(&error, ReadError::CheckpointMoved { projection: name, expected, actual: 1 }
                if *name == projection.name() && *expected == from, "{}", projection.name());
            assert_eq!(place.store.checkpoint(projection).await.unwrap(), 1);
        }
    }
    assert_eq!(place.state(1).await, named(1, "Ada", 1));
    assert_matches!(place.store.contact(id(2)).await.unwrap(), StoredContact::Absent);
    assert!(place.store.by_value(HOME, &email("mary@example.com")).await.unwrap().is_empty());
    assert!(place.store.feed_states().await.unwrap().is_empty());
    assert!(place.store.mac_rows().await.unwrap().is_empty());
    assert_eq!(place.store.unfinished().await.unwrap(), Unfinished::default());
}

pub(crate) async fn of_two_batches_from_one_checkpoint_exactly_one_is_applied(place: &mut Place) {
    for round in 0..20 {
        let writers = ["Ada", "Grace", "Mary"].map(|name| {
            let store = place.store.clone();
            tokio::spawn(async move {
                let batch = contacts([named(1, name, round + 1)]);
                (name, store.apply(batch, round, round + 1).await)
            })
        });
        let mut won = Vec::new();
        for writer in writers {
            match writer.await.unwrap() {
                (name, Ok(())) => won.push(name),
                (_, Err(error)) => assert_matches!(error, ReadError::CheckpointMoved { .. }),
            }
        }
        assert_eq!(won.len(), 1, "round {round}: {won:?}");
        assert_eq!(place.state(1).await, named(1, won[0], round + 1));
    }
}

pub(crate) async fn a_large_batch_is_applied_whole(place: &mut Place) {
    const MANY: u128 = 2_500;
    place.keep((1..=MANY).map(|number| named(number, &format!("n{number}"), 1))).await;
    let all = place.store.contacts_between(None, ContactId(Uuid::max()), usize::MAX).await.unwrap();
    assert_eq!(all.len() as u128, MANY);
    for (number, (found, stored)) in (1..).zip(all) {
        assert_eq!(found, id(number));
        assert_matches!(stored, StoredContact::Found(state) if *state == named(number, &format!("n{number}"), 1));
    }
}
