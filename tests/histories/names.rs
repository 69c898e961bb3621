//! What the oracle calls things and what the store calls them: `@<line>` and `m<line>` are filled in with real ids.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

/// Labels of the oracle and ids of the store, both ways.
#[derive(Default)]
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

    /// The label of an id; the id itself where it has none.
    pub(crate) fn label(&self, id: Uuid) -> String {
        self.labels.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }

    /// The command with real ids.
    pub(crate) fn filled_in(&self, command: &Value) -> Value {
        let mut command = command.clone();
        for member in ["contact", "primary", "secondary", "merge_id"] {
            if let Some(text) = command[member].as_str() {
                let known = |label: &str| self.ids.get(label).map_or_else(|| label.to_owned(), Uuid::to_string);
                command[member] = json!(match text.strip_prefix("id:") {
                    Some(label) => format!("id:{}", known(label)),
                    None if member == "merge_id" => known(text),
                    None => text.to_owned(),
                });
            }
        }
        command
    }
}
