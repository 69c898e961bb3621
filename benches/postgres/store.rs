//! Questions as the read store answers them.

use std::time::{Duration, Instant};

use dossier::api::read;
use dossier::app::query::SearchQuery;
use dossier::house::House;
use dossier::ports::read_store::Ask;
use dossier_domain::fields::Definitions;
use dossier_domain::filter::Setting;

use super::ours::{Answer, TIMES, Times, WORKSPACE};
use super::questions::{Question, Shape};
use super::shared::workspace::END;

/// Days that no question asks about.
const ACTIVE_DAYS: u16 = 30;
/// Contacts on a page.
const PAGE: usize = 100;

/// A house whose read store is asked.
pub(crate) struct Asking<'h> {
    house: &'h House,
    fields: Definitions,
}

impl<'h> Asking<'h> {
    pub(crate) async fn of(house: &'h House) -> Self {
        let fields = house.with_vocabulary(WORKSPACE, |words| words.fields.iter().cloned().collect()).await.unwrap();
        Asking { house, fields }
    }

    /// Asks all of them, one after another; the best time of each counts.
    pub(crate) async fn ask(&self, questions: &[Question]) -> (Vec<Answer>, Times) {
        let (mut answers, mut times) = (Vec::new(), Vec::new());
        for question in questions {
            let read = self.house.with_vocabulary(WORKSPACE, |words| read::search(&question.body, words)).await;
            let query = read.unwrap().unwrap();
            let (mut best, mut answer) = (Duration::MAX, None);
            for _ in 0..TIMES {
                let begun = Instant::now();
                answer = Some(self.found(&query, question.shape).await);
                best = best.min(begun.elapsed());
            }
            answers.extend(answer);
            times.push(best);
        }
        (answers, Times::new(times))
    }

    async fn found(&self, query: &SearchQuery, shape: Shape) -> Answer {
        let found = self.house.read().find(Ask {
            workspace: WORKSPACE,
            setting: Setting { fields: &self.fields, active_days: ACTIVE_DAYS },
            filter: &query.filter,
            search: query.search.as_ref(),
            sort: &query.sort,
            now: END.parse().unwrap(),
            after: None,
            limit: if shape == Shape::Count { 0 } else { PAGE },
            count: shape != Shape::Page,
        });
        let found = found.await.unwrap().unwrap();
        Answer { count: found.count, ids: found.contacts.iter().map(|contact| contact.0.to_string()).collect() }
    }
}
