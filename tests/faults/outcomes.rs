//! An append whose outcome is not known is found out: never lost, never doubled, and told from those of others.

use std::time::Duration;

use dossier::adapters::eventstore::Options;
use dossier::ports::{AppendError, EventStore, StoreError};
use dossier_double::{Call, Double, Fault};

use crate::talk::{Talk, after, event, mark, marked, numbers, quick, soon, stream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_an_append_ends_in_one_event() {
    let double = Double::start();
    let talk = Talk::to(&double).await;
    let faults = [
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::SilentBefore,
        Fault::SilentAfter,
        Fault::Busy,
        Fault::NotLeader,
        Fault::Twice,
        Fault::Garbage,
        Fault::NoPosition,
        Fault::Late(Duration::from_millis(50)),
    ];
    for (number, fault) in (0..).zip(faults) {
        double.faults().next(Call::Append, fault);
        let appended = talk.append(1, number * 3, number * 3).await;
        let stands = talk.whole(1).await;
        assert_eq!((appended.revision, appended.position), (number * 3, stands.last().unwrap().position), "{fault:?}");
        double.faults().next(Call::Append, fault);
        let both = vec![event(number * 3 + 1), event(number * 3 + 2)];
        let appended = soon(talk.store.append(&stream(1), after(number * 3 + 1), both)).await.unwrap();
        let stands = talk.whole(1).await;
        let places: Vec<_> = stands[stands.len() - 2..].iter().map(|event| (event.revision, event.position)).collect();
        assert_eq!(appended.places().collect::<Vec<_>>(), places, "{fault:?}");
        assert_eq!(numbers(&stands), (0..number * 3 + 3).collect::<Vec<_>>(), "{fault:?}");
    }
    assert_eq!(double.faults().left(), 0, "every fault happened");
}

/// The answer was lost, and before the outcome is looked for the stream goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_landed_is_known_though_others_followed() {
    let double = Double::start();
    let [talk, other] = [Talk::to(&double).await, Talk::to(&double).await];
    other.append(9, 0, 99).await;
    double.faults().next(Call::Append, Fault::SilentAfter);
    let append = tokio::spawn({
        let store = talk.store.clone();
        async move { store.append(&stream(1), after(0), vec![event(0), event(1)]).await }
    });
    // It has landed as soon as it is seen.
    while other.whole(1).await.len() < 2 {}
    other.append(1, 2, 2).await;
    let appended = soon(append).await.unwrap().unwrap();
    assert_eq!(appended.revision, 1);
    assert_eq!(numbers(&talk.whole(1).await), [0, 1, 2]);
}

/// Others stand where an append whose outcome was unknown was meant to land: a conflict, though ids may even be the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_appended_is_not_taken_for_ones_own() {
    let double = Double::start();
    let [talk, other] = [Talk::to(&double).await, Talk::to(&double).await];
    let theirs = other.append(1, 0, 7).await;
    // Whose events they are is told by their place: it is heard of before.
    soon(talk.store.wait_past(theirs.position - 1)).await.unwrap();
    double.faults().next(Call::Append, Fault::CutBefore);
    let refused = soon(talk.store.append(&stream(1), after(0), vec![event(0)])).await;
    assert!(matches!(refused, Err(AppendError::WrongRevision { actual: Some(0) })), "{refused:?}");
    // The very same command, carried out by another process a moment before: the server would call it a repetition.
    let mut same = event(7);
    same.data = br#"{"public":{"at":"another time"}}"#.to_vec();
    let refused = soon(talk.store.append(&stream(1), after(0), vec![same])).await;
    assert!(matches!(refused, Err(AppendError::WrongRevision { actual: Some(0) })), "{refused:?}");
}

/// Where nothing can be found out, it is said so, and what had landed is found later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_outcome_is_called_that() {
    let double = Double::start();
    let talk = Talk::with(&double.connection(), Options { patience: Duration::from_millis(700), ..quick() }).await;
    talk.append(1, 0, 0).await;
    double.faults().always(Call::Append, Fault::SilentAfter);
    double.faults().always(Call::Stream, Fault::CutBefore);
    let refused = soon(talk.store.append(&stream(1), after(1), vec![marked(1, [1])])).await;
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    double.faults().none();
    assert_eq!(numbers(&talk.whole(1).await), [0, 1]);
    let again = soon(talk.store.append(&stream(2), after(0), vec![marked(2, [1])])).await;
    assert!(matches!(again, Err(AppendError::MarkTaken { .. })), "{again:?}");
}

/// Marks of one process are seen by the next append of any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_of_another_process_is_taken() {
    let double = Double::start();
    let [one, other] = [Talk::to(&double).await, Talk::to(&double).await];
    for number in 0..50 {
        let (first, second) = if number % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let [here, there] = [0, 1].map(|side| stream(u128::from(number) * 2 + side));
        let appended =
            soon(first.store.append(&here, after(0), vec![marked(number * 2, [number.into()])])).await.unwrap();
        let refused = soon(second.store.append(&there, after(0), vec![marked(number * 2 + 1, [number.into()])])).await;
        assert!(
            matches!(refused, Err(AppendError::MarkTaken { position }) if position == appended.position),
            "{refused:?}"
        );
        let found = soon(second.store.find(mark(number.into()))).await.unwrap().unwrap();
        assert_eq!(found.position, appended.position);
    }
}

/// A folder whose mark index was made from another log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_of_another_log_is_made_anew() {
    use dossier::adapters::eventstore::EventStoreDb;
    use dossier::adapters::sqlite::DataFolder;

    let folder = tempfile::tempdir().unwrap();
    let open = |connection: String| async move { connection };
    let doubles = [Double::start(), Double::start()];
    for (number, double) in (0_u64..).zip(&doubles) {
        let data = DataFolder::open(folder.path()).unwrap();
        let connection = open(double.connection()).await;
        let store = EventStoreDb::open(&connection, &data, quick()).await.unwrap();
        soon(store.append(&stream(number.into()), after(0), vec![marked(number, [number.into()])])).await.unwrap();
        assert!(soon(store.find(mark(number.into()))).await.unwrap().is_some());
        if number == 1 {
            assert_eq!(soon(store.find(mark(0))).await.unwrap(), None, "that was in the other log");
        }
        store.close().await.unwrap();
    }
}

/// Other applications write to the same server, and anybody may name a stream nearly as ours are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_of_others_are_passed_over() {
    use dossier_double::messages::{Expected, Nothing, ProposedEvent};

    let double = Double::start();
    let talk = Talk::to(&double).await;
    let first = talk.append(1, 0, 0).await.position;
    let ours = stream(1).to_string();
    let strange = ["orders-7", "contact", "contact-7", &ours.to_uppercase(), &ours.replace("-0000-", "")];
    let own = [("type", "OrderPlaced"), ("content-type", "application/json")];
    let metadata = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for name in strange {
        let event =
            ProposedEvent { metadata: metadata.clone().into(), data: b"{}".to_vec(), ..ProposedEvent::default() };
        double.log().append(name, Expected::NoStream(Nothing {}), &[(uuid::Uuid::new_v4(), event)]);
    }
    assert_eq!(soon(talk.store.head()).await.unwrap(), first, "the head is the last event of ours");
    assert_eq!(numbers(&talk.all().await), [0]);
    talk.append(1, 1, 1).await;
    assert_eq!(numbers(&talk.all().await), [0, 1]);
    assert_eq!(soon(talk.store.read_all(first, 1)).await.map(|read| numbers(&read)).unwrap(), [1]);
}
