//! What an append does and refuses.

use std::sync::Arc;

use dossier::ports::{AppendError, Direction, Expected, NewEvent};
use dossier_domain::ids::Stream;
use uuid::Uuid;

use crate::support::{
    LogFixture, after, assert_in_order, begun, contact, event, events, identity, ids, keep, mark, marked, positions,
    revisions, whole,
};

pub(crate) async fn the_first_event_has_revision_0_and_a_position_above_0(log: &mut dyn LogFixture) {
    let store = log.store();
    let first = store.append(&contact(1), Expected::NoStream, events([1])).await.unwrap();
    assert_eq!(first.revision, 0);
    let next = store.append(&contact(1), Expected::Revision(0), events([2, 3, 4])).await.unwrap();
    assert_eq!((next.revision, next.earlier.len()), (3, 2), "the place of every event is answered");
    let other = store.append(&contact(2), Expected::NoStream, events([5])).await.unwrap();
    assert_eq!(other.revision, 0);
    store.durable(other.position).await.unwrap();
    let told: Vec<u64> =
        [first, next, other].iter().flat_map(|one| one.places().map(|(_, position)| position)).collect();
    assert_in_order(&*store, &told);
    assert!(!store.counts_positions() || told[0] == 1, "what is counted begins with 1");
    assert_eq!(positions(&store.read_all(0, 10).await.unwrap()), told);
}

pub(crate) async fn an_event_comes_back_as_it_was_appended(log: &mut dyn LogFixture) {
    let store = log.store();
    let odd = NewEvent {
        id: Uuid::max(),
        event_type: "a type nobody knows \u{1f9ed}".into(),
        version: u16::MAX,
        data: (0..=255).collect(),
        meta: vec![],
        marks: vec![mark(7), mark(u128::MAX), mark(0)],
    };
    let plain = NewEvent { data: vec![], ..event(2) };
    for (stream, event) in [(contact(1), odd.clone()), (identity(1), plain.clone())] {
        keep(&*store, &stream, 0, vec![event]).await;
    }
    let all = store.read_all(0, 10).await.unwrap();
    assert_eq!(all[0].event, odd);
    assert_eq!((&all[1].event, &all[1].stream, all[1].revision), (&plain, &identity(1), 0));
    for stands in &all {
        assert_eq!(store.read_at(stands.position).await.unwrap().as_ref(), Some(stands));
    }
    assert_eq!(store.read_at(0).await.unwrap(), None);
    assert_eq!(store.read_at(all[1].position + 1).await.unwrap(), None);
    assert_eq!(whole(&*store, &contact(1)).await, all[..1]);
    assert_eq!(store.find(mark(u128::MAX)).await.unwrap().as_ref(), all.first());
}

pub(crate) async fn a_huge_payload_survives(log: &mut dyn LogFixture) {
    let store = log.store();
    let huge = NewEvent { data: (0..9_000_000_u32).map(|byte| (byte % 251) as u8).collect(), ..event(1) };
    keep(&*store, &contact(1), 0, vec![huge.clone(), event(2)]).await;
    assert_eq!(whole(&*store, &contact(1)).await[0].event, huge);
}

pub(crate) async fn streams_never_mix(log: &mut dyn LogFixture) {
    let store = log.store();
    let workspace = |name: &str| Stream::Workspace(name.into());
    let sixteen = workspace("0123456789abcdef");
    let same_bytes = Stream::Contact(dossier_domain::ids::ContactId(Uuid::from_bytes(*b"0123456789abcdef")));
    let streams = [contact(1), identity(1), sixteen, same_bytes, workspace("a"), workspace("a-b"), workspace("ä")];
    for (number, stream) in (1..).zip(&streams) {
        keep(&*store, stream, 0, events([number])).await;
    }
    for (number, stream) in (1..).zip(&streams) {
        assert_eq!(ids(&whole(&*store, stream).await), [number], "{stream}");
    }
}

pub(crate) async fn a_stale_writer_is_told_the_actual_revision(log: &mut dyn LogFixture) {
    let store = log.store();
    for _ in ["staged or durable", "after reopening"] {
        store.append(&contact(1), Expected::NoStream, events([1, 2])).await.ok();
        for stale in [Expected::NoStream, Expected::Revision(0), Expected::Revision(2), Expected::Revision(u64::MAX)] {
            let refused = store.append(&contact(1), stale, events([9])).await;
            assert_matches!(refused, Err(AppendError::WrongRevision { actual: Some(1) }), "{stale:?}");
        }
        let refused = store.append(&contact(2), Expected::Revision(0), events([9])).await;
        assert_matches!(refused, Err(AppendError::WrongRevision { actual: None }));
        let last = whole(&*store, &contact(1)).await.pop().unwrap();
        store.durable(last.position).await.unwrap();
    }
    drop(store);
    log.reopen();
    let store = log.store();
    let refused = store.append(&contact(1), Expected::Revision(0), events([9])).await;
    assert_matches!(refused, Err(AppendError::WrongRevision { actual: Some(1) }));
    assert_eq!(keep(&*store, &contact(1), 2, events([3])).await.revision, 2);
    assert_in_order(&*store, &positions(&store.read_all(0, 10).await.unwrap()));
}

pub(crate) async fn an_append_is_all_or_nothing(log: &mut dyn LogFixture) {
    let store = log.store();
    let first = keep(&*store, &contact(1), 0, vec![marked(1, [1])]).await;
    let refused = store.append(&contact(2), Expected::NoStream, vec![event(2), event(3), marked(4, [2, 1])]).await;
    assert_matches!(refused, Err(AppendError::MarkTaken { position }) if position == first.position);
    assert_eq!(store.find(mark(2)).await.unwrap(), None);
    assert_eq!(whole(&*store, &contact(2)).await, []);
    let next = keep(&*store, &contact(2), 0, vec![marked(5, [2])]).await;
    assert_eq!(next.revision, 0, "neither place nor mark was used up");
    assert_in_order(&*store, &[first.position, next.position]);
}

