//! Custom fields: what each type takes on every way in, who wins a key, and what a merge does with their values.

use dossier::app::AppError;
use dossier::app::ask::{Ask, Edit, ExpectedRevisions, Merge};
use dossier_domain::command::ProfileValues;
use dossier_domain::event::{FieldEdit, FieldNamed};
use dossier_domain::field::{Choice, Origin, Value};
use dossier_domain::fields::FieldType;
use dossier_domain::rejection::Rejection;
use dossier_domain::sabotage::{self, Break};
use dossier_domain::workspace::NewField;

use crate::support::asks::{self, by_id, field};
use crate::world::World;

fn defined(key: &str, kind: FieldType) -> Ask {
    let options = if kind.has_options() { vec!["Gold".into(), "Silver".into()] } else { Vec::new() };
    Ask::DefineField(NewField { key: key.into(), kind, name: key.into(), options, order: None })
}

fn retired(key: &str) -> Ask {
    Ask::RetireField(FieldNamed { key: key.into() })
}

/// Sets a custom field of a contact, by its JSON type.
fn set(world: &World, name: char, key: &str, value: Option<Value>) -> Ask {
    let values = vec![(field(&format!("custom.{key}")), value)];
    Ask::Edit(by_id(world.id(name)), Edit::Profile(ProfileValues { values, origin: Origin::Api }))
}

fn shown(world: &World, name: char, key: &str) -> Option<Value> {
    world.view(name).shown.fields.get(&field(&format!("custom.{key}"))).map(|shown| shown.value.clone())
}

/// The first place and code of a refusal.
#[track_caller]
fn invalid(outcome: Result<dossier::app::ask::Answer, AppError>) -> (String, &'static str) {
    match outcome {
        Err(AppError::Invalid(mut found)) => {
            let first = found.remove(0);
            (first.pointer, first.code)
        }
        other => panic!("it is not refused as invalid: {other:?}"),
    }
}

/// Of each type: a value as it may come, its one form, and one that is refused, with its code.
fn values() -> Vec<(FieldType, Value, Value, Value, &'static str)> {
    let list = |options: &[&str]| Value::List(options.iter().map(|option| (*option).into()).collect());
    let phone = "phone_without_country_code";
    vec![
        (FieldType::Text, "a\r\nb".into(), "a\nb".into(), Value::Number(1.0), "wrong_type"),
        (FieldType::Number, Value::Number(0.5), Value::Number(0.5), "0.5".into(), "wrong_type"),
        (FieldType::Boolean, Value::Boolean(false), Value::Boolean(false), "false".into(), "wrong_type"),
        (FieldType::Date, "2026-03-01".into(), "2026-03-01".into(), "2026-02-30".into(), "invalid_day"),
        (
            FieldType::Datetime,
            "2026-03-01T09:30:00+08:00".into(),
            "2026-03-01T01:30:00Z".into(),
            "now".into(),
            "invalid_time",
        ),
        (FieldType::Time, "09:30".into(), "09:30:00".into(), "25:00".into(), "invalid_time_of_day"),
        (FieldType::List, "GOLD".into(), "Gold".into(), "Bronze".into(), "unknown_option"),
        (FieldType::MultiList, list(&["silver", "gold"]), list(&["Silver", "Gold"]), "Gold".into(), "wrong_type"),
        (FieldType::Email, "Ada@Example.com".into(), "Ada@Example.com".into(), "ada".into(), "invalid_email"),
        (FieldType::Phone, "+60 12-345 6789".into(), "+60123456789".into(), "12".into(), phone),
        (FieldType::Url, "https://example.com".into(), "https://example.com".into(), "ftp://a.b".into(), "invalid_url"),
    ]
}

