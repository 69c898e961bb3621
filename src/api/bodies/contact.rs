//! The composed contact, as it is shown (rule 22).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::{ActivityLevel, Status};
use dossier_domain::ids::{ContactId, MergeId};
use dossier_domain::state;
use serde::Serialize;
use utoipa::ToSchema;

use super::absorbed::AbsorbedBody;
use super::{AbsorbedTree, ValueBody};

/// A contact, composed over its tree.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContactBody {
    /// The root.
    #[schema(value_type = Uuid)]
    pub id: ContactId,
    /// Where it is in its life.
    pub state: ContactState,
    /// How the reference led here, if it named an absorbed contact.
    pub resolved_from: Option<ResolvedFrom>,
    /// Derived, never stored (rule 5).
    pub display_name: String,
    /// Up to 200 characters.
    #[schema(value_type = Option<String>)]
    pub first_name: Option<Arc<str>>,
    /// Up to 200 characters.
    #[schema(value_type = Option<String>)]
    pub last_name: Option<Arc<str>>,
    /// As typed.
    #[schema(value_type = Option<String>)]
    pub email: Option<Arc<str>>,
    /// E.164.
    #[schema(value_type = Option<String>)]
    pub phone: Option<Arc<str>>,
    /// ISO 3166 alpha-2; derived from the phone where none was set.
    #[schema(value_type = Option<String>)]
    pub country: Option<Arc<str>>,
    /// BCP 47.
    #[schema(value_type = Option<String>)]
    pub language: Option<Arc<str>>,
    /// Up to 200 characters.
    #[schema(value_type = Option<String>)]
    pub company: Option<Arc<str>>,
    /// Where its picture is.
    #[schema(value_type = Option<String>)]
    pub avatar_url: Option<Arc<str>>,
    /// Values of the custom fields in use by key; absent ones are left out.
    #[schema(value_type = BTreeMap<String, ValueBody>)]
    pub custom: BTreeMap<Arc<str>, ValueBody>,
    /// What absorbed contacts bring besides what is shown.
    pub also_known_as: AlsoKnownAs,
    /// Spelled as first used in the workspace.
    #[schema(value_type = Vec<String>)]
    pub tags: Vec<Arc<str>>,
    /// First the identity last interacted with, then by `connected_at`.
    pub channels: Vec<ChannelBody>,
    /// How many identities there are.
    pub channels_total: u64,
    /// Channel of the message recorded first (rule 13).
    #[schema(value_type = Option<String>)]
    pub source: Option<Arc<str>>,
    /// Who takes care of it.
    #[schema(value_type = Option<String>)]
    pub assignee: Option<Arc<str>>,
    /// The root's own conversation.
    pub conversation: ConversationBody,
    /// `blocked` when the flag is set, else the status of the conversation.
    pub status: ContactStatus,
    /// Derived when read (rule 12).
    pub activity: Activity,
    /// Whether it is blocked.
    pub blocked: bool,
    /// Why.
    #[schema(value_type = Option<String>)]
    pub blocked_reason: Option<Arc<str>>,
    /// Since when the root exists.
    pub created_at: DateTime<Utc>,
    /// Earliest interaction of the tree, or `created_at` if that is earlier.
    pub first_seen: DateTime<Utc>,
    /// Last message in.
    pub last_in: Option<DateTime<Utc>>,
    /// Last message out.
    pub last_out: Option<DateTime<Utc>>,
    /// The later of the two.
    pub last_message: Option<DateTime<Utc>>,
    /// Last interaction of any kind.
    pub last_interaction: Option<DateTime<Utc>>,
    /// Its channel.
    #[schema(value_type = Option<String>)]
    pub last_channel: Option<Arc<str>>,
    /// Sums over the tree.
    pub counts: CountsBody,
    /// What is absorbed in it.
    #[schema(value_type = Vec<AbsorbedBody>)]
    pub absorbed: AbsorbedTree,
    /// Of the root's own stream.
    pub revision: u64,
    /// Highest of any event in the streams of the tree; the ETag is made of it.
    pub position: u64,
}

/// Where a contact is in its life (rule 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// It is its own root.
    Live,
    /// It is absorbed in another.
    Absorbed,
    /// It was erased.
    Erased,
}

