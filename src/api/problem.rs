//! The one place where failures become `application/problem+json` (RFC 9457). No problem holds personal data: words are
//! ours, members are ids, positions and places in the request.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::read::ReadError;
use crate::app::{AppError, FieldError};
use dossier_domain::rejection::Rejection;

/// Writes the closed list of problems: name, status, title, and the members it has of its own.
macro_rules! problems {
    ($( $variant:ident $name:literal $status:literal $title:literal [$($member:literal),*] ),+ $(,)?) => {
        /// What sort of problem: a name that programs know it by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the titles say it")]
        pub enum ProblemKind { $( $variant ),+ }

        impl ProblemKind {
            /// Every one of them.
            pub const ALL: &[ProblemKind] = &[$( ProblemKind::$variant ),+];

            /// The name, as in `/problems/<name>`.
            pub fn name(self) -> &'static str {
                match self { $( ProblemKind::$variant => $name ),+ }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $( ProblemKind::$variant => $status ),+ }
            }

            /// The same words whenever it occurs.
            pub fn title(self) -> &'static str {
                match self { $( ProblemKind::$variant => $title ),+ }
            }

            /// The members that it has besides those of every problem.
            pub fn members(self) -> &'static [&'static str] {
                match self { $( ProblemKind::$variant => &[$($member),*] ),+ }
            }
        }
    };
}

problems! {
    MalformedRequest "malformed_request" 400 "The request can't be read" ["offset"],
    UnknownWorkspace "unknown_workspace" 404 "There is no such workspace" [],
    ContactNotFound "contact_not_found" 404 "There is no such contact" [],
    FieldNotFound "field_not_found" 404 "There is no such custom field" [],
    SegmentNotFound "segment_not_found" 404 "There is no such segment" [],
    MergeNotFound "merge_not_found" 404 "There is no such merge" [],
    MessageNotFound "message_not_found" 404 "There is no such message" [],
    CycleNotFound "cycle_not_found" 404 "There is no such billing cycle" [],
    ProjectionNotFound "projection_not_found" 404 "There is no such projection" [],
    RouteNotFound "route_not_found" 404 "There is nothing at this path" [],
    MethodNotAllowed "method_not_allowed" 405 "This path does not take this method" [],
    AmbiguousReference "ambiguous_reference" 409 "Several contacts answer to the reference" ["candidates"],
    IdentityTaken "identity_taken" 409 "Another contact holds the channel identity" ["contact_id"],
    ContactExists "contact_exists" 409 "The contact exists already" ["contact_id"],
    ContactBlocked "contact_blocked" 409 "The contact is blocked" ["contact_id"],
    MergeBlockedContact "merge_blocked_contact" 409 "A blocked contact is not merged" ["contact_id"],
    MergeRefused "merge_refused" 409 "The primary refused the merge" ["merge_id"],
    SameContact "same_contact" 409 "A contact is not merged with itself" [],
    NotLive "not_live" 409 "The contact is absorbed already" ["contact_id", "merged_into"],
    ContactAbsorbed "contact_absorbed" 409 "The contact is absorbed in another" ["contact_id", "root"],
    NotMerged "not_merged" 409 "The contacts are not merged" ["contact_id"],
    AlreadyUnmerged "already_unmerged" 409 "The merge was undone already" ["merge_id"],
    NotOpen "not_open" 409 "The conversation is not open" ["contact_id"],
    FieldExists "field_exists" 409 "The custom field exists already" ["key", "retired"],
    SegmentExists "segment_exists" 409 "A segment of this name exists already" ["segment_id"],
    SegmentInUse "segment_in_use" 409 "Other segments refer to the segment" ["segments"],
    ContactErased "contact_erased" 410 "The contact was erased" ["contact_id"],
    FeedReset "feed_reset" 410 "The feed does not reach back to the cursor" ["next_cursor"],
    RevisionConflict "revision_conflict" 412 "The contact changed since" ["contact_id", "actual"],
    BodyTooLarge "body_too_large" 413 "The body is too large" ["limit"],
    UnsupportedMediaType "unsupported_media_type" 415 "The media type is not supported" ["supported"],
    Validation "validation" 422 "The request is not valid" ["errors"],
    KeyReused "key_reused" 422 "The idempotency key was used for another command" [],
    ClockBehind "clock_behind" 422 "The time lies before the workspace's clock" [],
    Internal "internal" 500 "Something went wrong on our side" ["instance"],
    Busy "busy" 503 "Too much happens at once" [],
    ProjectionBehind "projection_behind" 503 "The read model is not there yet" ["wanted", "reached"],
    OtherProcess "other_process" 503 "Another process does this" [],
    StoreUnavailable "store_unavailable" 503 "A store is not available" [],
}

