//! What stands in the stream of a workspace: its settings, its billing cycles, its custom fields, its
//! segments.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fields::FieldType;
use crate::ids::SegmentId;
use crate::personal::Personal;

/// The settings of a workspace, all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct WorkspaceConfigured {
    /// IANA name.
    pub time_zone: Arc<str>,
    /// 1-31 (rule 28).
    pub billing_anchor_day: u8,
    /// ISO 3166 alpha-2, for phone numbers without a country code.
    pub default_region: Option<Arc<str>>,
    /// Days (rule 12).
    pub active_days: u16,
}

/// Nothing else happened, and a billing cycle passed its end (rule 27).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct CycleClosed {
    /// The local date of its start.
    pub cycle: Arc<str>,
    /// Its end, the first instant of the next.
    pub end: DateTime<Utc>,
}

/// A custom field was defined. Its type never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldDefined {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// What the workspace calls it.
    #[serde(skip)]
    pub personal: Personal<FieldTerms>,
}

/// The words of a custom field: they come from outside, so they are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldTerms {
    /// By which values and filters name it, for ever.
    pub key: Arc<str>,
    /// By which people name it.
    pub name: Arc<str>,
    /// What a list offers; of other types none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Arc<str>>,
    /// Its place among the fields.
    pub order: u32,
}

/// The words of a custom field changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldChanged {
    /// What is new.
    #[serde(skip)]
    pub personal: Personal<FieldEdit>,
}

/// What is new of a custom field; what is absent stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldEdit {
    /// Which field.
    pub key: Arc<str>,
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// All that the list offers from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<Arc<str>>>,
    /// Its new place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
}

/// A custom field was retired: no contact shows it any more, and its key stays taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldRetired {
    /// Which.
    #[serde(skip)]
    pub personal: Personal<FieldNamed>,
}

/// The key of a custom field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct FieldNamed {
    /// Which field.
    pub key: Arc<str>,
}

/// A segment was defined.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct SegmentDefined {
    /// Which, for ever.
    pub segment: SegmentId,
    /// What the workspace calls it, and who is in it.
    #[serde(skip)]
    pub personal: Personal<SegmentTerms>,
}

/// The words of a segment: they come from outside, so they are sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct SegmentTerms {
    /// By which people name it.
    pub name: Arc<str>,
    /// A filter, with its zones written in and other segments by their ids.
    pub filter: serde_json::Value,
}

/// The words of a segment changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct SegmentChanged {
    /// Which.
    pub segment: SegmentId,
    /// What is new.
    #[serde(skip)]
    pub personal: Personal<SegmentEdit>,
}

/// What is new of a segment; what is absent stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct SegmentEdit {
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// Its new filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<serde_json::Value>,
}

/// A segment was removed. Its name is free again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct SegmentRemoved {
    /// Which.
    pub segment: SegmentId,
}
