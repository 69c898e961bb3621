//! The feed of segments.

use dossier::ports::read_store::{Changes, FeedEntry, FeedWrite};

use super::place::{HOME, Place, crosses, id, minute, segment, tells};

/// What an entry says: its number, who, and whether it entered.
fn said(entry: &FeedEntry) -> (u64, u128, bool) {
    (entry.number, entry.contact.0.as_u128(), entry.entered)
}

pub(crate) async fn a_feed_begins_with_the_first_that_is_written(place: &mut Place) {
    let store = &place.store;
    store.write_feed(vec![FeedWrite { as_of: minute(3), ..tells(Vec::new()) }]).await.unwrap();
    let began = store.feed_states().await.unwrap();
    assert_eq!((began.len(), &*began[0].0, began[0].1.as_of), (1, HOME, minute(3)));
    let away = FeedWrite { workspace: "away".into(), ..tells(vec![crosses(1, 1, true, 4)]) };
    let changes =
        Changes::Contacts(Vec::new(), vec![away, FeedWrite { as_of: minute(5), ..tells(Vec::new()) }], Vec::new());
    store.apply(changes, 0, 1).await.unwrap();
    let states = store.feed_states().await.unwrap();
    let of = |name: &str| states.iter().find(|(workspace, _)| &**workspace == name).unwrap().1;
    assert_eq!((of(HOME).epoch, of(HOME).as_of, of("away").as_of), (began[0].1.epoch, minute(5), minute(4)));
    assert_ne!(of(HOME).epoch, of("away").epoch);
    assert_eq!(store.feed(HOME, segment(1), 0, 10).await.unwrap().epoch, of(HOME).epoch);
    assert!(
        store.feed(HOME, segment(1), 0, 10).await.unwrap().entries.is_empty(),
        "it is the feed of another workspace"
    );
    assert_eq!(store.feed("away", segment(1), 0, 10).await.unwrap().entries.len(), 1);
}

pub(crate) async fn entries_are_numbered_by_segment_without_gaps(place: &mut Place) {
    let first = vec![crosses(1, 7, true, 1), crosses(2, 7, true, 1), crosses(1, 8, true, 1), crosses(1, 7, false, 2)];
    let feed = vec![FeedWrite { position: 41, ..tells(first) }];
    place.apply(Changes::Contacts(Vec::new(), feed, Vec::new()), 0, 1).await;
    let later = FeedWrite { position: 42, ..tells(vec![crosses(1, 9, true, 3), crosses(2, 7, false, 3)]) };
    place.store.write_feed(vec![later]).await.unwrap();
    let part = place.store.feed(HOME, segment(1), 0, 10).await.unwrap();
    assert_eq!((part.oldest, part.next), (0, 4));
    let expected = [(0, 7, true), (1, 8, true), (2, 7, false), (3, 9, true)];
    assert_eq!(part.entries.iter().map(said).collect::<Vec<_>>(), expected);
    let last = FeedEntry { number: 3, contact: id(9), entered: true, at: minute(3), position: 42 };
    assert_eq!((part.entries[3], part.entries[0].at, part.entries[0].position), (last, minute(1), 41));
    let other = place.store.feed(HOME, segment(2), 0, 10).await.unwrap();
    assert_eq!(other.entries.iter().map(said).collect::<Vec<_>>(), [(0, 7, true), (1, 7, false)]);
}

pub(crate) async fn a_feed_is_read_from_any_number_on(place: &mut Place) {
    // Many at one time, and more of them than a page of any engine.
    let many = (0..2_100).map(|number| crosses(1, number, true, 1)).collect();
    place.store.write_feed(vec![tells(many)]).await.unwrap();
    place.store.write_feed(vec![tells(vec![crosses(1, 9_000, true, 2)])]).await.unwrap();
    for (from, limit) in [(0, 5), (3, 1), (998, 4), (2_090, 50), (2_100, 1), (2_101, 1), (u64::MAX, 1), (0, usize::MAX)]
    {
        let part = place.store.feed(HOME, segment(1), from, limit).await.unwrap();
        assert_eq!((part.oldest, part.next), (0, 2_101), "from {from}");
        let expected: Vec<u64> = (from..2_101).take(limit).collect();
        assert_eq!(part.entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), expected, "from {from}");
    }
}

pub(crate) async fn a_removed_segment_leaves_no_entry(place: &mut Place) {
    place.store.write_feed(vec![tells(vec![crosses(1, 7, true, 1), crosses(2, 7, true, 1)])]).await.unwrap();
    let removed = FeedWrite { removed: vec![segment(1)], ..tells(vec![crosses(2, 8, true, 2)]) };
    place.store.write_feed(vec![removed]).await.unwrap();
    let gone = place.store.feed(HOME, segment(1), 0, 10).await.unwrap();
    assert_eq!((gone.oldest, gone.next, gone.entries.len()), (0, 0, 0));
    assert_eq!(place.store.feed(HOME, segment(2), 0, 10).await.unwrap().next, 2);
}

pub(crate) async fn trimming_keeps_the_last_entry_of_a_segment(place: &mut Place) {
    let told = (1_i64..=5).map(|at| crosses(1, at.unsigned_abs().into(), true, at)).collect();
    place.store.write_feed(vec![tells(told)]).await.unwrap();
    place.store.write_feed(vec![tells(vec![crosses(2, 7, true, 1)])]).await.unwrap();
    let kept = async |number| {
        let part = place.store.feed(HOME, segment(number), 0, 10).await.unwrap();
        (part.oldest, part.next, part.entries.len())
    };
    place.store.trim_feed(minute(3)).await.unwrap();
    assert_eq!((kept(1).await, kept(2).await), ((2, 5, 3), (0, 1, 1)), "what is as old as that stays");
    place.store.trim_feed(minute(100)).await.unwrap();
    assert_eq!(kept(1).await, (4, 5, 1));
    place.store.write_feed(vec![tells(vec![crosses(1, 9, false, 101)])]).await.unwrap();
    assert_eq!(kept(1).await, (4, 6, 2), "numbers go on");
}
