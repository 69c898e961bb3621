//! What stands in the stream of a workspace: its settings, its billing cycles, its custom fields.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
