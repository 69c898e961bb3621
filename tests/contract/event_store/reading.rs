//! What a reader sees, and when.

use std::sync::Arc;

use dossier::ports::{Direction, EventStore, Recorded};
use dossier_domain::ids::Stream;

use crate::support::{
    LogFixture, after, assert_in_order, begun, contact, event, events, ids, keep, mark, marked, positions, revisions,
    whole,
};

pub(crate) async fn an_empty_store_has_nothing_to_read(log: &mut dyn LogFixture) {
    let store = log.store();
    assert_eq!(store.head().await.unwrap(), 0);
    assert_eq!(store.read_all(0, 10).await.unwrap(), []);
    assert_eq!(store.find(mark(1)).await.unwrap(), None);
    for direction in [Direction::Forward, Direction::Backward] {
        for from in [0, 1, u64::MAX] {
            assert_eq!(store.read_stream(&contact(1), from, direction, 10).await.unwrap(), []);
        }
    }
    store.durable(0).await.unwrap();
}

/// What `read_stream` must answer for a stream of so many events.
fn expected(count: u64, from: u64, direction: Direction, limit: usize) -> Vec<u64> {
    match direction {
        Direction::Forward => (from.min(count)..count).take(limit).collect(),
        Direction::Backward => (0..count.min(from.saturating_add(1))).rev().take(limit).collect(),
    }
}

async fn read_from_everywhere(store: &dyn EventStore, stream: &Stream, count: u64) {
    for direction in [Direction::Forward, Direction::Backward] {
        for from in (0..count + 2).chain([u64::MAX - 1, u64::MAX]) {
            for limit in [0, 1, 2, 3, 100, usize::MAX] {
                let read = store.read_stream(stream, from, direction, limit).await.unwrap();
                let (got, want) = (revisions(&read), expected(count, from, direction, limit));
                assert_eq!(got, want, "{direction:?} from {from}, at most {limit}");
                assert!(read.iter().all(|recorded| recorded.stream == *stream));
            }
        }
    }
}

pub(crate) async fn a_stream_is_read_from_anywhere_in_both_directions(log: &mut dyn LogFixture) {
    let store = log.store();
    for turn in 0..4 {
        keep(&*store, &contact(1), turn, events([turn])).await;
        keep(&*store, &contact(2), turn, events([turn + 100])).await;
    }
    read_from_everywhere(&*store, &contact(1), 4).await;
}

pub(crate) async fn reading_beyond_the_end_answers_nothing(log: &mut dyn LogFixture) {
    let store = log.store();
    let appended = keep(&*store, &contact(1), 0, events([1, 2, 3])).await;
    let last = appended.position;
    for after in [last, last + 1, u64::MAX] {
        assert_eq!(store.read_all(after, 10).await.unwrap(), [], "after {after}");
    }
    assert_eq!(store.read_all(0, 0).await.unwrap(), []);
    assert_eq!(positions(&store.read_all(appended.earlier[1], usize::MAX).await.unwrap()), [last]);
    // A place between two events, where there are such.
    assert_eq!(positions(&store.read_all(last - 1, usize::MAX).await.unwrap()), [last]);
}

pub(crate) async fn all_events_are_read_in_one_order(log: &mut dyn LogFixture) {
    let store = log.store();
    let mut told = Vec::new();
    for turn in 0..10 {
        for stream in 0..3 {
            told.push(store.append(&contact(stream), after(turn), events([turn])).await.unwrap().position);
        }
    }
    store.durable(told[29]).await.unwrap();
    let mut read: Vec<Recorded> = Vec::new();
    loop {
        let last = read.last().map_or(0, |recorded| recorded.position);
        let page = store.read_all(last, 7).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() == 7 || read.len() + page.len() == 30, "only the last page is short");
        read.extend(page);
    }
    assert_eq!(positions(&read), told);
    assert_in_order(&*store, &told);
    assert_eq!(store.head().await.unwrap(), told[29]);
}

