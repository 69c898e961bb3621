//! The measured defects of the official client, one test each.

use std::time::{Duration, Instant};

use dossier::adapters::eventstore::{EventStoreDb, Options};
use dossier::adapters::sqlite::DataFolder;
use dossier::ports::{AppendError, Direction, EventStore, StoreError};
use dossier_double::{Call, Double, Fault};

use crate::talk::{Talk, after, event, mark, marked, numbers, quick, soon, stream};

/// Without TCP_NODELAY every call waits 44 ms for the other side's delayed acknowledgement.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_do_not_wait_for_delayed_acknowledgements_not_even_after_reconnecting() {
    const CALLS: u64 = 40;
    let double = Double::start();
    let talk = Talk::to(&double).await;
    for round in 0..3 {
        let mut times = Vec::new();
        for number in round * CALLS..(round + 1) * CALLS {
            let begun = Instant::now();
            talk.append(1, number, number).await;
            talk.whole(2).await;
            times.push(begun.elapsed());
        }
        times.sort();
        let median = times[times.len() / 2];
        assert!(median < Duration::from_millis(20), "round {round}: {median:?}");
        double.cut();
    }
}

/// A subscription that ends well makes the client spin; none is made, and none of the reads that stand for it has a
/// server's filter, which would begin from the start each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_subscribes_and_a_read_that_ends_at_once_makes_nobody_spin() {
    let double = Double::start();
    let talk = Talk::to(&double).await;
    talk.append(1, 0, 0).await;
    assert_eq!(soon(talk.store.head()).await.unwrap(), talk.all().await[0].position);
    double.faults().always(Call::All, Fault::Ends(0));
    let refused = soon(talk.store.head()).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    // Whoever spins polls no timer.
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    double.faults().none();
    soon(talk.store.head()).await.unwrap();
    assert_eq!(double.odd_reads(), 0);
}

/// A batch dies with its first conflict and takes its neighbours along; appends are made one by one. Here conflicts and
/// successes come at once, and each is answered for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_harms_no_neighbour() {
    let double = Double::start();
    let talk = Talk::to(&double).await;
    talk.append(0, 0, 0).await;
    let racers: Vec<_> = (1..40_u64)
        .map(|number| {
            let store = talk.store.clone();
            let to = if number % 4 == 0 { 0 } else { u128::from(number) };
            (to, tokio::spawn(async move { store.append(&stream(to), after(0), vec![event(number)]).await }))
        })
        .collect();
    for (to, racer) in racers {
        match (to, soon(racer).await.unwrap()) {
            (0, Err(AppendError::WrongRevision { actual: Some(0) })) => {}
            (0, other) => panic!("{other:?}"),
            (_, appended) => assert_eq!(appended.unwrap().revision, 0),
        }
    }
}

/// The client panics on an id that is none, and on an answer that says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_without_sense_are_asked_for_again() {
    let double = Double::start();
    let talk = Talk::to(&double).await;
    talk.append(1, 0, 0).await;
    for call in [Call::Stream, Call::All] {
        double.faults().next(call, Fault::Garbage);
    }
    assert_eq!(numbers(&talk.whole(1).await), [0]);
    assert_eq!(numbers(&talk.all().await), [0]);
    double.faults().next(Call::Append, Fault::Garbage);
    assert_eq!(talk.append(1, 1, 1).await.revision, 1);
    assert_eq!(numbers(&talk.whole(1).await), [0, 1]);
    assert_eq!(double.faults().left(), 0, "every fault happened");
}

/// A client whose server was down at its first call never connects again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_up_late_is_found() {
    let double = Double::start();
    double.down();
    let talk = Talk::with(&double.connection(), Options { patience: Duration::from_millis(200), ..quick() }).await;
    let refused = soon(talk.store.append(&stream(1), after(0), vec![event(0)])).await;
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
    assert!(talk.store.is_in_trouble());
    double.up();
    talk.append(1, 0, 0).await;
    assert!(!talk.store.is_in_trouble());
    double.down();
    assert!(soon(talk.store.read_stream(&stream(1), 0, Direction::Forward, 9)).await.is_err());
    double.up();
    assert_eq!(numbers(&talk.whole(1).await), [0]);
}