/// How a reference to an absorbed contact led to its root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResolvedFrom {
    /// As given.
    pub reference: String,
    /// The contact it names.
    #[schema(value_type = Uuid)]
    pub contact_id: ContactId,
    /// The merge that absorbed that one.
    #[schema(value_type = Uuid)]
    pub merge_id: MergeId,
}

/// E-mail addresses and phone numbers that absorbed contacts bring besides those shown; references find them (rule 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AlsoKnownAs {
    /// E-mail addresses.
    #[schema(value_type = Vec<String>)]
    pub emails: Vec<Arc<str>>,
    /// E.164.
    #[schema(value_type = Vec<String>)]
    pub phones: Vec<Arc<str>>,
}

/// A channel identity that a contact shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelBody {
    /// Its channel.
    #[schema(value_type = String)]
    pub channel: Arc<str>,
    /// Its handle; null where it was erased.
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Arc<str>>,
    /// Since when its holder holds it.
    pub connected_at: DateTime<Utc>,
    /// Last message in.
    pub last_in: Option<DateTime<Utc>>,
    /// Last message out.
    pub last_out: Option<DateTime<Utc>>,
    /// The contact of the tree that holds it.
    #[schema(value_type = Uuid)]
    pub contact_id: ContactId,
}

/// Status of a conversation (rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationStatus {
    /// Never had one.
    None,
    /// Open.
    Open,
    /// Sleeps until a time.
    Snoozed,
    /// Over.
    Closed,
}

impl From<state::ConversationStatus> for ConversationStatus {
    fn from(status: state::ConversationStatus) -> Self {
        match status {
            state::ConversationStatus::None => ConversationStatus::None,
            state::ConversationStatus::Open => ConversationStatus::Open,
            state::ConversationStatus::Snoozed => ConversationStatus::Snoozed,
            state::ConversationStatus::Closed => ConversationStatus::Closed,
        }
    }
}

/// The conversation of a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConversationBody {
    /// Where it is.
    pub status: ConversationStatus,
    /// The latest opening; stays after closing.
    pub opened_at: Option<DateTime<Utc>>,
    /// The latest closing; gone while open.
    pub closed_at: Option<DateTime<Utc>>,
    /// While snoozed: until when.
    pub snoozed_until: Option<DateTime<Utc>>,
}

impl From<&state::Conversation> for ConversationBody {
    fn from(conversation: &state::Conversation) -> Self {
        ConversationBody {
            status: conversation.status.into(),
            opened_at: conversation.opened_at,
            closed_at: conversation.closed_at,
            snoozed_until: conversation.snoozed_until,
        }
    }
}

/// Status of a contact: its conversation's, unless it is blocked (rule 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContactStatus {
    /// Never had a conversation.
    None,
    /// Open.
    Open,
    /// Sleeps until a time.
    Snoozed,
    /// Over.
    Closed,
    /// The contact is blocked.
    Blocked,
}

impl From<Status> for ContactStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::None => ContactStatus::None,
            Status::Open => ContactStatus::Open,
            Status::Snoozed => ContactStatus::Snoozed,
            Status::Closed => ContactStatus::Closed,
            Status::Blocked => ContactStatus::Blocked,
        }
    }
}

/// Whether anything happened of late (rule 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// The last interaction lies within the workspace's `active_days`.
    Active,
    /// It does not, or there is none.
    Inactive,
    /// The contact is blocked.
    Blocked,
}

impl From<ActivityLevel> for Activity {
    fn from(level: ActivityLevel) -> Self {
        match level {
            ActivityLevel::Active => Activity::Active,
            ActivityLevel::Inactive => Activity::Inactive,
            ActivityLevel::Blocked => Activity::Blocked,
        }
    }
}

/// How much there is, over the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountsBody {
    /// Messages in.
    pub messages_in: u64,
    /// Messages out.
    pub messages_out: u64,
    /// Inbound interactions that a block kept out of sight.
    pub suppressed: u64,
    /// Comments.
    pub comments: u64,
}

impl From<state::Counts> for CountsBody {
    fn from(counts: state::Counts) -> Self {
        CountsBody {
            messages_in: counts.messages_in,
            messages_out: counts.messages_out,
            suppressed: counts.suppressed,
            comments: counts.comments,
        }
    }
}