pub(crate) async fn long_reads_are_complete(log: &mut dyn LogFixture) {
    const COUNT: u64 = 5_000;
    let store = log.store();
    let appended = keep(&*store, &contact(1), 0, events(0..COUNT)).await;
    assert_eq!(revisions(&whole(&*store, &contact(1)).await), (0..COUNT).collect::<Vec<_>>());
    let backward = store.read_stream(&contact(1), u64::MAX, Direction::Backward, 4_000).await.unwrap();
    assert_eq!(revisions(&backward), (COUNT - 4_000..COUNT).rev().collect::<Vec<_>>());
    assert_eq!(positions(&store.read_all(appended.earlier[9], 4_000).await.unwrap()), appended.earlier[10..4_010]);
    assert_eq!(store.read_all(0, usize::MAX).await.unwrap().len() as u64, COUNT);
}

pub(crate) async fn events_to_be_flushed_are_seen_in_their_stream_and_by_mark_at_most(log: &mut dyn LogFixture) {
    let store = log.store();
    let durable = keep(&*store, &contact(1), 0, events([1])).await.position;
    log.hold();
    let mut second = begun(log.stages(), &store, contact(1), 1, vec![marked(2, [2])]).await;
    if log.stages() {
        second.await;
        let third = store.append(&contact(2), after(0), events([3])).await.unwrap();
        assert_eq!(ids(&whole(&*store, &contact(1)).await), [1, 2]);
        assert_eq!(ids(&whole(&*store, &contact(2)).await), [3]);
        assert_eq!(store.find(mark(2)).await.unwrap().map(|found| found.position), Some(2));
        assert_eq!(store.head().await.unwrap(), durable);
        assert_eq!(ids(&store.read_all(0, 10).await.unwrap()), [1]);
        log.release();
        store.durable(third.position).await.unwrap();
    } else {
        if log.holds() {
            assert_eq!(ids(&whole(&*store, &contact(1)).await), [1]);
            assert_eq!(store.find(mark(2)).await.unwrap(), None);
            assert_eq!(store.head().await.unwrap(), durable);
            assert_eq!(ids(&store.read_all(0, 10).await.unwrap()), [1]);
            assert!(futures::poll!(&mut second).is_pending(), "what is not durable is not answered");
        }
        log.release();
        second.await;
        store.append(&contact(2), after(0), events([3])).await.unwrap();
    }
    assert_eq!(ids(&store.read_all(0, 10).await.unwrap()), [1, 2, 3]);
}

pub(crate) async fn a_stream_half_staged_is_read_without_gap_or_doubling(log: &mut dyn LogFixture) {
    let store = log.store();
    keep(&*store, &contact(1), 0, events([0, 1, 2])).await;
    if log.stages() {
        log.hold();
    }
    let mut last = 0;
    for turn in 3..6 {
        store.append(&contact(1), after(turn), events([turn])).await.unwrap();
        last = store.append(&contact(2), after(turn - 3), events([turn + 100])).await.unwrap().position;
    }
    read_from_everywhere(&*store, &contact(1), 6).await;
    read_from_everywhere(&*store, &contact(2), 3).await;
    log.release();
    store.durable(last).await.unwrap();
    read_from_everywhere(&*store, &contact(1), 6).await;
}

pub(crate) async fn reading_while_others_commit_neither_skips_nor_doubles(log: &mut dyn LogFixture) {
    const COUNT: u64 = 600;
    let store = log.store();
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for turn in 0..COUNT {
                let appended = store.append(&contact(1), after(turn), vec![event(turn)]).await.unwrap();
                store.append(&contact(u128::from(turn) + 2), after(0), vec![event(turn)]).await.unwrap();
                if turn % 3 == 0 {
                    store.durable(appended.position).await.unwrap();
                }
            }
        }
    });
    let mut seen = 0;
    while !writer.is_finished() {
        let forward = revisions(&whole(&*store, &contact(1)).await);
        assert_eq!(forward, (0..forward.len() as u64).collect::<Vec<_>>());
        assert!(forward.len() >= seen, "nothing that was seen is gone");
        seen = forward.len();
        let backward = store.read_stream(&contact(1), u64::MAX, Direction::Backward, usize::MAX).await.unwrap();
        assert!(backward.len() >= seen);
        assert_eq!(revisions(&backward), (0..backward.len() as u64).rev().collect::<Vec<_>>());
        let head = store.head().await.unwrap();
        let all = positions(&store.read_all(0, usize::MAX).await.unwrap());
        assert!(all.last().is_none_or(|last| *last >= head) && (head == 0 || !all.is_empty()));
        assert_in_order(&*store, &all);
    }
    writer.await.unwrap();
    assert_eq!(whole(&*store, &contact(1)).await.len() as u64, COUNT);
}
