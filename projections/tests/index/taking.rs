//! The steps taken by an index and by the reference, whose answers are compared.

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::filter::{Filter, InstantField, Search, Sort, Source};
use dossier_domain::ids::ContactId;
use dossier_projections::index::Ask;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use uuid::Uuid;

use crate::generate::setting;
use crate::model::Model;
use crate::steps::{Question, Step};

/// Takes the steps, and compares all answers with the reference.
pub(crate) fn take(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Put(json) => model.put(setting().person(json)),
            Step::Remove(id) => model.remove(ContactId(Uuid::from_u128(*id))),
            Step::Forget(key) => model.forget(key),
            Step::Ask(question) => question.ask(&model)?,
        }
        prop_assert_eq!(model.index.len(), model.people.len() as u64);
        prop_assert_eq!(model.index_tags(""), model.tags(""));
        prop_assert_eq!(model.index_tags("v"), model.tags("v"));
    }
    Ok(())
}

impl Question {
    fn ask(&self, model: &Model) -> Result<(), TestCaseError> {
        let filter = setting().read(&self.filter, Source::Given).unwrap();
        let search = self.query.as_ref().and_then(|query| Search::read(query, Some("MY")).unwrap());
        let sort = Sort::read(&self.sort, &setting().fields).unwrap();
        let expected = model.found(&filter, search.as_ref(), self.now, &sort);
        let found = model.index_finds(&filter, search.as_ref(), self.now, None);
        prop_assert_eq!(&found, &expected.iter().copied().collect());

        let within = (0..32).filter(|bit| self.within & 1 << bit != 0).collect();
        let some = model.index_finds(&filter, search.as_ref(), self.now, Some(&within));
        let is_within = |id: &&ContactId| within.contains(model.index.ordinal_of(**id).unwrap());
        prop_assert_eq!(some, expected.iter().filter(is_within).copied().collect());

        let ask = Ask { filter: &filter, search: search.as_ref(), now: self.now, segments: &model.members() };
        let (contacts, counts) = model.pages(&ask, &sort, self.limit);
        prop_assert_eq!(counts, [expected.len() as u64].into());
        prop_assert_eq!(contacts, expected);
        if let Some(search) = &search {
            let everyone = model.found(&Filter::everyone(), Some(search), self.now, &sort);
            prop_assert_eq!(model.filled_finds(search, self.now), everyone.into_iter().collect());
        }
        self.ask_for_times(model)
    }

    fn ask_for_times(&self, model: &Model) -> Result<(), TestCaseError> {
        let from = self.now - TimeDelta::hours((self.within % 100).into());
        let lies = |shown: Option<DateTime<Utc>>| shown.is_some_and(|shown| from < shown && shown <= self.now);
        for field in [InstantField::LastMessage, InstantField::OpenedAt, InstantField::Custom("datetime".into())] {
            let found = model.index.instants_between(&field, from, self.now);
            let people = model.people.values().filter(|person| lies(person.subject.instant(&field)));
            let expected = people.map(|person| model.index.ordinal_of(person.subject.id).unwrap()).collect();
            prop_assert_eq!(found, expected);
        }
        let days = [from, self.now].map(|time| time.date_naive());
        let found = model.index.dates_between("date", days[0], days[1]);
        let lies = |day: Option<chrono::NaiveDate>| day.is_some_and(|day| days[0] < day && day <= days[1]);
        let people = model.people.values().filter(|person| lies(person.subject.date("date")));
        prop_assert_eq!(found, people.map(|person| model.index.ordinal_of(person.subject.id).unwrap()).collect());
        Ok(())
    }
}
