//! What the oracle calls things and what the store calls them: `@<n>` and `m<line>` are filled in with real ids.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

/// Labels of the oracle and ids of the store, both ways.
#[derive(Clone, Default)]
pub(crate) struct Names {
    ids: HashMap<String, Uuid>,
    labels: HashMap<Uuid, String>,
}

impl Names {
    pub(crate) fn learn(&mut self, label: &str, id: Uuid) {
        self.ids.insert(label.to_owned(), id);
        self.labels.insert(id, label.to_owned());
    }

    /// The id behind a label.
    pub(crate) fn id(&self, label: &str) -> Uuid {
        *self.ids.get(label).unwrap_or_else(|| panic!("{label} was never made"))
    }

    /// The ids of the contacts that were made.
    pub(crate) fn contacts(&self) -> impl Iterator<Item = Uuid> {
        self.ids.iter().filter(|(label, _)| label.starts_with('@')).map(|(_, id)| *id)
    }

    /// The label of an id; the id itself where it has none.
    pub(crate) fn label(&self, id: Uuid) -> String {
        self.labels.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The command with real ids. A merge to undo that is named by its `pair` is asked for by that.
    pub(crate) fn filled_in(&self, command: &Value) -> Value {
        let mut command = command.clone();
        if let Some(Value::Object(pair)) = command.as_object_mut().and_then(|members| members.remove("pair")) {
            command.as_object_mut().expect("an object").remove("merge_id");
            pair.into_iter().for_each(|(side, reference)| command[side] = reference);
        }
        for member in ["contact", "primary", "secondary", "merge_id"] {
            if let Some(text) = command[member].as_str() {
                command[member] = json!(self.with_id(text));
            }
        }
        command
    }

    fn with_id(&self, reference: &str) -> String {
        let label = reference.strip_prefix("id:");
        match self.ids.get(label.unwrap_or(reference)) {
            Some(id) if label.is_some() => format!("id:{id}"),
            Some(id) => id.to_string(),
            None => reference.to_owned(),
        }
    }
}
