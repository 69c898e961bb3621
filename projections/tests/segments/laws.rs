//! Whatever happens, in whatever order.

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::filter::Subject;
use dossier_domain::ids::ContactId;
use dossier_domain::values::time::written;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::generate::{contact, filter as any_filter, setting};
use crate::model::{Model, SEGMENTS, filter};

#[derive(Clone, Debug)]
enum Step {
    /// Contacts, with times so many minutes from now.
    Put(Vec<(u128, Json, [Option<i64>; 4])>),
    Remove(u128),
    Pass(i64, i32),
    Define(usize, Json),
    Undefine,
    Forget(String),
    ActiveDays(u16),
    BeginAnew,
}

const CONTACTS: u128 = 8;

fn minutes() -> impl Strategy<Value = i64> {
    prop_oneof![-6 * 60..6 * 60_i64, -60 * 24 * 5..60 * 24 * 5_i64, -60 * 24 * 70..60 * 24 * 40_i64]
}

fn put() -> impl Strategy<Value = (u128, Json, [Option<i64>; 4])> {
    let times = || prop::option::weighted(0.7, minutes());
    (0..CONTACTS, contact(), [times(), times(), times(), times()])
}

/// A relative condition, mostly about what contacts show here.
fn relative() -> impl Strategy<Value = Json> {
    let field = select(vec!["last_in", "last_interaction", "last_message", "custom.datetime", "custom.date"]);
    let op = select(vec!["within_last", "older_than", "within_next"]);
    let unit = select(vec!["minute", "hour", "day", "week", "month"]);
    let zone = select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]);
    (field, op, unit, zone, 1..4_u32).prop_map(|(field, op, unit, zone, amount)| {
        json!({"field": field, "op": op, "value": {"amount": amount, "unit": unit}, "zone": zone})
    })
}

fn definition() -> impl Strategy<Value = Json> {
    let activity = json!({"field": "activity", "op": "eq", "value": "active"});
    let referring = select(vec!["seg-a", "seg-b", "seg-c"])
        .prop_map(|name| json!({"not": {"field": "segment", "op": "any_of", "value": [name]}}));
    prop_oneof![
        3 => any_filter(),
        3 => relative(),
        1 => Just(activity),
        1 => referring.clone(),
        2 => (relative(), any_filter()).prop_map(|(one, other)| json!({"any": [one, {"not": other}]})),
        3 => (relative(), referring).prop_map(|(one, other)| json!({"all": [one, other]})),
        2 => (relative(), relative()).prop_map(|(one, other)| json!({"all": [one, {"not": other}]})),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let pass = prop_oneof![1..90_i64, 1..60 * 24 * 3_i64, 1..60 * 24 * 45_i64];
    prop_oneof![
        8 => prop::collection::vec(put(), 1..4).prop_map(Step::Put),
        2 => (0..CONTACTS).prop_map(Step::Remove),
        8 => (pass, 1..12).prop_map(|(minutes, steps)| Step::Pass(minutes, steps)),
        4 => (0..SEGMENTS, definition()).prop_map(|(number, filter)| Step::Define(number, filter)),
        1 => Just(Step::Undefine),
        1 => select(vec!["datetime", "date", "number"]).prop_map(|key| Step::Forget(key.to_owned())),
        1 => (0..40_u16).prop_map(Step::ActiveDays),
        1 => Just(Step::BeginAnew),
    ]
}

fn subject(now: DateTime<Utc>, (id, contact, times): &(u128, Json, [Option<i64>; 4])) -> Subject {
    let mut contact = contact.clone();
    contact["id"] = json!(Uuid::from_u128(*id));
    let at = |minutes: i64| now + TimeDelta::minutes(minutes);
    for (field, time) in ["last_in", "last_interaction"].into_iter().zip(times) {
        if let Some(minutes) = time {
            contact[field] = json!(written(at(*minutes)));
        }
    }
    if !contact["custom"].is_object() {
        contact["custom"] = json!({});
    }
    if let Some(minutes) = times[2] {
        contact["custom"]["datetime"] = json!(written(at(minutes)));
    }
    if let Some(minutes) = times[3] {
        contact["custom"]["date"] = json!(at(minutes).date_naive());
    }
    setting().person(&contact).subject
}

fn take(model: &mut Model, step: &Step, forgotten: &mut Vec<String>) {
    match step {
        Step::Put(contacts) => {
            let mut subjects: Vec<Subject> = contacts.iter().map(|contact| subject(model.now, contact)).collect();
            for subject in &mut subjects {
                forgotten.iter().for_each(|key| _ = subject.custom.remove(&**key));
            }
            model.put(subjects);
        }
        Step::Remove(id) => model.remove(ContactId(Uuid::from_u128(*id))),
        Step::Pass(minutes, steps) => model.pass(*minutes, *steps),
        Step::Define(number, json) => {
            // Those before it are there, for it may refer to them.
            model.define(*number, filter(*number, json));
        }
        Step::Undefine => model.undefine(),
        Step::Forget(key) => {
            forgotten.push(key.clone());
            model.forget(key);
        }
        Step::ActiveDays(days) => model.set_active_days(*days),
        Step::BeginAnew => model.begun_anew(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn members_are_who_matches_now_and_the_feed_comes_to_them_however_time_is_cut(
        first in prop::collection::vec(definition(), SEGMENTS),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let (mut model, mut forgotten) = (Model::default(), Vec::new());
        for (number, json) in first.iter().enumerate() {
            model.define(number, filter(number, json));
        }
        for step in &steps {
            take(&mut model, step, &mut forgotten);
            model.check();
        }
    }
}
