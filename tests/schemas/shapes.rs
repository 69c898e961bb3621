//! Schemas, examples and code agree on what an event looks like.

use std::collections::BTreeMap;

use dossier::sealing::schemas::SCHEMAS;
use dossier_domain::event::EVENT_TYPES;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::examples::{Example, all, read_as_today};

/// Validators by name and version.
fn validators() -> BTreeMap<(&'static str, u16), Validator> {
    let build = |text: &str| {
        let schema: Value = serde_json::from_str(text).unwrap();
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{error}"));
        jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
    };
    SCHEMAS.iter().map(|schema| ((schema.name, schema.version), build(schema.text))).collect()
}

/// Both parts of an example, as the schema of its event describes them.
fn parts(example: &Example) -> Value {
    let mut parts = json!({"public": example.content.public});
    if let Some(personal) = &example.content.personal {
        parts["personal"] = personal.clone();
    }
    parts
}

#[track_caller]
fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let errors: Vec<_> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

#[test]
fn every_version_of_every_event_has_an_example() {
    let examples = all();
    for (name, today) in EVENT_TYPES {
        for version in 1..=*today {
            let found = examples.iter().any(|example| example.name == *name && example.version == version);
            assert!(found, "{name} version {version} has no example");
        }
    }
}

#[test]
fn every_example_is_valid() {
    let validators = validators();
    for example in all() {
        let file = &example.file;
        let validator = validators.get(&(example.name.as_str(), example.version));
        let validator = validator.unwrap_or_else(|| panic!("{file} has no schema"));
        assert_valid(validator, &parts(&example), file);
        assert_valid(&validators[&("meta", 1)], &example.content.meta, file);
        let mut inside = json!({});
        if let Some(actor) = &example.content.actor {
            inside["actor"] = json!(actor);
        }
        if let Some(personal) = &example.content.personal {
            inside["data"] = personal.clone();
        }
        assert_valid(&validators[&("sealed", 1)], &inside, file);
    }
}

#[test]
fn every_example_of_today_is_written_as_it_was_read() {
    for example in all() {
        let event = example.event();
        assert_eq!(event.name(), example.name);
        if event.version() != example.version {
            continue;
        }
        let public: Value = serde_json::from_slice(&event.public_json().unwrap()).unwrap();
        assert_eq!(public, example.content.public, "{}", example.file);
        let personal = event.personal_json().unwrap().map(|json| serde_json::from_slice(&json).unwrap());
        assert_eq!(personal, example.content.personal, "{}", example.file);
    }
}

#[test]
fn an_erased_example_is_read_without_its_personal_part() {
    for example in all() {
        let mut forgotten = example.event();
        forgotten.erase();
        assert_eq!(example.erased(), forgotten, "{}", example.file);
        assert_eq!(example.erased().personal_json().unwrap(), None, "{}", example.file);
        assert_eq!(example.erased().public_json().unwrap(), example.event().public_json().unwrap());
    }
}

/// The example with one member, somewhere in it, left out or turned into something else.
fn damaged(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                all.push(Value::Object(without));
                all.extend(damaged(member).into_iter().map(|member| {
                    let mut with = members.clone();
                    with.insert(name.clone(), member);
                    Value::Object(with)
                }));
            }
        }
        Value::Array(members) => {
            for (index, member) in members.iter().enumerate() {
                all.extend(damaged(member).into_iter().map(|member| {
                    let mut with = members.clone();
                    with[index] = member;
                    Value::Array(with)
                }));
            }
        }
        _ => {}
    }
    let others = [Value::Null, json!(true), json!(-7), json!("something else"), json!([]), json!({})];
    all.extend(others.into_iter().filter(|other| other != value));
    all
}

#[test]
fn whatever_a_schema_accepts_is_read() {
    let validators = validators();
    let (mut accepted, mut refused) = (0, 0);
    for example in all() {
        let validator = &validators[&(example.name.as_str(), example.version)];
        for value in damaged(&parts(&example)) {
            if !validator.is_valid(&value) {
                refused += 1;
                continue;
            }
            accepted += 1;
            let public = value["public"].to_string();
            let personal = value.get("personal").map(Value::to_string);
            let personal = personal.as_ref().map(String::as_bytes);
            let read = read_as_today(&example.name, example.version, public.as_bytes(), personal);
            assert!(read.is_ok(), "{}: {:?} of {value}", example.file, read.err());
        }
    }
    assert!(accepted > 100 && refused > 500, "{accepted} accepted, {refused} refused");
}
