//! Merges, and previews of merges and unmerges (rules 20, 23, 25).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::field::Field;
use dossier_domain::ids::{ContactId, MergeId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ChannelBody, ChoiceBody, ConversationBody, CountsBody, ValueBody};

/// Whether a merge counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// It counts.
    Merged,
    /// It was undone.
    Unmerged,
}

/// A merge that was made, undone or not.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MergeBody {
    /// Which.
    #[schema(value_type = Uuid)]
    pub merge_id: MergeId,
    /// Who absorbs, or did.
    #[schema(value_type = Uuid)]
    pub primary: ContactId,
    /// Who is absorbed, or was.
    #[schema(value_type = Uuid)]
    pub secondary: ContactId,
    /// The present root above the primary.
    #[schema(value_type = Uuid)]
    pub root: ContactId,
    /// Whether it counts.
    pub state: MergeState,
    /// Version of the default policy it was made under.
    pub policy: u16,
    /// Choices by field; null where they were erased.
    #[schema(value_type = Option<BTreeMap<String, ChoiceBody>>)]
    pub choices: Option<BTreeMap<Field, ChoiceBody>>,
    /// When it was made.
    pub merged_at: DateTime<Utc>,
    /// By whom: `<kind>:<id>`; the kind alone where the id was erased.
    pub merged_by: String,
    /// When it was undone.
    pub unmerged_at: Option<DateTime<Utc>>,
    /// By whom.
    pub unmerged_by: Option<String>,
    /// Its place in the primary's stream.
    pub revision: u64,
    /// Its place in the log.
    pub position: u64,
}

/// Why something would be refused: the problem's type and words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemNote {
    /// As in the problem that the command itself would answer: `/problems/<name>`.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// In words.
    pub detail: String,
}

/// Where the value that a field becomes comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueSource {
    /// The primary.
    Primary,
    /// The secondary.
    Secondary,
    /// A value given with the merge.
    Given,
    /// An edit made after the merge.
    EditedSince,
    /// There is no value.
    None,
}

/// What one field becomes by a merge, and why.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldPreview {
    /// Its name.
    #[schema(value_type = String)]
    pub field: Field,
    /// What the primary shows now.
    pub primary: Option<ValueBody>,
    /// What the secondary shows now.
    pub secondary: Option<ValueBody>,
    /// What the primary would show.
    pub result: Option<ValueBody>,
    /// Where that comes from.
    pub from: ValueSource,
}

/// How many contacts count in the open billing cycle, now and then (rule 30).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BillingEffect {
    /// Now.
    pub open_cycle_before: u64,
    /// Then.
    pub open_cycle_after: u64,
}

/// The revisions at which the preview saw the two contacts; to be sent with the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExpectedBody {
    /// Of the primary.
    pub primary: u64,
    /// Of the secondary.
    pub secondary: u64,
}

/// What a merge would do.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MergePreview {
    /// Whether it would be taken.
    pub allowed: bool,
    /// What would refuse it.
    pub problems: Vec<ProblemNote>,
    /// Every field that one of the two shows.
    pub fields: Vec<FieldPreview>,
    /// Tags that the primary would show.
    #[schema(value_type = Vec<String>)]
    pub tags: Vec<Arc<str>>,
    /// Identities that the primary would show; `contact_id` says who holds each.
    pub channels: Vec<ChannelBody>,
    /// Identities that neither would show any more; a merge loses none.
    pub lost_channels: Vec<ChannelBody>,
    /// Counts that the primary would show.
    pub counts: CountsBody,
    /// The conversation that the primary would show: its own.
    pub conversation: ConversationBody,
    /// The effect on the open billing cycle.
    pub billing: BillingEffect,
    /// What was seen.
    pub expected: ExpectedBody,
}

/// What one field becomes by an unmerge, and why.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UnmergeField {
    /// Its name.
    #[schema(value_type = String)]
    pub field: Field,
    /// What the contact's root shows now.
    pub before: Option<ValueBody>,
    /// What the contact would show.
    pub result: Option<ValueBody>,
    /// Where that comes from.
    pub from: ValueSource,
}

/// What one contact becomes by an unmerge.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UnmergeBlock {
    /// Which contact.
    #[schema(value_type = Uuid)]
    pub contact_id: ContactId,
    /// Every field that it shows now, or would.
    pub fields: Vec<UnmergeField>,
    /// Tags that it would show.
    #[schema(value_type = Vec<String>)]
    pub tags: Vec<Arc<str>>,
    /// Identities that it would show.
    pub channels: Vec<ChannelBody>,
    /// Identities that it shows now, and would not.
    pub lost_channels: Vec<ChannelBody>,
    /// Counts that it would show.
    pub counts: CountsBody,
    /// The conversation that it would show.
    pub conversation: ConversationBody,
}

/// What an unmerge does not bring back to the secondary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NotRestored {
    /// Identities it held when it was merged, released since; `contact_id` is the secondary.
    pub channels: Vec<ChannelBody>,
    /// Interactions that came by its identities since the merge, and stay where they were recorded.
    pub interactions: u64,
    /// Whether the root is blocked, which the secondary will not be.
    pub blocked: bool,
}

/// What an unmerge would do.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct UnmergePreview {
    /// Whether it would be taken.
    pub allowed: bool,
    /// What would refuse it.
    pub problems: Vec<ProblemNote>,
    /// Which merge it undoes.
    #[schema(value_type = Uuid)]
    pub merge_id: MergeId,
    /// Who would be free.
    #[schema(value_type = Uuid)]
    pub secondary: ContactId,
    /// Who absorbs it directly.
    #[schema(value_type = Uuid)]
    pub primary: ContactId,
    /// The root above the primary.
    #[schema(value_type = Uuid)]
    pub root: ContactId,
    /// The secondary, then every contact above it, up to the root.
    pub contacts: Vec<UnmergeBlock>,
    /// What does not come back.
    pub not_restored: NotRestored,
    /// The effect on the open billing cycle.
    pub billing: BillingEffect,
    /// What was seen.
    pub expected: ExpectedBody,
}
