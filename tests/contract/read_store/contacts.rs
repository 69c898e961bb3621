//! Own states, and the values by which contacts are found.

use dossier::ports::read_store::{Changes, StoredContact};
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, Life};
use uuid::Uuid;

use super::place::{HOME, Place, email, guarded, id, named, phone, shows};

pub(crate) async fn a_state_comes_back_as_it_was_stored_last(place: &mut Place) {
    place.keep([named(1, "Ada", 1), named(2, "Grace", 1)]).await;
    assert_eq!(place.state(1).await, named(1, "Ada", 1));
    place.keep([named(1, "Ada Lovelace", 2)]).await;
    place.keep([]).await;
    assert_eq!(place.state(1).await, named(1, "Ada Lovelace", 2));
    assert_eq!(place.state(2).await, named(2, "Grace", 1));
    assert_matches!(place.store.contact(id(3)).await.unwrap(), StoredContact::Absent);
}

pub(crate) async fn a_state_is_unreadable_once_a_key_that_guards_it_is_destroyed(place: &mut Place) {
    place.keep([named(1, "Ada", 1), guarded(2, "Grace", 3), named(3, "Mary", 1)]).await;
    assert!(!place.is_unreadable(1).await && !place.is_unreadable(2).await);
    place.destroy(1).await;
    assert!(place.is_unreadable(1).await && !place.is_unreadable(2).await);
    place.destroy(3).await;
    assert!(place.is_unreadable(2).await && place.is_unreadable(3).await);
    let all = place.store.contacts_between(None, ContactId(Uuid::max()), 10).await.unwrap();
    assert!(all.iter().all(|(_, stored)| matches!(stored, StoredContact::Unreadable)) && all.len() == 3);
    // What can't be sealed any more is not stored in the clear.
    place.keep([named(1, "Ada again", 2)]).await;
    assert!(place.is_unreadable(1).await);
}

pub(crate) async fn an_erased_contact_that_nobody_else_guards_needs_no_key(place: &mut Place) {
    place.destroy(1).await;
    let erased = Contact { life: Life::Erased, workspace: HOME.into(), ..Contact::absent(id(1)) };
    place.keep([erased.clone()]).await;
    assert_eq!(place.state(1).await, erased);
}

pub(crate) async fn contacts_are_read_in_parts_ascending(place: &mut Place) {
    // By all sixteen bytes, whatever an engine makes of a sign.
    let all = [1, 2, 3 << 64, 0x7f << 120, 0x80 << 120, u128::from(u64::MAX) << 64, u128::MAX - 1];
    place.keep(all.iter().rev().map(|number| named(*number, "Ada", 1))).await;
    let read = async |after: Option<u128>, last: u128, limit| {
        let found = place.store.contacts_between(after.map(id), id(last), limit).await.unwrap();
        found.into_iter().map(|(id, _)| id.0.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(read(None, u128::MAX, 100).await, all);
    assert_eq!(read(None, u128::MAX, 3).await, all[..3]);
    assert_eq!(read(Some(all[2]), u128::MAX, 2).await, all[3..5]);
    assert_eq!(read(Some(all[0]), all[4], 100).await, all[1..5], "the last is included, the first is not");
    assert_eq!(read(Some(4), 5, 100).await, [0_u128; 0]);
}

pub(crate) async fn a_value_finds_every_contact_that_shows_it_now(place: &mut Place) {
    let at = std::cell::Cell::new(0);
    let change = async |rows| {
        place.apply(Changes::Contacts(rows, Vec::new(), Vec::new()), at.get(), at.get() + 1).await;
        at.set(at.get() + 1);
    };
    let found = async |workspace: &str, value| {
        let found = place.store.by_value(workspace, &value).await.unwrap();
        found.into_iter().map(|id| id.0.as_u128()).collect::<Vec<_>>()
    };
    let (ada, number) = (|| email("ada@example.com"), || phone("+4930123456"));
    change(vec![shows(1, HOME, &[ada(), number()]), shows(2, HOME, &[ada()]), shows(3, "away", &[ada()])]).await;
    assert_eq!(found(HOME, ada()).await, [1, 2]);
    assert_eq!(found("away", ada()).await, [3]);
    assert_eq!(found(HOME, number()).await, [1]);
    assert_eq!(found(HOME, email("+4930123456")).await, [0_u128; 0], "a value is found as what it is");
    change(vec![shows(1, HOME, &[number(), email("lovelace@example.com")]), shows(2, HOME, &[])]).await;
    assert_eq!(found(HOME, ada()).await, [0_u128; 0]);
    assert_eq!(found(HOME, number()).await, [1]);
    assert_eq!(found(HOME, email("lovelace@example.com")).await, [1]);
    change(vec![shows(2, HOME, &[number()]), shows(1, HOME, &[])]).await;
    assert_eq!(found(HOME, number()).await, [2]);
}