/// A problem, as it is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    members: Vec<(&'static str, Value)>,
}

impl Problem {
    /// A problem of this case.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem { kind, detail: detail.into(), members: Vec::new() }
    }

    /// With a member of its own.
    pub fn with(mut self, member: &'static str, value: impl Into<Value>) -> Self {
        debug_assert!(self.kind.members().contains(&member), "{member} is not in the table");
        self.members.push((member, value.into()));
        self
    }

    /// What is wrong with a request, all of it.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let errors: Vec<Value> = errors
            .into_iter()
            .map(|error| json!({"pointer": error.pointer, "code": error.code, "message": error.message}))
            .collect();
        Problem::new(ProblemKind::Validation, "see errors").with("errors", errors)
    }

    /// One thing that is wrong outside of the body: a header or a parameter.
    pub fn invalid_parameter(code: &'static str, message: impl Into<String>) -> Self {
        Problem::invalid(vec![FieldError { pointer: String::new(), code, message: message.into() }])
    }

    /// A bug or damage. What is known of it goes to the log, under the id that the caller is told.
    pub fn internal(what: &str) -> Self {
        let instance = format!("urn:uuid:{}", Uuid::new_v4());
        tracing::error!(%instance, error = what, "internal error");
        Problem::new(ProblemKind::Internal, "the log has it under this instance").with("instance", instance)
    }

    /// What sort of problem.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// Of this case.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// This case in one line: what is wrong where, if that is known.
    pub fn told(&self) -> String {
        let errors = self.members.iter().find(|(name, _)| *name == "errors").map(|(_, errors)| errors);
        let each = errors.and_then(Value::as_array).into_iter().flatten().map(|error| {
            let text = |member: &str| error[member].as_str().unwrap_or_default();
            format!("{} {}", text("pointer"), text("message"))
        });
        let each: Vec<String> = each.collect();
        if each.is_empty() { self.detail.clone() } else { each.join("; ") }
    }

    /// After how many seconds it is worth trying again.
    pub fn retry_after(&self) -> Option<u32> {
        match self.kind {
            ProblemKind::Busy | ProblemKind::ProjectionBehind => Some(1),
            ProblemKind::StoreUnavailable => Some(5),
            _ => None,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4 + self.members.len()))?;
        map.serialize_entry("type", &format_args!("/problems/{}", self.kind.name()))?;
        map.serialize_entry("title", self.kind.title())?;
        map.serialize_entry("status", &self.kind.status())?;
        map.serialize_entry("detail", &self.detail)?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Malformed(malformed) => {
                Problem::new(ProblemKind::MalformedRequest, malformed.to_string()).with("offset", malformed.offset)
            }
            ReadError::Invalid(errors) => Problem::invalid(errors),
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        match error {
            AppError::Rejected(rejection) => rejected(rejection, detail),
            AppError::Invalid(errors) => Problem::invalid(errors),
            AppError::UnknownWorkspace => Problem::new(ProblemKind::UnknownWorkspace, detail),
            AppError::UnknownProjection => Problem::new(ProblemKind::ProjectionNotFound, detail),
            AppError::UnknownCycle => Problem::new(ProblemKind::CycleNotFound, detail),
            AppError::FeedReset { next_cursor } => {
                Problem::new(ProblemKind::FeedReset, detail).with("next_cursor", next_cursor)
            }
            AppError::BadCursor => Problem::invalid_parameter("invalid_cursor", detail),
            AppError::Busy => Problem::new(ProblemKind::Busy, detail),
            AppError::ProjectionBehind { wanted, reached } => {
                Problem::new(ProblemKind::ProjectionBehind, detail).with("wanted", wanted).with("reached", reached)
            }
            AppError::OtherProcess(_) => Problem::new(ProblemKind::OtherProcess, detail),
            AppError::Unavailable(why) => {
                tracing::warn!(error = why, "a store is unavailable");
                Problem::new(ProblemKind::StoreUnavailable, "try again later")
            }
            AppError::Internal(what) => Problem::internal(&what),
        }
    }
}

