//! The shapes of stored events as JSON Schemas, made from the types that are stored (feature `schemas`, for tests).

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

pub use crate::event::event_schemas;

/// The shape of one version of an event.
#[derive(Clone, Debug)]
pub struct EventSchema {
    /// Stored name.
    pub name: &'static str,
    /// Version of the stored shape.
    pub version: u16,
    /// Of the part that anyone may read.
    pub public: Schema,
    /// Of the part that is sealed, if there is one.
    pub personal: Option<Schema>,
}

/// The shape in which a type is written, whole in itself, without a title of its own.
pub fn of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.with_transform(plain_words).into_generator().into_root_schema_for::<T>();
    schema.remove("$schema");
    schema.remove("title");
    schema
}

/// Words written for readers of the code become words for readers of the schema: on one line, without links.
fn plain_words(schema: &mut Schema) {
    if let Some(Value::String(words)) = schema.get_mut("description") {
        let words_of_json = words.replace("[`", "`").replace("`]", "`").replace("`None`", "null");
        *words = words_of_json.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    transform_subschemas(&mut plain_words, schema);
}
