//! Rows held against a map; files as a crash leaves them; a file that fails.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// What may happen to rows. Keys have two bytes, so that prefixes are common.
#[derive(Clone, Debug)]
enum Deed {
    Write(Vec<(u8, u8, Option<u8>)>),
    RemovePrefix(u8),
    /// More rows than memory takes.
    Much(u8),
    Settle,
    Reopen,
    Crash,
}

fn deed() -> impl Strategy<Value = Deed> {
    let row = (0..4_u8, 0..40_u8, prop::option::weighted(0.7, any::<u8>()));
    prop_oneof![
        8 => prop::collection::vec(row, 0..6).prop_map(Deed::Write),
        1 => (0..4_u8).prop_map(Deed::RemovePrefix),
        1 => any::<u8>().prop_map(Deed::Much),
        2 => Just(Deed::Settle),
        1 => Just(Deed::Reopen),
        2 => Just(Deed::Crash),
    ]
}

fn writes(deed: &Deed) -> Option<Vec<Write>> {
    match deed {
        Deed::Write(rows) => {
            let write = |(one, two, value): &(u8, u8, Option<u8>)| match value {
                Some(value) => Write::Put(vec![*one, *two], vec![*value]),
                None => Write::Remove(vec![*one, *two]),
            };
            Some(rows.iter().map(write).collect())
        }
        Deed::RemovePrefix(prefix) => Some(vec![Write::RemovePrefix(vec![*prefix])]),
        Deed::Much(value) => {
            let put = |number: u16| Write::Put(number.to_be_bytes().to_vec(), vec![*value]);
            Some((0..=LARGE as u16).map(put).collect())
        }
        Deed::Settle | Deed::Reopen | Deed::Crash => None,
    }
}

fn apply(model: &mut Model, write: &Write) {
    match write {
        Write::Put(key, value) => _ = model.insert(key.clone(), value.clone()),
        Write::Remove(key) => _ = model.remove(key),
        Write::RemovePrefix(prefix) => model.retain(|key, _| !key.starts_with(prefix)),
    }
}

fn all(rows: &Rows) -> Model {
    rows.range(&[], None, usize::MAX).unwrap().into_iter().collect()
}

/// The rows of a file as they lie on the disk at this moment.
fn copied(path: &Path, place: &TempDir) -> Rows {
    for side in ["", "-wal"] {
        let name = format!("{}{side}", path.file_name().unwrap().to_str().unwrap());
        let from = path.with_file_name(&name);
        if from.exists() {
            std::fs::copy(from, place.path().join(&name)).unwrap();
        }
    }
    Rows::open(&place.path().join(path.file_name().unwrap()), 0, Journal::WriteAhead).unwrap()
}

