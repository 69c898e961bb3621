//! Requests as the contract says: bodies made of their schemas, with values that mean something by their names.

use serde_json::{Map, Value, json};

use super::super::server::Dice;
use super::{Asked, Operation};

pub(super) struct Samples {
    schemas: Value,
    /// Two contacts that are there.
    pub(super) contacts: [String; 2],
    /// A custom field of texts that is in use.
    pub(super) field: String,
    /// A segment that is there.
    pub(super) segment: String,
}

impl Samples {
    pub(super) fn of(contract: &Value) -> Self {
        Samples {
            schemas: contract["components"]["schemas"].clone(),
            contacts: Default::default(),
            field: "m1".into(),
            segment: "m1".into(),
        }
    }

    /// A whole request: path, now and then parameters and headers, and a body.
    pub(super) fn request(&self, operation: &Operation, dice: &mut Dice) -> Asked {
        let mut path = operation.path.clone();
        for name in operation.has("path") {
            path = path.replace(&format!("{{{name}}}"), &self.part(name, dice));
        }
        let mut headers = Vec::new();
        for name in operation.has("header") {
            let value = header(name, dice).filter(|_| dice.below(4) == 0);
            headers.extend(value.map(|value| (name.to_owned(), value)));
        }
        let body = operation.schema.as_ref().map(|schema| self.value("", schema, dice));
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        Asked { path, headers, body: body.map(|body| body.to_string().into_bytes()) }
    }

    fn part(&self, name: &str, dice: &mut Dice) -> String {
        match name {
            "workspace" => "default".into(),
            "contact" => self.contacts[0].clone(),
            "field" => self.field.clone(),
            "segment" => self.segment.clone(),
            "name" => "mac".into(),
            "cycle" => "2026-01-01".into(),
            "merge_id" => NOBODY.into(),
            other => text(other, dice),
        }
    }

    /// A value of the schema, for the member of this name.
    pub(super) fn value(&self, name: &str, schema: &Value, dice: &mut Dice) -> Value {
        if name == "filter" {
            return filter(dice);
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let referred = reference.rsplit('/').next().unwrap();
            return self.value(name, &self.schemas[referred], dice);
        }
        if let Some(choices) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let said: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
            return self.value(name, dice.of(&said).unwrap(), dice);
        }
        if let Some(values) = schema["enum"].as_array() {
            return dice.of(values).unwrap().clone();
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).filter(|one| *one != "null").collect(),
            _ => vec!["string"],
        };
        match *dice.of(&types).unwrap() {
            "object" => self.object(name, schema, dice),
            "array" => {
                let items = 0..dice.below(3);
                items.map(|_| self.value(name, &schema["items"], dice)).collect()
            }
            "integer" | "number" => json!(1 + dice.below(28)),
            "boolean" => json!(dice.below(2) == 0),
            _ if schema["format"] == "uuid" => json!(NOBODY),
            _ if name == "primary" || name == "contact" => json!(self.contacts[0]),
            _ if name == "secondary" => json!(self.contacts[1]),
            _ => json!(text(name, dice)),
        }
    }

    fn object(&self, name: &str, schema: &Value, dice: &mut Dice) -> Value {
        let mut object = Map::new();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            let needed = required.iter().any(|own| own == name) || ["email", "content"].contains(&name.as_str());
            if needed || dice.below(3) == 0 {
                object.insert(name.clone(), self.value(name, below, dice));
            }
        }
        if name == "custom" {
            object.insert(self.field.clone(), json!(text("", dice)));
        } else if schema["additionalProperties"].is_object() {
            object.insert("first_name".to_owned(), self.value("", &schema["additionalProperties"], dice));
        }
        Value::Object(object)
    }

    /// The properties of a request by its name, as a line has them.
    pub(super) fn named(&self, schema: &str, dice: &mut Dice) -> Value {
        self.value("", &json!({"$ref": format!("#/{schema}")}), dice)
    }
}

pub(super) const NOBODY: &str = "0197f3a2-0000-7000-8000-000000000001";

/// A text that the member of this name takes.
fn text(name: &str, dice: &mut Dice) -> String {
    let number = dice.below(1_000_000);
    match name {
        "channel" => "web".into(),
        "email" => format!("a{number}@example.com"),
        "phone" => format!("+6012{:07}", 3_000_000 + number),
        "country" | "default_region" => "MY".into(),
        "language" => "en".into(),
        "avatar_url" => "https://example.com/a.png".into(),
        "time_zone" => "Asia/Kuala_Lumpur".into(),
        "assignee" => "user:7".into(),
        "at" => "2020-01-01T00:00:00Z".into(),
        "until" => "2999-01-01T00:00:00Z".into(),
        "type" => "text".into(),
        _ => format!("word{number}"),
    }
}

fn header(name: &str, dice: &mut Dice) -> Option<String> {
    Some(match name {
        "Idempotency-Key" => format!("key {}", dice.next()),
        "If-Match" => "*".into(),
        "Dossier-Actor" => "user:7".into(),
        "Dossier-Cause" => "manual".into(),
        "Dossier-Correlation-Id" => NOBODY.into(),
        _ => return None,
    })
}

/// A filter; its schema is a tree, and trees made blindly have no end.
fn filter(dice: &mut Dice) -> Value {
    let condition = json!({"field": "tags", "op": "any_of", "value": ["vip"]});
    let silent = json!({"field": "last_in", "op": "older_than", "value": {"amount": 3, "unit": "day"}});
    let filters =
        [json!({"all": [condition, {"not": silent}]}), json!({"any": [silent, condition]}), json!({"all": []})];
    dice.of(&filters).unwrap().clone()
}
