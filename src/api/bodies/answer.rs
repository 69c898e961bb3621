//! Answers of commands, over HTTP and line by line.

use std::sync::Arc;

use dossier_domain::ids::{ContactId, MergeId, SegmentId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::app::ask::{Answer, Ask};

/// How a command was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct AnswerBody {
    /// The contact that took the command; null if it concerned the workspace.
    #[schema(value_type = Option<Uuid>)]
    pub contact_id: Option<ContactId>,
    /// Its revision after it.
    pub revision: u64,
    /// Place in the log of the last event it made; where it made none, of the contact.
    pub position: u64,
    /// Whether a contact was made; of commands that may make one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<bool>,
    /// Whether the message was delivered before; of messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<bool>,
    /// Of messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub message_id: Option<Arc<str>>,
    /// The merge made or undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub merge_id: Option<MergeId>,
    /// Who is absorbed, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub secondary: Option<ContactId>,
    /// Who absorbs, or did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub primary: Option<ContactId>,
    /// The root above the primary.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub root: Option<ContactId>,
    /// The segment defined, changed or removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub segment_id: Option<SegmentId>,
}

/// Which members beyond the common ones an answer has; known before the command is given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerShape {
    may_create: bool,
    is_message: bool,
}

impl AnswerShape {
    /// The shape of the answer to what is asked.
    pub fn of(ask: &Ask) -> Self {
        let is_message = matches!(ask, Ask::Receive(_) | Ask::Send(_));
        AnswerShape { may_create: is_message || matches!(ask, Ask::Create(_)), is_message }
    }
}

impl AnswerBody {
    /// The body for an answer.
    pub fn new(answer: &Answer, shape: AnswerShape) -> Self {
        AnswerBody {
            contact_id: answer.contact_id,
            revision: answer.revision,
            position: answer.position,
            created: shape.may_create.then_some(answer.created),
            duplicate: shape.is_message.then_some(answer.duplicate),
            message_id: answer.message_id.clone(),
            merge_id: answer.merge.map(|merge| merge.merge_id),
            secondary: answer.merge.map(|merge| merge.secondary),
            primary: answer.merge.map(|merge| merge.primary),
            root: answer.merge.map(|merge| merge.root),
            segment_id: answer.segment,
        }
    }
}

/// The answer to one NDJSON line: the members of an answer over HTTP, or a problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LineBody {
    /// Which line, from 1; blank lines count.
    pub line: u64,
    /// As over HTTP.
    pub status: u16,
    /// How the command was answered, if it was taken.
    #[serde(flatten)]
    pub answer: Option<AnswerBody>,
    /// Why it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::api::requests::ProblemBody>)]
    pub problem: Option<Problem>,
}
