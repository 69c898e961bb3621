//! What happens to whoever looks contacts up: they come, change and go, fields are retired, and questions are asked.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::values::time::parse_time;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::generate::{NOW, contact, fields, filter, sort};

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
    pub(crate) filter: Json,
    pub(crate) query: Option<String>,
    pub(crate) sort: Json,
    pub(crate) now: DateTime<Utc>,
    pub(crate) limit: usize,
    pub(crate) within: u32,
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