/// A refusal by the rules, in their own words.
fn rejected(rejection: Rejection, detail: String) -> Problem {
    let of = |kind| Problem::new(kind, detail.clone());
    let about = |kind, contact: dossier_domain::ids::ContactId| of(kind).with("contact_id", contact.to_string());
    match rejection {
        Rejection::ContactNotFound => of(ProblemKind::ContactNotFound),
        Rejection::ContactErased { contact } => about(ProblemKind::ContactErased, contact),
        Rejection::AmbiguousReference { candidates } => {
            let candidates: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            of(ProblemKind::AmbiguousReference).with("candidates", candidates)
        }
        Rejection::IdentityTaken { by } => about(ProblemKind::IdentityTaken, by),
        Rejection::ContactExists { contact } => about(ProblemKind::ContactExists, contact),
        Rejection::ContactBlocked { contact } => about(ProblemKind::ContactBlocked, contact),
        Rejection::NotOpen { contact } => about(ProblemKind::NotOpen, contact),
        Rejection::MergeBlockedContact { contact } => about(ProblemKind::MergeBlockedContact, contact),
        Rejection::MergeRefused { merge } => of(ProblemKind::MergeRefused).with("merge_id", merge.to_string()),
        Rejection::SameContact => of(ProblemKind::SameContact),
        Rejection::NotLive { contact, merged_into } => {
            about(ProblemKind::NotLive, contact).with("merged_into", merged_into.to_string())
        }
        Rejection::ContactAbsorbed { contact, root } => {
            about(ProblemKind::ContactAbsorbed, contact).with("root", root.to_string())
        }
        Rejection::MergeNotFound => of(ProblemKind::MergeNotFound),
        Rejection::NotMerged { secondary } => about(ProblemKind::NotMerged, secondary),
        Rejection::AlreadyUnmerged { merge } => of(ProblemKind::AlreadyUnmerged).with("merge_id", merge.to_string()),
        Rejection::MessageNotFound => of(ProblemKind::MessageNotFound),
        Rejection::NoIdentity => Problem::invalid(vec![FieldError {
            pointer: "/channel".into(),
            code: "no_identity",
            message: "connect an identity of this channel to the contact first, or give its external_id".into(),
        }]),
        Rejection::TooManyTags => Problem::invalid_parameter("too_many_tags", detail),
        Rejection::RevisionConflict { contact, actual } => {
            about(ProblemKind::RevisionConflict, contact).with("actual", actual)
        }
        Rejection::FieldNotFound { .. } => of(ProblemKind::FieldNotFound),
        Rejection::FieldExists { key, retired } => {
            of(ProblemKind::FieldExists).with("key", &*key).with("retired", retired)
        }
        Rejection::TooManyFields => Problem::invalid_parameter("too_many_fields", detail),
        Rejection::FieldConflict { actual } => {
            of(ProblemKind::RevisionConflict).with("contact_id", Value::Null).with("actual", actual)
        }
        Rejection::SegmentNotFound => of(ProblemKind::SegmentNotFound),
        Rejection::SegmentExists { segment } => of(ProblemKind::SegmentExists).with("segment_id", segment.to_string()),
        Rejection::SegmentInUse { by } => {
            let by: Vec<String> = by.iter().map(ToString::to_string).collect();
            of(ProblemKind::SegmentInUse).with("segments", by)
        }
        Rejection::TooManySegments => Problem::invalid_parameter("too_many_segments", detail),
        Rejection::SegmentConflict { actual } => {
            of(ProblemKind::RevisionConflict).with("contact_id", Value::Null).with("actual", actual)
        }
        Rejection::KeyReused => of(ProblemKind::KeyReused),
        Rejection::ClockBehind => of(ProblemKind::ClockBehind),
    }
}

