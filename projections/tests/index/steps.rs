//! What happens to an index: contacts come, change and go, fields are retired, and questions are asked.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::filter::{Filter, InstantField, Search, Sort, Source};
use dossier_domain::ids::ContactId;
use dossier_domain::values::time::parse_time;
use dossier_projections::index::Ask;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseError;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::generate::{NOW, contact, fields, filter, setting, sort};
use crate::model::Model;

/// One of them.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Put(Json),
    Remove(u128),
    Forget(String),
    Ask(Box<Question>),
}

#[derive(Clone, Debug)]
pub(crate) struct Question {
    filter: Json,
    query: Option<String>,
    sort: Json,
    now: DateTime<Utc>,
    limit: usize,
    within: u32,
}

/// So few that they are put again and again.
const CONTACTS: u128 = 16;

fn id() -> impl Strategy<Value = u128> {
    // Few, and the order of their ids is not that of their coming.
    (0..CONTACTS).prop_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15_9e37_79b9_7f4a_7c15))
}

/// A contact with what the filters do not see, but searches do.
fn person() -> impl Strategy<Value = Json> {
    let handles = prop::collection::vec(select(vec!["@ada_l", "60123456789", "+60 12-345 6789", "strasse"]), 0..2);
    let phones = prop::collection::vec(select(vec!["+442079460018", "+60123456789"]), 0..2);
    let emails = prop::collection::vec(select(vec!["old@ada.example", "x@y.example"]), 0..2);
    (contact(), id(), handles, phones, emails).prop_map(|(mut contact, id, handles, phones, emails)| {
        contact["id"] = json!(Uuid::from_u128(id));
        contact["handles"] = json!(handles);
        contact["other_phones"] = json!(phones);
        contact["other_emails"] = json!(emails);
        contact
    })
}

const QUERIES: [&str; 24] = [
    "a",
    "1",
    "da",
    "é",
    "è",
    "ada",
    "ss",
    "straße",
    "STRASSE 5%",
    "example",
    "example.com ada",
    "@",
    "60123",
    "012-345",
    "+44 20",
    "267-1",
    "gold",
    "ronz",
    "2026-03-2",
    "t00:30",
    "10:00",
    "1000000000",
    "\"ada str\"",
    "vip lead",
];

fn query() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        2 => Just(None),
        3 => select(QUERIES.to_vec()).prop_map(|query| Some(query.to_owned())),
        1 => "[a-e0-9@.+ ]{1,4}".prop_map(Some),
    ]
}

fn question() -> impl Strategy<Value = Question> {
    let now = select(vec![0, 1, -1, 86_400_000_000, -86_400_000_000, 30 * 86_400_000_000_i64, 40_000_000_000_000]);
    (filter(), query(), sort(), now, 1..5_usize, any::<u32>()).prop_map(|(filter, query, sort, now, limit, within)| {
        let now = parse_time(NOW).unwrap() + TimeDelta::microseconds(now);
        Question { filter, query, sort, now, limit, within }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let keys: Vec<String> = fields().iter().filter_map(|field| Some(field.key()?.to_string())).collect();
    prop_oneof![
        20 => person().prop_map(Step::Put),
        4 => id().prop_map(Step::Remove),
        1 => select(keys).prop_map(Step::Forget),
        20 => question().prop_map(|question| Step::Ask(Box::new(question))),
    ]
}

pub(crate) fn steps(count: Range<usize>) -> impl Strategy<Value = Vec<Step>> {
    let first = prop::collection::vec(person().prop_map(Step::Put), 4..12);
    (first, prop::collection::vec(step(), count)).prop_map(|(first, then)| first.into_iter().chain(then).collect())
}

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
