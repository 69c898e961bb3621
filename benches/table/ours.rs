//! What the house answers, from the bytes of a request's body to the bytes of the answer's, and how long that takes.

use std::time::{Duration, Instant};

use dossier::api::bodies::SearchPage;
use dossier::api::read;
use dossier::house::House;

use super::questions::{Question, Shape};

/// Each question is asked so often, and the best time counts: others on the machine disturb one time, seldom all.
pub(crate) const TIMES: usize = 3;
pub(crate) const WORKSPACE: &str = "default";

/// What was answered, as far as both say it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) count: Option<u64>,
    pub(crate) ids: Vec<String>,
}

/// The times of many questions, in order.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Times(times)
    }

    /// In milliseconds.
    pub(crate) fn percentile(&self, share: usize) -> f64 {
        self.0[(self.0.len() * share / 100).min(self.0.len() - 1)].as_secs_f64() * 1e3
    }
}

/// Asks all of them, one after another.
pub(crate) async fn ask(house: &House, questions: &[Question]) -> (Vec<Answer>, Times) {
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for question in questions {
        let mut best = Duration::MAX;
        let mut last = None;
        for _ in 0..TIMES {
            let begun = Instant::now();
            let page = search(house, &question.body).await;
            drop(std::hint::black_box(serde_json::to_vec(&page).unwrap()));
            best = best.min(begun.elapsed());
            last = Some(page);
        }
        answers.push(answer(question.shape, &last.unwrap()));
        times.push(best);
    }
    (answers, Times::new(times))
}

/// One search as a door has it.
pub(crate) async fn search(house: &House, body: &[u8]) -> SearchPage {
    let query = house.with_vocabulary(WORKSPACE, |vocabulary| read::search(body, vocabulary)).await.unwrap();
    house.search(WORKSPACE, &query.unwrap()).await.unwrap()
}

fn answer(shape: Shape, page: &SearchPage) -> Answer {
    let ids = match shape {
        Shape::Count => Vec::new(),
        Shape::Page | Shape::CountedPage => {
            page.contacts.iter().map(|contact| contact["id"].as_str().unwrap().to_owned()).collect()
        }
    };
    Answer { count: page.count, ids }
}
