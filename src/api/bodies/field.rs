//! Custom fields, as they are shown.

use std::sync::Arc;

use dossier_domain::fields::FieldType;
use dossier_domain::workspace::CustomField;
use serde::Serialize;
use utoipa::ToSchema;

/// A custom field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldBody {
    /// By which values and filters name it; never changes.
    #[schema(value_type = String)]
    pub key: Arc<str>,
    /// By which people name it.
    #[schema(value_type = String)]
    pub name: Arc<str>,
    /// Never changes.
    #[serde(rename = "type")]
    #[schema(value_type = crate::api::requests::FieldTypeRequest)]
    pub kind: FieldType,
    /// What a list offers; of other types none.
    #[schema(value_type = Vec<String>)]
    pub options: Vec<Arc<str>>,
    /// Its place among the fields; ties go by key.
    pub order: u32,
    /// Whether it was retired: no contact shows it any more, and its key stays taken.
    pub retired: bool,
}

impl From<&CustomField> for FieldBody {
    fn from(field: &CustomField) -> Self {
        FieldBody {
            key: field.definition.key.clone(),
            name: field.name.clone(),
            kind: field.definition.kind,
            options: field.definition.options.clone(),
            order: field.order,
            retired: field.definition.retired,
        }
    }
}

/// The custom fields of a workspace, by their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldPage {
    /// The page.
    pub fields: Vec<FieldBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
