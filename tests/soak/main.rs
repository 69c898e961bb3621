//! Commands, merges, unmerges, erasures, changes of segments, searches and snapshots of the index at once; in the end, and
//! after a restart from the last snapshot, every search finds whom the reference evaluator finds over a fresh fold of the
//! log, and every segment holds and tells them. `DOSSIER_SOAK_STEPS=20000` makes it long.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod deeds;
mod fresh;
mod segments;

#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../domain/tests/filters/generate.rs"]
mod generate;
#[allow(dead_code, reason = "the domain's own tests use the rest")]
#[path = "../../domain/tests/filters/support.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dossier::api::bodies::SearchPage;
use dossier::api::read::search;
use dossier::house::{House, Options};
use proptest::prelude::Strategy;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use deeds::Deeds;

/// The workspace that everybody means.
pub(crate) const HOME: &str = "default";
/// Steps of each writer.
const STEPS: usize = 250;
const WRITERS: u64 = 3;
const READERS: usize = 2;
/// Filters that are asked while things change, and compared in the end.
const FILTERS: usize = 120;
/// Searches of a reader between two attempts to write a snapshot of the index.
const SEARCHES_A_SNAPSHOT: usize = 50;
const SORTS: [&str; 6] = ["last_interaction", "first_name", "country", "status", "custom.number", "created_at"];

fn sampled<S: Strategy>(strategy: &S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Searches by any filter, segments included.
fn searches() -> Vec<Value> {
    let filters = sampled(&generate::filter(), FILTERS);
    let search = |(index, filter): (usize, Value)| {
        let order = if index.is_multiple_of(2) { "asc" } else { "desc" };
        let sort = json!([{"by": SORTS[index % SORTS.len()], "order": order}]);
        json!({"filter": filter, "sort": sort, "limit": 7, "columns": [], "count": true})
    };
    filters.into_iter().enumerate().map(search).collect()
}

async fn page(house: &House, body: &Value) -> SearchPage {
    let text = body.to_string();
    let read = house.with_vocabulary(HOME, |vocabulary| search(text.as_bytes(), vocabulary)).await.unwrap();
    house.search(HOME, &read.unwrap_or_else(|error| panic!("{body}: {error:?}"))).await.unwrap()
}

/// All pages of a search: ids in order, and the count that the last one told.
pub(crate) async fn all_pages(house: &House, mut body: Value) -> (Vec<String>, u64) {
    let mut ids = Vec::new();
    loop {
        let page = page(house, &body).await;
        ids.extend(page.contacts.iter().map(|contact| contact["id"].as_str().unwrap().to_owned()));
        match page.next_cursor {
            Some(cursor) => body["cursor"] = cursor.into(),
            None => return (ids, page.count.unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_at_once_the_same_are_found_as_in_a_fresh_fold() {
    let steps = std::env::var("DOSSIER_SOAK_STEPS").ok().and_then(|steps| steps.parse().ok()).unwrap_or(STEPS);
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path(), Options::default()).await.unwrap();
    house.start().await.unwrap();
    let deeds = Arc::new(Deeds::new(house.clone(), sampled(&generate::contact(), 200)));
    deeds.define().await;
    let (searches, writing) = (Arc::new(searches()), Arc::new(AtomicUsize::new(WRITERS as usize)));
    let mut tasks = tokio::task::JoinSet::new();
    for seed in 1..=WRITERS {
        let (deeds, writing) = (deeds.clone(), writing.clone());
        tasks.spawn(async move {
            deeds.do_some(seed, steps).await;
            writing.fetch_sub(1, Ordering::Relaxed);
        });
    }
    for reader in 0..READERS {
        let (house, searches, writing) = (house.clone(), searches.clone(), writing.clone());
        tasks.spawn(async move {
            for (asked, search) in searches.iter().cycle().skip(reader * FILTERS / READERS).enumerate() {
                // Mostly it gives way; and whatever it writes, an erasure may take along.
                if asked.is_multiple_of(SEARCHES_A_SNAPSHOT) {
                    house.keep_index(true).await;
                }
                let page = page(&house, search).await;
                assert!(page.count.unwrap() >= page.contacts.len() as u64);
                if writing.load(Ordering::Relaxed) == 0 {
                    break;
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let head = house.store().head().await.unwrap();
    house.runner().reached(head).await;
    fresh::compare(&house, &searches).await;
    house.stop().await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let again = House::open(copy.path(), Options::default()).await.unwrap();
    again.start().await.unwrap();
    assert!(again.kept_at().is_some_and(|at| at <= head), "it started from the snapshot");
    fresh::compare(&again, &searches).await;
}
