//! The shapes of what is stored, as JSON Schemas: one for every version of every event ever written, and those of what
//! is around an event.
//!
//! They are checked in and part of the program. Those of today's versions are made from the types themselves, so that
//! neither can change without the other: `DOSSIER_UPDATE=1 cargo nextest run schemas` writes them anew. For a new event or
//! version, first make an empty file and add its line here; the file of an older version never changes again.

/// A checked-in schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Stored name of the event; or `meta`, `stored`, `sealed`: what is around every event.
    pub name: &'static str,
    /// Version of the stored shape.
    pub version: u16,
    /// JSON.
    pub text: &'static str,
}

impl Schema {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.v{}.json", self.name, self.version)
    }
}

macro_rules! checked_in {
    ($( $name:literal $version:literal ),+ $(,)?) => {
        /// All schemas, the events' first.
        pub const SCHEMAS: &[Schema] = &[$( Schema {
            name: $name,
            version: $version,
            text: include_str!(concat!("../../schemas/events/", $name, ".v", $version, ".json")),
        } ),+];
    };
}

checked_in! {
    "contact_created" 1,
    "profile_edited" 1,
    "tag_added" 1,
    "tag_removed" 1,
    "identity_connected" 1,
    "identity_disconnected" 1,
    "message_received" 1,
    "message_suppressed" 1,
    "message_sent" 1,
    "message_status_changed" 1,
    "comment_added" 1,
    "conversation_opened" 1,
    "conversation_closed" 1,
    "conversation_snoozed" 1,
    "contact_assigned" 1,
    "contact_blocked" 1,
    "contact_unblocked" 1,
    "merge_prepared" 1,
    "contact_merged" 1,
    "merge_refused" 1,
    "contact_unmerged" 1,
    "merge_ended" 1,
    "tree_changed" 1,
    "contact_erased" 1,
    "contact_abandoned" 1,
    "identity_claimed" 1,
    "identity_released" 1,
    "workspace_configured" 1,
    "cycle_closed" 1,
    "field_defined" 1,
    "field_changed" 1,
    "field_retired" 1,
    "segment_defined" 1,
    "segment_changed" 1,
    "segment_removed" 1,
    "meta" 1,
    "stored" 1,
    "sealed" 1,
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use dossier_domain::event::EVENT_TYPES;
    use dossier_domain::schemas::{EventSchema, event_schemas, of};
    use serde_json::{Value, json};

    use super::SCHEMAS;
    use crate::sealing::{meta, stored};

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/events")
    }

    /// The schema of an event: of both its parts, as they lie open.
    fn of_event(event: &EventSchema) -> Value {
        let mut properties = json!({"public": event.public});
        let mut sealed = "It has no personal part.".to_owned();
        if let Some(personal) = &event.personal {
            properties["personal"] = json!(personal);
            sealed = "The personal part is sealed where it is stored, and absent once it is erased.".to_owned();
        }
        let words = event.public.get("description").and_then(Value::as_str).unwrap_or_default();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": format!("{}, version {}", event.name, event.version),
            "description": format!("{words} {sealed} Readers ignore members that they do not know."),
            "type": "object",
            "properties": properties,
            "required": ["public"],
            "additionalProperties": false,
        })
    }

    /// The schema of something around an event.
    fn around(title: &str, schema: &schemars::Schema) -> Value {
        let mut schema = json!(schema);
        schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        schema["title"] = json!(title);
        schema
    }

    fn made_from_the_types() -> Vec<(String, Value)> {
        let events = event_schemas();
        let events = events.iter().map(|event| (format!("{}.v{}.json", event.name, event.version), of_event(event)));
        let around = [
            ("meta.v1.json", around("the metadata of a stored event, version 1", &of::<meta::Stored<'_>>())),
            ("stored.v1.json", around("the data of a stored event, version 1", &of::<stored::StoredData<'_>>())),
            ("sealed.v1.json", around("what is sealed in a stored event, version 1", &of::<stored::Inside<'_>>())),
        ];
        events.chain(around.map(|(name, schema)| (name.to_owned(), schema))).collect()
    }

    /// A difference may break what was stored in the old shape: see whether it needs a new version.
    #[test]
    fn the_checked_in_schemas_are_those_of_the_types() {
        for (name, schema) in made_from_the_types() {
            crate::api::promised(&format!("events/{name}"), &format!("{schema:#}"));
        }
    }

    #[test]
    fn every_schema_that_is_checked_in_is_in_the_program() {
        let files = std::fs::read_dir(folder()).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let mut known: Vec<_> = SCHEMAS.iter().map(super::Schema::file_name).collect();
        files.sort();
        known.sort();
        assert_eq!(files, known);
    }

    #[test]
    fn every_version_of_every_event_up_to_today_has_a_schema() {
        for (name, today) in EVENT_TYPES {
            for version in 1..=*today {
                let found = SCHEMAS.iter().any(|schema| schema.name == *name && schema.version == version);
                assert!(found, "{name} version {version} has no schema");
            }
        }
    }
}