/// The client enforces no limits: a silent peer is given up by ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_silent_is_not_waited_for() {
    let double = Double::start();
    let talk = Talk::to(&double).await;
    talk.append(1, 0, 0).await;
    let silent = [Fault::SilentBefore, Fault::SilentAfter];
    for (number, fault) in (1..).zip(silent) {
        for call in [Call::Append, Call::Stream, Call::All] {
            double.faults().next(call, fault);
        }
        double.faults().next(Call::Features, fault);
        talk.append(1, number, number).await;
        assert_eq!(talk.whole(1).await.len() as u64, number + 1);
        assert_eq!(talk.all().await.len() as u64, number + 1);
    }
    double.faults().always(Call::Append, Fault::SilentBefore);
    let impatient = Talk::with(&double.connection(), Options { patience: Duration::from_millis(500), ..quick() }).await;
    let refused = soon(impatient.store.append(&stream(2), after(0), vec![event(9)])).await;
    assert!(matches!(refused, Err(AppendError::Store(StoreError::Unavailable { .. }))), "{refused:?}");
}

/// An answer that was cut short looks complete to the client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_cut_short_are_read_on() {
    const COUNT: u64 = 30;
    let double = Double::start();
    let talk = Talk::to(&double).await;
    let stranger = Talk::to(&double).await;
    soon(talk.store.append(&stream(1), after(0), (0..COUNT).map(event).collect())).await.unwrap();
    let expected: Vec<u64> = (0..COUNT).collect();
    for ends in [0, 1, 2, 7, 29] {
        let cut = |call| (0..3).for_each(|_| double.faults().next(call, Fault::Ends(ends)));
        cut(Call::Stream);
        assert_eq!(numbers(&talk.whole(1).await), expected, "cut after {ends}");
        cut(Call::Stream);
        let mut back =
            soon(talk.store.read_stream(&stream(1), u64::MAX, Direction::Backward, usize::MAX)).await.unwrap();
        back.reverse();
        assert_eq!(numbers(&back), expected, "cut after {ends}");
        cut(Call::Stream);
        let last = soon(talk.store.read_stream(&stream(1), u64::MAX, Direction::Backward, 1)).await.unwrap();
        assert_eq!(numbers(&last), [COUNT - 1]);
        cut(Call::All);
        assert_eq!(numbers(&talk.all().await[..COUNT as usize]), expected, "cut after {ends}");
        // What another process appended is found, cut or not.
        double.faults().none();
        let number = 100 + ends as u64;
        soon(talk.store.append(&stream(2 + ends as u128), after(0), vec![marked(number, [number.into()])]))
            .await
            .unwrap();
        cut(Call::All);
        assert!(soon(stranger.store.find(mark(number.into()))).await.unwrap().is_some(), "cut after {ends}");
        double.faults().none();
        let read = talk.all().await;
        assert!(read.len() as u64 > COUNT);
        assert_eq!(numbers(&read[..COUNT as usize]), expected);
    }
}

/// Events that come twice in an answer are taken once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubled_answers_are_taken_once() {
    let double = Double::start();
    let talk = Talk::to(&double).await;
    soon(talk.store.append(&stream(1), after(0), (0..5).map(event).collect())).await.unwrap();
    for call in [Call::Stream, Call::All] {
        double.faults().always(call, Fault::Twice);
    }
    assert_eq!(numbers(&talk.whole(1).await), [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&talk.all().await), [0, 1, 2, 3, 4]);
    let back = soon(talk.store.read_stream(&stream(1), 3, Direction::Backward, 2)).await.unwrap();
    assert_eq!(numbers(&back), [3, 2]);
}

/// Every call is for the leader alone, names its revision exactly, and bears the credentials, which no error repeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_exact_and_credentials_stay_secret() {
    let double = Double::start();
    let connection = double.connection().replace("esdb://", "esdb://admin:changeit@");
    let talk = Talk::with(&connection, Options { patience: Duration::from_millis(100), ..quick() }).await;
    soon(talk.store.append(&stream(1), after(0), vec![marked(0, [1])])).await.unwrap();
    talk.append(1, 1, 1).await;
    talk.whole(1).await;
    assert!(soon(talk.store.find(mark(1))).await.unwrap().is_some());
    assert_eq!((double.careless_calls(), double.loose_appends()), (0, 0));
    assert_eq!(double.authorization().as_deref(), Some("Basic YWRtaW46Y2hhbmdlaXQ="));
    double.down();
    let error = soon(talk.store.append(&stream(1), after(2), vec![event(2)])).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(!said.contains("changeit") && !said.contains("YWRtaW4"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(folder.path()).unwrap();
    let Err(error) = EventStoreDb::open("esdb://admin:changeit@host:x", &folder, quick()).await else {
        panic!("it opened")
    };
    let said = format!("{error} {error:?}");
    assert!(!said.contains("changeit"), "{said}");
}