#[test]
fn every_type_takes_its_values_and_refuses_others_on_every_way_in() {
    let mut world = World::of("AB");
    for (kind, given, kept, wrong, code) in values() {
        let key = &*format!("a_{}", kind.name());
        world.done(defined(key, kind));
        let name = format!("custom.{key}");
        let edited = set(&world, 'A', key, Some(given.clone()));
        world.done(edited);
        assert_eq!(shown(&world, 'A', key), Some(kept.clone()), "{key}");
        let edit = set(&world, 'A', key, Some(wrong.clone()));
        assert_eq!(invalid(world.ask(edit)), (format!("/custom/{key}"), code));
        let mut message = asks::inbound("a", &format!("of {key}"));
        let Ask::Receive(inbound) = &mut message else { unreachable!() };
        inbound.profile.values = vec![(field(&name), Some(wrong.clone()))];
        assert_eq!(invalid(world.ask(message)), (format!("/profile/custom/{key}"), code));
        let choose = |value: &Value| {
            let choices = [(field(&name), Choice::Given(Some(value.clone())))].into();
            let (primary, secondary) = (by_id(world.id('A')), by_id(world.id('B')));
            Ask::Merge(Merge { primary, secondary, choices, expected: ExpectedRevisions::default() })
        };
        let (wrong, good) = (choose(&wrong), choose(&given));
        assert_eq!(invalid(world.ask(wrong)), (format!("/choices/{name}/value"), code));
        let merged = world.done(good).merge.expect("merged").merge_id;
        assert_eq!(shown(&world, 'A', key), Some(kept), "{key}, given in a merge");
        world.unmerge(merged);
        let cleared = set(&world, 'A', key, None);
        world.done(cleared);
        assert_eq!(shown(&world, 'A', key), None);
    }
    world.is_sound();
}

#[test]
fn values_that_nobody_checks_are_noticed() {
    let _armed = sabotage::arm(Break::CustomValuesUnchecked);
    let red = std::panic::catch_unwind(every_type_takes_its_values_and_refuses_others_on_every_way_in);
    assert!(red.is_err(), "the break goes unnoticed");
}

#[test]
fn a_retired_field_takes_null_alone_and_an_unknown_one_nothing() {
    let mut world = World::of("A");
    world.set('A', "custom.tier", "gold");
    world.done(retired("tier"));
    for (key, value) in [("tier", Some("gold".into())), ("teir", Some("gold".into())), ("teir", None)] {
        let edit = set(&world, 'A', key, value);
        assert_eq!(invalid(world.ask(edit)), (format!("/custom/{key}"), "unknown_field"));
    }
    assert_eq!(shown(&world, 'A', "tier"), Some("gold".into()), "it stays in the stream");
    world.clear('A', "custom.tier");
    assert_eq!(shown(&world, 'A', "tier"), None);
}

#[test]
fn a_command_on_a_field_is_known_again_by_its_key_and_a_no_op_uses_none_up() {
    let mut world = World::of("");
    let first = world.done_as("k", defined("colour", FieldType::List));
    assert_eq!((first.status, first.appended), (201, true));
    let again = world.done_as("k", defined("colour", FieldType::List));
    assert_eq!(
        (again.status, again.revision, again.position, again.appended),
        (201, first.revision, first.position, false)
    );
    assert_eq!(
        world.refused(defined("colour", FieldType::List)),
        Rejection::FieldExists { key: "colour".into(), retired: false }
    );
    let same = FieldEdit { key: "colour".into(), name: Some("colour".into()), options: None, order: None };
    assert!(!world.done_as("other", Ask::ChangeField(same)).appended);
    assert!(world.done_as("other", retired("colour")).appended, "a no-op leaves the key");
}

#[test]
fn of_two_processes_one_defines_a_key_and_both_know_it() {
    use futures::executor::block_on;
    let world = World::of("A");
    let other = world.parts.app();
    let here = asks::command(Some("here"), defined("colour", FieldType::Text));
    let there = asks::command(Some("there"), defined("colour", FieldType::Number));
    block_on(other.workspace("default")).unwrap();
    assert!(block_on(world.app.submit(&here)).unwrap().appended);
    let refused = block_on(other.submit(&there));
    assert!(matches!(refused, Err(AppError::Rejected(Rejection::FieldExists { .. }))), "{refused:?}");
    let after = block_on(other.submit(&asks::command(Some("more"), defined("size", FieldType::Number)))).unwrap();
    assert!(after.appended);
    let fields = block_on(other.workspace("default")).unwrap().fields;
    assert_eq!(fields.get("colour").map(|colour| colour.kind), Some(FieldType::Text));
}
