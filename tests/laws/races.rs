//! Many at once, on real threads: what is claimed once has one owner, and nothing is lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use dossier::adapters::memory::{MemoryEventStore, MemoryKeyring};
use dossier::app::{App, AppError};
use dossier::sealing::Codec;
use dossier_domain::rejection::Rejection;

use crate::support::asks;
use crate::support::house::{Parts, TestClock};
use crate::support::invariants;
use crate::support::reading::Reading;

const MANY: usize = 64;

fn parts() -> Parts {
    Parts {
        store: Arc::new(MemoryEventStore::default()),
        keyring: Arc::new(MemoryKeyring::default()),
        clock: Arc::new(TestClock::noon()),
        snapshots: None,
        capacity: 1_000,
    }
}

async fn at_once(
    app: &Arc<App>,
    asks: Vec<dossier::app::ask::Ask>,
) -> Vec<Result<dossier::app::ask::Answer, AppError>> {
    let each = asks.into_iter().enumerate().map(|(index, ask)| {
        let (app, key) = (app.clone(), format!("racer {index}"));
        tokio::spawn(async move { app.execute(asks::command(Some(&key), ask)).await })
    });
    futures::future::join_all(each.collect::<Vec<_>>()).await.into_iter().map(|it| it.expect("no panic")).collect()
}

async fn reading(parts: &Parts) -> Reading {
    let reading = Reading::of(&*parts.store, &Codec::new(parts.keyring.clone())).await;
    let faults = invariants::settled(&reading, &*parts.keyring);
    assert!(faults.is_empty(), "{faults:#?}");
    reading
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_first_messages_from_one_unknown_identity_make_one_contact_and_all_are_kept() {
    let parts = parts();
    let app = Arc::new(parts.app());
    let asks = (0..MANY).map(|message| asks::inbound("new", &format!("m{message}"))).collect();
    let answers = at_once(&app, asks).await;
    let owners: BTreeSet<_> = answers.iter().map(|it| it.as_ref().expect("taken").contact_id).collect();
    let made = answers.iter().filter(|it| it.as_ref().is_ok_and(|it| it.created)).count();
    assert_eq!((owners.len(), made), (1, 1));
    let reading = reading(&parts).await;
    let views = reading.views();
    assert_eq!(views.len(), 1);
    assert_eq!(views.values().next().map(|view| view.counts.messages_in), Some(MANY as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_claims_of_one_identity_have_one_owner_and_the_others_are_told_who() {
    let parts = parts();
    let app = Arc::new(parts.app());
    let made = at_once(&app, (0..MANY).map(|index| asks::create(&[&format!("own {index}")])).collect()).await;
    let ids: Vec<_> = made.iter().filter_map(|it| it.as_ref().expect("made").contact_id).collect();
    let claims = ids.iter().enumerate().map(|(index, id)| (format!("claim {index}"), *id)).map(|(key, id)| {
        let app = app.clone();
        tokio::spawn(async move { (id, app.execute(asks::command(Some(&key), asks::claim(id, "prize"))).await) })
    });
    let answers = futures::future::join_all(claims.collect::<Vec<_>>()).await;
    let mut winners = Vec::new();
    let mut told = BTreeSet::new();
    for answer in answers {
        match answer.expect("no panic") {
            (id, Ok(_)) => winners.push(id),
            (_, Err(AppError::Rejected(Rejection::IdentityTaken { by }))) => {
                told.insert(by);
            }
            (_, Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(told, BTreeSet::from([winners[0]]));
    reading(&parts).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_command_many_times_at_once_is_done_once_and_answered_alike() {
    for ask in [asks::create(&["one", "two"]), asks::inbound("one", "m")] {
        let parts = parts();
        let app = Arc::new(parts.app());
        let each = (0..MANY).map(|_| {
            let (app, ask) = (app.clone(), ask.clone());
            tokio::spawn(async move { app.execute(asks::command(Some("same"), ask)).await })
        });
        let answers = futures::future::join_all(each.collect::<Vec<_>>()).await;
        let answers: BTreeSet<_> = answers
            .into_iter()
            .map(|it| it.expect("no panic").expect("done"))
            .map(|it| (it.status, it.contact_id, it.revision, it.position))
            .collect();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(reading(&parts).await.views().len(), 1);
    }
}