/// Every question that rows answer, held against the model.
fn compare(rows: &Rows, model: &Model) {
    for (one, two) in [(0, 0), (1, 7), (2, 39), (3, 11)] {
        let key = vec![one, two];
        assert_eq!(rows.get(&key).unwrap(), model.get(&key).cloned());
        for (after, limit) in [(None, 3), (Some(vec![one, 20]), 2), (Some(vec![9, 9]), 5), (None, usize::MAX)] {
            let is_wanted = |(key, _): &(&Vec<u8>, &Vec<u8>)| key.starts_with(&[one]) && Some(*key) > after.as_ref();
            let expected: Vec<Row> =
                model.iter().filter(is_wanted).take(limit).map(|(key, value)| (key.clone(), value.clone())).collect();
            assert_eq!(rows.range(&[one], after.as_deref(), limit).unwrap(), expected, "after {after:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_are_those_of_a_map_and_a_crash_leaves_those_of_an_earlier_checkpoint(deeds in prop::collection::vec(deed(), 1..24)) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("rows.db");
        let mut rows = Rows::open(&path, 0, Journal::WriteAhead).unwrap();
        let mut model = Model::new();
        let mut past = vec![model.clone()];
        let mut settled = 0;
        for deed in deeds {
            let position = past.len() as u64 - 1;
            if let Some(writes) = writes(&deed) {
                writes.iter().for_each(|write| apply(&mut model, write));
                past.push(model.clone());
                let writes = writes.into_iter().map(Ok);
                prop_assert_eq!(rows.write(writes, Vec::new(), position, position + 1).unwrap(), None);
            }
            match deed {
                Deed::Settle => {
                    rows.settle().unwrap();
                    settled = position;
                }
                Deed::Reopen => {
                    drop(rows);
                    rows = Rows::open(&path, 0, Journal::WriteAhead).unwrap();
                    settled = position;
                }
                Deed::Crash => {
                    let place = TempDir::new().unwrap();
                    let left = copied(&path, &place);
                    let at = left.checkpoint();
                    prop_assert!(at >= settled && at < past.len() as u64);
                    prop_assert_eq!(&all(&left), &past[at as usize]);
                }
                _ => {}
            }
            prop_assert_eq!(rows.checkpoint(), past.len() as u64 - 1);
            compare(&rows, &model);
        }
        prop_assert_eq!(all(&rows), model);
    }
}

fn put(rows: &Rows, value: u8, from: u64) -> Result<Option<u64>, ReadError> {
    rows.write([Ok(Write::Put(vec![1], vec![value]))].into_iter(), Vec::new(), from, from + 1)
}

#[test]
fn a_batch_that_begins_elsewhere_is_refused_whether_the_file_knows_or_not() {
    let folder = TempDir::new().unwrap();
    let rows = Rows::open(&folder.path().join("rows.db"), 0, Journal::WriteAhead).unwrap();
    assert_eq!(put(&rows, 1, 0).unwrap(), None);
    assert_eq!(put(&rows, 2, 0).unwrap(), Some(1));
    rows.settle().unwrap();
    assert_eq!(put(&rows, 2, 0).unwrap(), Some(1));
    assert_eq!(rows.get(&[1]).unwrap(), Some(vec![1]));
}

#[test]
fn a_file_that_fails_takes_nothing_more_loses_nothing_and_goes_on() {
    let folder = TempDir::new().unwrap();
    let rows = Rows::open(&folder.path().join("rows.db"), 0, Journal::WriteAhead).unwrap();
    let file = &rows.shared.file;
    let read_only = |is: bool| {
        let pragma = if is { "PRAGMA query_only = ON" } else { "PRAGMA query_only = OFF" };
        file.alter(|connection| connection.execute_batch(pragma).map_err(super::super::file::failed("a test")))
            .unwrap();
    };
    put(&rows, 1, 0).unwrap();
    read_only(true);
    assert!(rows.settle().is_err());
    // What was taken is still there; nothing else is taken on top of it.
    assert_eq!((rows.get(&[1]).unwrap(), rows.checkpoint()), (Some(vec![1]), 1));
    assert!(put(&rows, 2, 1).is_err());
    assert_eq!((rows.get(&[1]).unwrap(), rows.checkpoint()), (Some(vec![1]), 1));
    read_only(false);
    assert_eq!(put(&rows, 2, 1).unwrap(), None);
    rows.settle().unwrap();
    assert_eq!((file.get(&[1]).unwrap(), file.checkpoint().unwrap()), (Some(vec![2]), 2));
}

fn lingering(folder: &TempDir, linger: Duration) -> Rows {
    let file = RowFile::open(&folder.path().join("rows.db"), 0, Journal::WriteAhead).unwrap();
    Rows::over(file, linger).unwrap()
}

#[test]
fn what_is_much_goes_to_the_file_by_itself_and_at_once() {
    let folder = TempDir::new().unwrap();
    let rows = lingering(&folder, Duration::MAX);
    let much = Write::Put(vec![1], vec![0; MUCH]);
    rows.write([Ok(much)].into_iter(), Vec::new(), 0, 1).unwrap();
    while rows.shared.file.checkpoint().unwrap() == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn what_is_little_goes_to_the_file_by_itself_once_it_has_lingered() {
    let folder = TempDir::new().unwrap();
    let rows = lingering(&folder, Duration::from_millis(5));
    put(&rows, 1, 0).unwrap();
    while rows.shared.file.checkpoint().unwrap() == 0 {
        std::thread::yield_now();
    }
}