pub(crate) async fn an_empty_append_is_refused(log: &mut dyn LogFixture) {
    let store = log.store();
    let refused = store.append(&contact(1), Expected::NoStream, vec![]).await;
    assert_matches!(refused, Err(AppendError::Store(_)));
    assert_eq!(keep(&*store, &contact(1), 0, events([1])).await.revision, 0);
}

pub(crate) async fn a_mark_belongs_to_one_event_for_ever(log: &mut dyn LogFixture) {
    let store = log.store();
    log.hold();
    let mut first = begun(log.stages(), &store, contact(1), 0, vec![event(1), marked(2, [7, 8])]).await;
    if log.stages() {
        let refused = store.append(&contact(2), Expected::NoStream, vec![marked(3, [8])]).await;
        assert_matches!(refused, Err(AppendError::MarkTaken { position: 2 }));
    } else if log.holds() {
        assert!(futures::poll!(&mut first).is_pending());
    }
    log.release();
    let bearer = first.await.position;
    store.durable(bearer).await.unwrap();
    let taken = |result| assert_matches!(result, Err(AppendError::MarkTaken { position }) if position == bearer);
    taken(store.append(&contact(1), Expected::Revision(1), vec![marked(3, [7])]).await);
    drop(store);
    log.reopen();
    let store = log.store();
    taken(store.append(&contact(2), Expected::NoStream, vec![marked(3, [9, 8])]).await);
    assert_eq!(store.find(mark(8)).await.unwrap().map(|found| found.event), Some(marked(2, [7, 8])));
    assert_eq!(store.find(mark(9)).await.unwrap(), None);
}

pub(crate) async fn one_mark_twice_in_one_append_is_refused(log: &mut dyn LogFixture) {
    let store = log.store();
    keep(&*store, &contact(9), 0, events([1])).await;
    for twice in [vec![event(2), marked(3, [5]), marked(4, [6, 5])], vec![event(2), marked(3, [5, 5])]] {
        let refused = store.append(&contact(1), Expected::NoStream, twice).await;
        // Where the first would have stood, if that is known.
        let expected = if store.counts_positions() { 3 } else { 0 };
        assert_matches!(refused, Err(AppendError::MarkTaken { position }) if position == expected);
    }
    assert_eq!(store.find(mark(5)).await.unwrap(), None);
}

pub(crate) async fn of_two_writers_with_one_expectation_exactly_one_wins(log: &mut dyn LogFixture) {
    let store = log.store();
    for round in 0..50 {
        let racers: Vec<_> = (0..4)
            .map(|racer| {
                let (store, stream) = (Arc::clone(&store), contact(u128::from(round) % 5));
                tokio::spawn(async move { store.append(&stream, after(round / 5), events([round * 4 + racer])).await })
            })
            .collect();
        let mut winners = 0;
        for racer in racers {
            match racer.await.unwrap() {
                Ok(appended) => {
                    winners += 1;
                    assert_eq!(appended.revision, round / 5);
                }
                Err(error) => {
                    assert_matches!(error, AppendError::WrongRevision { actual } if actual == Some(round / 5))
                }
            }
        }
        assert_eq!(winners, 1, "round {round}");
    }
}

pub(crate) async fn of_two_writers_with_one_mark_exactly_one_wins(log: &mut dyn LogFixture) {
    let store = log.store();
    for round in 0..50_u64 {
        let racers: Vec<_> = (0..4_u64)
            .map(|racer| {
                let store = Arc::clone(&store);
                let number = round * 4 + racer;
                let event = marked(number, [u128::from(round)]);
                let stream = contact(u128::from(number));
                tokio::spawn(async move { store.append(&stream, Expected::NoStream, vec![event]).await })
            })
            .collect();
        let mut winner = None;
        let mut pointed_at = Vec::new();
        for racer in racers {
            match racer.await.unwrap() {
                Ok(appended) => assert_eq!(winner.replace(appended.position), None, "two of round {round} won"),
                Err(AppendError::MarkTaken { position }) => pointed_at.push(position),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(pointed_at, [winner.unwrap(); 3]);
    }
}

pub(crate) async fn many_writers_come_into_one_order(log: &mut dyn LogFixture) {
    const EACH: u64 = 120;
    let store = log.store();
    let writers: Vec<_> = (0..12_u64)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for turn in 0..EACH {
                    let both = events([writer * 1000 + turn * 2, writer * 1000 + turn * 2 + 1]);
                    let appended = store.append(&contact(u128::from(writer)), after(turn * 2), both).await.unwrap();
                    if turn % 7 == 0 {
                        store.durable(appended.position).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let last = store.append(&contact(99), Expected::NoStream, events([1])).await.unwrap();
    store.durable(last.position).await.unwrap();
    let mut all = store.read_all(0, usize::MAX).await.unwrap();
    assert_in_order(&*store, &positions(&all));
    assert_eq!(all.pop().map(|event| event.position), Some(last.position));
    assert_eq!(all.len() as u64, 12 * EACH * 2);
    let apart = all.chunks(2).find(|pair| pair[0].stream != pair[1].stream);
    assert_eq!(apart, None, "the events of one append stand together");
    for writer in 0..12 {
        let stream = store.read_stream(&contact(writer), 0, Direction::Forward, usize::MAX).await.unwrap();
        assert_eq!(revisions(&stream), (0..EACH * 2).collect::<Vec<_>>());
        assert!(positions(&stream).is_sorted());
    }
}
