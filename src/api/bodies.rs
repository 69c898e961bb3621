//! Every answer of the contract, member by member, in the order in which it is written. Absent values are null.

use serde::Serialize;
use utoipa::ToSchema;

mod absorbed;
mod answer;
mod billing;
mod contact;
mod entry;
mod field;
mod merge;
mod search;
mod segment;
mod system;
mod value;

pub use absorbed::{AbsorbedRow, AbsorbedTree};
pub use answer::{AnswerBody, AnswerShape, LineBody};
pub use billing::{CycleBody, CycleState, InteractionBody, MemberBody, MemberPage};
pub use contact::{
    Activity, AlsoKnownAs, ChannelBody, ContactBody, ContactState, ContactStatus, ConversationBody, ConversationStatus,
    CountsBody, ResolvedFrom,
};
pub use entry::{EntryBody, EntryKind, EntryPage, EventPage};
pub use field::{FieldBody, FieldPage};
pub use merge::{
    BillingEffect, ExpectedBody, FieldPreview, MergeBody, MergePreview, MergeState, NotRestored, ProblemNote,
    UnmergeBlock, UnmergeField, UnmergePreview, ValueSource,
};
pub use search::SearchPage;
pub use segment::{CrossingBody, SegmentBody, SegmentChangeBody, SegmentChangePage, SegmentPage};
pub use system::{Health, ProjectionBody, ProjectionState, Readiness, RebuildBody};
pub use value::{ChoiceBody, SideBody, ValueBody};

/// The settings of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkspaceBody {
    /// IANA name.
    pub time_zone: String,
    /// 1-31; clamped to the last day of shorter months (rule 28).
    pub billing_anchor_day: u8,
    /// ISO 3166 alpha-2, for phone numbers without a country code.
    pub default_region: Option<String>,
    /// Days after the last interaction for which a contact counts as active (rule 12).
    pub active_days: u16,
}

/// A tag and how many live contacts show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TagBody {
    /// As first used in the workspace.
    pub tag: String,
    /// Live contacts that show it.
    pub count: u64,
}

/// Suggested tags, most used first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TagPage {
    /// The page.
    pub tags: Vec<TagBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// The merges of a contact, undone ones included.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MergePage {
    /// The page.
    pub merges: Vec<MergeBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// The billing cycles of a workspace, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CyclePage {
    /// The page.
    pub cycles: Vec<CycleBody>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// What every projection is at.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ProjectionPage {
    /// All of them.
    pub projections: Vec<ProjectionBody>,
    /// Always null: there are few.
    pub next_cursor: Option<String>,
}
