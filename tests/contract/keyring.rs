//! The contract of the keyring.

use std::collections::BTreeSet;
use std::sync::Arc;

use dossier::ports::{KeyState, KeyringError};
use uuid::Uuid;

use crate::support::KeyringFixture;

fn holder(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

pub(crate) async fn a_key_is_made_once_for_each_holder(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    let mut made = Vec::new();
    for number in 0..100 {
        made.push(keyring.create_if_absent(holder(number)).await.unwrap());
    }
    let different: BTreeSet<_> = made.iter().map(|key| key.0).collect();
    assert_eq!(different.len(), 100);
    for flushed in [false, true] {
        for (number, key) in (0..).zip(&made) {
            assert_eq!(keyring.create_if_absent(holder(number)).await.unwrap(), *key, "flushed: {flushed}");
            assert_eq!(keyring.find(holder(number)).await.unwrap(), KeyState::Live(key.clone()));
        }
        keyring.flush().unwrap();
    }
}

pub(crate) async fn a_holder_without_a_key_is_missing(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    assert_eq!(keyring.find(holder(1)).await.unwrap(), KeyState::Missing);
    let key = keyring.create_if_absent(holder(1)).await.unwrap();
    assert_eq!(keyring.find(holder(1)).await.unwrap(), KeyState::Live(key));
    assert_eq!(keyring.find(Uuid::nil()).await.unwrap(), KeyState::Missing);
}

pub(crate) async fn a_destroyed_key_never_comes_back(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    keyring.create_if_absent(holder(1)).await.unwrap();
    let kept = keyring.create_if_absent(holder(2)).await.unwrap();
    keyring.flush().unwrap();
    keyring.destroy(holder(1)).await.unwrap();
    drop(keyring);
    for _ in ["at once", "after reopening"] {
        let keyring = keys.keyring();
        assert_eq!(keyring.find(holder(1)).await.unwrap(), KeyState::Destroyed);
        assert_matches!(keyring.create_if_absent(holder(1)).await, Err(KeyringError::Destroyed));
        assert_eq!(keyring.find(holder(1)).await.unwrap(), KeyState::Destroyed);
        assert_eq!(keyring.find(holder(2)).await.unwrap(), KeyState::Live(kept.clone()));
        drop(keyring);
        keys.reopen();
    }
}

pub(crate) async fn destroying_again_changes_nothing(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    keyring.create_if_absent(holder(1)).await.unwrap();
    for _ in 0..3 {
        keyring.destroy(holder(1)).await.unwrap();
        assert_eq!(keyring.find(holder(1)).await.unwrap(), KeyState::Destroyed);
        assert_eq!(keyring.destroyed().await.unwrap(), [holder(1)]);
    }
}

pub(crate) async fn who_never_had_a_key_gets_a_tombstone_too(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    keyring.destroy(holder(1)).await.unwrap();
    drop(keyring);
    keys.reopen();
    let keyring = keys.keyring();
    assert_eq!(keyring.find(holder(1)).await.unwrap(), KeyState::Destroyed);
    assert_matches!(keyring.create_if_absent(holder(1)).await, Err(KeyringError::Destroyed));
}

pub(crate) async fn the_destroyed_are_listed(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    assert!(keyring.destroyed().await.unwrap().is_empty());
    for number in 0..50 {
        keyring.create_if_absent(holder(number)).await.unwrap();
    }
    keyring.flush().unwrap();
    for number in (0..60).step_by(7) {
        keyring.destroy(holder(number)).await.unwrap();
    }
    drop(keyring);
    let want: BTreeSet<Uuid> = (0..60).step_by(7).map(holder).collect();
    for _ in ["at once", "after reopening"] {
        let listed = keys.keyring().destroyed().await.unwrap();
        assert_eq!(listed.len(), want.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), want);
        keys.reopen();
    }
}

pub(crate) async fn a_flushed_key_survives_reopening(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    let mut made = Vec::new();
    for number in 0..200 {
        made.push(keyring.create_if_absent(holder(number)).await.unwrap());
        if number % 50 == 0 {
            keyring.flush().unwrap();
        }
    }
    keyring.flush().unwrap();
    keyring.flush().unwrap();
    drop(keyring);
    keys.reopen();
    let keyring = keys.keyring();
    for (number, key) in (0..).zip(made) {
        assert_eq!(keyring.find(holder(number)).await.unwrap(), KeyState::Live(key.clone()));
        assert_eq!(keyring.create_if_absent(holder(number)).await.unwrap(), key);
    }
}

pub(crate) async fn a_key_destroyed_before_its_flush_stays_destroyed(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    keyring.create_if_absent(holder(1)).await.unwrap();
    keyring.destroy(holder(1)).await.unwrap();
    keyring.flush().unwrap();
    drop(keyring);
    keys.reopen();
    assert_eq!(keys.keyring().find(holder(1)).await.unwrap(), KeyState::Destroyed);
}

pub(crate) async fn many_who_create_one_key_get_the_same(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    for round in 0..40 {
        let creators: Vec<_> = (0..6)
            .map(|_| {
                let keyring = Arc::clone(&keyring);
                tokio::spawn(async move {
                    let key = keyring.create_if_absent(holder(round)).await.unwrap();
                    keyring.flush().unwrap();
                    // Pushes it out of a small cache.
                    for other in 1000..1040 {
                        keyring.create_if_absent(holder(other)).await.unwrap();
                    }
                    key
                })
            })
            .collect();
        let mut made = Vec::new();
        for creator in creators {
            made.push(creator.await.unwrap());
        }
        assert!(made.iter().all(|key| *key == made[0]), "round {round}");
        assert_eq!(keyring.find(holder(round)).await.unwrap(), KeyState::Live(made[0].clone()));
    }
}

pub(crate) async fn a_key_created_while_it_is_destroyed_ends_destroyed(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    for round in 0..30 {
        let creator = tokio::spawn({
            let keyring = Arc::clone(&keyring);
            async move {
                for _ in 0..20 {
                    let created = keyring.create_if_absent(holder(round)).await;
                    assert_matches!(created, Ok(_) | Err(KeyringError::Destroyed));
                    keyring.find(holder(round)).await.unwrap();
                    keyring.flush().unwrap();
                }
            }
        });
        keyring.destroy(holder(round)).await.unwrap();
        assert_eq!(keyring.find(holder(round)).await.unwrap(), KeyState::Destroyed, "round {round}");
        creator.await.unwrap();
        assert_eq!(keyring.find(holder(round)).await.unwrap(), KeyState::Destroyed, "round {round}");
    }
    drop(keyring);
    keys.reopen();
    for round in 0..30 {
        assert_eq!(keys.keyring().find(holder(round)).await.unwrap(), KeyState::Destroyed, "round {round}");
    }
}

pub(crate) async fn what_is_at_hand_is_what_is_found(keys: &mut dyn KeyringFixture) {
    let keyring = keys.keyring();
    for number in 0..60 {
        keyring.create_if_absent(holder(number)).await.unwrap();
    }
    keyring.flush().unwrap();
    keyring.destroy(holder(59)).await.unwrap();
    for number in (0..61).rev() {
        let at_hand = keyring.at_hand(holder(number));
        let found = keyring.find(holder(number)).await.unwrap();
        assert!(at_hand.is_none_or(|state| state == found), "{number}");
    }
}