#[cfg(test)]
mod tests {
    use dossier_domain::ids::{ContactId, MergeId, SegmentId};

    use super::*;
    use crate::api::read::json::Malformed;

    /// Set `DOSSIER_UPDATE=1` to write the table anew after a change that is meant.
    #[test]
    fn the_table_of_problems_is_the_one_we_promise() {
        let row = |kind: &ProblemKind| {
            json!({"type": format!("/problems/{}", kind.name()), "status": kind.status(), "title": kind.title(),
                "members": kind.members()})
        };
        let table: Vec<Value> = ProblemKind::ALL.iter().map(row).collect();
        crate::api::promised("problems.json", &serde_json::to_string_pretty(&table).unwrap());
    }

    fn contact() -> ContactId {
        ContactId(Uuid::from_u128(7))
    }

    fn rejections() -> Vec<Rejection> {
        let (contact, merge) = (contact(), MergeId(Uuid::from_u128(8)));
        let segment = SegmentId(Uuid::from_u128(9));
        vec![
            Rejection::ContactNotFound,
            Rejection::ContactErased { contact },
            Rejection::AmbiguousReference { candidates: vec![contact] },
            Rejection::IdentityTaken { by: contact },
            Rejection::ContactExists { contact },
            Rejection::ContactBlocked { contact },
            Rejection::NotOpen { contact },
            Rejection::MergeBlockedContact { contact },
            Rejection::MergeRefused { merge },
            Rejection::SameContact,
            Rejection::NotLive { contact, merged_into: contact },
            Rejection::ContactAbsorbed { contact, root: contact },
            Rejection::MergeNotFound,
            Rejection::NotMerged { secondary: contact },
            Rejection::AlreadyUnmerged { merge },
            Rejection::MessageNotFound,
            Rejection::NoIdentity,
            Rejection::TooManyTags,
            Rejection::RevisionConflict { contact, actual: 3 },
            Rejection::FieldNotFound { retired: true },
            Rejection::FieldExists { key: "tier".into(), retired: false },
            Rejection::TooManyFields,
            Rejection::FieldConflict { actual: 3 },
            Rejection::SegmentNotFound,
            Rejection::SegmentExists { segment },
            Rejection::SegmentInUse { by: vec![segment] },
            Rejection::TooManySegments,
            Rejection::SegmentConflict { actual: 3 },
            Rejection::KeyReused,
            Rejection::ClockBehind,
        ]
    }

    #[test]
    fn every_problem_has_just_the_members_of_the_table() {
        let malformed = ReadError::Malformed(Malformed { offset: 3, reason: "odd".into() });
        let mut problems: Vec<Problem> = rejections().into_iter().map(|one| AppError::from(one).into()).collect();
        let behind = AppError::ProjectionBehind { wanted: 2, reached: 1 };
        problems.extend([malformed.into(), behind.into(), AppError::Internal("x".into()).into()]);
        problems.push(AppError::FeedReset { next_cursor: "c".into() }.into());
        for problem in problems {
            let names: Vec<&str> = problem.members.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, problem.kind.members(), "{:?}", problem.kind);
        }
    }

    #[test]
    fn a_problem_is_written_as_rfc_9457_wants_it() {
        let not_live = Rejection::NotLive { contact: contact(), merged_into: ContactId(Uuid::from_u128(9)) };
        let problem = Problem::from(AppError::from(not_live));
        assert_eq!(
            serde_json::to_value(&problem).unwrap(),
            json!({"type": "/problems/not_live", "title": "The contact is absorbed already", "status": 409,
                "detail": "the contact is absorbed in another", "contact_id": contact().to_string(),
                "merged_into": Uuid::from_u128(9).to_string()})
        );
    }

    #[test]
    fn what_failed_inside_stays_inside() {
        for error in [AppError::Internal("disk /x is odd".into()), AppError::Unavailable("disk /x is full".into())] {
            assert!(!serde_json::to_string(&Problem::from(error)).unwrap().contains("/x"));
        }
    }
}
