//! The shapes of requests, for the contract alone: the reader takes bodies apart by hand, strictly. A test holds the
//! two together: the reader knows every member that is documented here.
#![allow(dead_code, reason = "only the schemas are used")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bodies::{ChoiceBody, ValueBody};

/// A contact to make; at least a name, an email, a phone or an identity is needed.
#[derive(ToSchema)]
pub struct CreateContactRequest {
    /// Up to 200 characters.
    first_name: Option<String>,
    /// Up to 200 characters.
    last_name: Option<String>,
    /// Kept as typed, compared folded.
    email: Option<String>,
    /// Kept as E.164; the workspace's default region reads numbers without a country code.
    phone: Option<String>,
    /// ISO 3166 alpha-2.
    country: Option<String>,
    /// BCP 47.
    language: Option<String>,
    /// Up to 200 characters.
    company: Option<String>,
    /// An http or https address.
    avatar_url: Option<String>,
    /// By the key of a custom field in use, each a value of its type; at most 500.
    custom: Option<BTreeMap<String, ValueBody>>,
    /// 1-100 characters each, at most 500.
    tags: Option<Vec<String>>,
    /// At most 100; all or none are claimed.
    channels: Option<Vec<ChannelRequest>>,
    /// Left out: only a taken identity is refused.
    if_exists: Option<IfExistsRequest>,
}

/// What to do if a contact matches by identity, email or phone.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum IfExistsRequest {
    /// Any match is refused.
    Fail,
    /// The one match is edited.
    Update,
    /// The one match gets the values that it does not show.
    FillEmpty,
}

/// A channel identity.
#[derive(ToSchema)]
pub struct ChannelRequest {
    /// `[a-z0-9_-]{1,64}`
    channel: String,
    /// 1-256 characters, compared exactly.
    external_id: String,
}

/// A JSON merge patch (RFC 7396) over the profile: null clears, absent leaves. Custom fields are cleared one by one.
#[derive(ToSchema)]
pub struct UpdateContactRequest {
    /// Up to 200 characters.
    first_name: Option<String>,
    /// Up to 200 characters.
    last_name: Option<String>,
    /// Kept as typed, compared folded.
    email: Option<String>,
    /// Kept as E.164.
    phone: Option<String>,
    /// ISO 3166 alpha-2.
    country: Option<String>,
    /// BCP 47.
    language: Option<String>,
    /// Up to 200 characters.
    company: Option<String>,
    /// An http or https address.
    avatar_url: Option<String>,
    /// By the key of a custom field in use, each a value of its type; at most 500; null clears, of a retired one too.
    custom: Option<BTreeMap<String, ValueBody>>,
}

/// Why a contact is blocked or unblocked.
#[derive(ToSchema)]
pub struct ReasonRequest {
    /// Up to 512 characters.
    reason: Option<String>,
}

/// Who takes care of a contact.
#[derive(ToSchema)]
pub struct AssignRequest {
    /// Up to 200 characters; null for nobody. Must be given.
    #[schema(required)]
    assignee: Option<String>,
}

/// How a conversation ended.
#[derive(ToSchema)]
pub struct CloseRequest {
    /// Up to 128 characters.
    category: Option<String>,
    /// Up to 512 characters.
    summary: Option<String>,
}

/// Until when a conversation sleeps.
#[derive(ToSchema)]
pub struct SnoozeRequest {
    /// A time in the future.
    until: DateTime<Utc>,
}

/// An internal comment.
#[derive(ToSchema)]
pub struct CommentRequest {
    /// 1-4,000 characters.
    text: String,
}

/// What a message says.
#[derive(ToSchema)]
pub struct ContentRequest {
    /// `text`; other types may come.
    #[schema(rename = "type")]
    content_type: ContentType,
    /// Up to 64 KiB.
    text: String,
}

/// The types of content.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ContentType {
    /// Plain text.
    Text,
}

/// The kinds of interaction.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum KindRequest {
    /// A message.
    Message,
    /// A reaction to one.
    Reaction,
    /// A call.
    Call,
}

/// Who sends.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum SenderRequest {
    /// A person of the team.
    User,
    /// A workflow.
    Workflow,
    /// A program.
    Api,
    /// An assistant.
    Ai,
    /// A broadcast: opens nothing, is not billed.
    Broadcast,
}

/// An interaction that goes out.
#[derive(ToSchema)]
pub struct SendMessageRequest {
    /// By which channel.
    channel: String,
    /// To which handle; else the one of that channel last interacted with, else the first connected.
    external_id: Option<String>,
    /// What it says.
    content: Option<ContentRequest>,
    /// `message` if left out.
    kind: Option<KindRequest>,
    /// `api` if left out.
    sender: Option<SenderRequest>,
    /// 1-256 characters; made up if left out.
    message_id: Option<String>,
    /// When; now if left out.
    at: Option<DateTime<Utc>>,
}

/// An interaction that came in.
#[derive(ToSchema)]
pub struct ReceiveMessageRequest {
    /// By which channel.
    channel: String,
    /// From which handle.
    external_id: String,
    /// The channel's id of it, 1-256 characters.
    message_id: String,
    /// What it says.
    content: Option<ContentRequest>,
    /// `message` if left out.
    kind: Option<KindRequest>,
    /// Fills what the contact shows as absent.
    profile: Option<UpdateContactRequest>,
    /// When; now if left out.
    at: Option<DateTime<Utc>>,
}

/// What a channel reports on an outbound message.
#[derive(ToSchema)]
pub struct StatusRequest {
    /// What it reports.
    status: DeliveryStatusRequest,
    /// More words, up to 512 characters.
    error: Option<String>,
    /// When; now if left out.
    at: Option<DateTime<Utc>>,
}

/// How far an outbound message got.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum DeliveryStatusRequest {
    /// Left us.
    Sent,
    /// Arrived.
    Delivered,
    /// Was read.
    Read,
    /// Did not arrive.
    Failed,
}

/// Which contacts are searched for, and what of each is wanted.
#[derive(ToSchema)]
pub struct SearchRequest {
    /// Those that match it; every live contact where it is left out.
    filter: Option<FilterRequest>,
    /// Words that must each lie somewhere in a name, email, phone, handle, tag, company or custom value, up to 8; quotes
    /// hold words together. Digits are looked for in phone numbers.
    #[schema(max_length = 1000)]
    search: Option<String>,
    /// By up to three fields, the first deciding first; by `last_interaction`, the latest first, where it is left out.
    #[schema(max_items = 3)]
    sort: Option<Vec<SortRequest>>,
    /// Members of the contact, and custom fields as `custom.<key>`; `id` and `display_name` are always there. The columns
    /// of the usual table where it is left out.
    columns: Option<Vec<String>>,
    /// How many are on a page.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Whether all of them are counted.
    #[schema(default = false)]
    count: Option<bool>,
    /// What counts as now for relative times; the time of the first page where it is left out.
    now: Option<DateTime<Utc>>,
}

/// One key of a sort.
#[derive(ToSchema)]
pub struct SortRequest {
    /// A field of single values, `custom.<key>` included.
    by: String,
    /// Contacts without a value come last in both.
    order: Option<OrderRequest>,
}

/// Which way a key sorts.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "of requests only the documentation is used")]
pub enum OrderRequest {
    /// From the least; what is meant where it is left out.
    Asc,
    /// From the greatest.
    Desc,
}

/// A tree of conditions: at most 250 of them, at most 8 deep.
#[derive(ToSchema)]
#[schema(no_recursion)]
#[serde(untagged)]
#[allow(dead_code, reason = "of requests only the documentation is used")]
pub enum FilterRequest {
    /// Each of these; of none, every live contact.
    All {
        /// Filters.
        all: Vec<FilterRequest>,
    },
    /// At least one of these.
    Any {
        /// Filters, at least one.
        any: Vec<FilterRequest>,
    },
    /// The exact complement.
    Not {
        /// A filter.
        not: Box<FilterRequest>,
    },
    /// One question about one field.
    Condition {
        /// A field of contacts, `custom.<key>` included.
        field: String,
        /// An operator that fields of its type take: `eq`, `contains`, `any_of`, `older_than`, ...
        op: String,
        /// What the operator needs: one value, a list, two ends, or `{"amount", "unit"}`.
        value: Option<serde_json::Value>,
        /// IANA name of the zone in which days are meant; the workspace's where it is left out.
        zone: Option<String>,
    },
}

/// Two contacts to merge.
#[derive(ToSchema)]
pub struct MergeRequest {
    /// A reference to the one that stays.
    primary: String,
    /// A reference to the one that is absorbed.
    secondary: String,
    /// By field; a field without one follows the policy.
    choices: Option<BTreeMap<String, ChoiceBody>>,
    /// If nothing may have changed since they were seen.
    expected: Option<ExpectedRequest>,
}

/// Revisions at which two contacts were seen.
#[derive(ToSchema)]
pub struct ExpectedRequest {
    /// Of the primary.
    primary: Option<u64>,
    /// Of the secondary.
    secondary: Option<u64>,
}

/// An unmerge of a merge named in the path.
#[derive(ToSchema)]
pub struct UnmergeRequest {
    /// If nothing may have changed since they were seen.
    expected: Option<ExpectedRequest>,
}

/// An unmerge from the contact named in the path.
#[derive(ToSchema)]
pub struct UnmergeSecondaryRequest {
    /// A reference to the one that shall be free.
    secondary: String,
    /// If nothing may have changed since they were seen.
    expected: Option<ExpectedRequest>,
}

/// All settings of a workspace; what is left out is as from the start.
#[derive(ToSchema)]
pub struct WorkspaceRequest {
    /// IANA name; `UTC` if left out.
    time_zone: Option<String>,
    /// 1-31; 1 if left out.
    billing_anchor_day: Option<u8>,
    /// ISO 3166 alpha-2.
    default_region: Option<String>,
    /// 1-3650; 30 if left out.
    active_days: Option<u16>,
}

/// The types of custom fields.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum FieldTypeRequest {
    /// Text of up to 4,000 characters, with lines.
    Text,
    /// A finite IEEE double; whole numbers up to 2^53.
    Number,
    /// True or false.
    Boolean,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// A time as RFC 3339 with an offset.
    Datetime,
    /// A time of day, `HH:MM` or `HH:MM:SS`.
    Time,
    /// One of the options.
    List,
    /// Some of the options.
    MultiList,
    /// An email address.
    Email,
    /// A phone number, kept as E.164.
    Phone,
    /// An http or https address.
    Url,
}

/// A custom field to define. At most 500 are in use.
#[derive(ToSchema)]
pub struct DefineFieldRequest {
    /// `[a-z0-9_]{1,64}`; never changes, and is never free again. On a line it is the member `field`.
    key: String,
    /// Up to 200 characters.
    name: String,
    /// Never changes.
    #[schema(rename = "type")]
    field_type: FieldTypeRequest,
    /// Of `list` and `multi_list` alone, 1-500; upper and lower case are alike.
    options: Option<Vec<String>>,
    /// Its place; after all others if left out.
    order: Option<u32>,
}

/// What is new of a custom field; what is left out stays.
#[derive(ToSchema)]
pub struct ChangeFieldRequest {
    /// Up to 200 characters.
    name: Option<String>,
    /// All that the list offers from now on. One that was offered before keeps its spelling.
    options: Option<Vec<String>>,
    /// Its place.
    order: Option<u32>,
}

/// A segment to define. There are at most 1,000.
#[derive(ToSchema)]
pub struct DefineSegmentRequest {
    /// Up to 200 characters; upper and lower case are alike.
    name: String,
    /// Who is in it; `{"all": []}` is every live contact. It may refer to other segments, by id or by name.
    #[schema(value_type = Object)]
    filter: serde_json::Value,
}

/// What is new of a segment; what is left out stays.
#[derive(ToSchema)]
pub struct ChangeSegmentRequest {
    /// Up to 200 characters; upper and lower case are alike.
    name: Option<String>,
    /// Who is in it from now on.
    #[schema(value_type = Option<Object>)]
    filter: Option<serde_json::Value>,
}

/// One NDJSON line: a command by its name, its envelope, and the members of the same thing over HTTP, with contacts as
/// references.
#[derive(ToSchema)]
pub struct LineRequest {
    /// Such as `receive_message`.
    command: String,
    /// Idempotency key, 1-256 characters; derived from the input if left out.
    key: Option<String>,
    /// When; required on a replay, where it stands for now.
    at: Option<DateTime<Utc>>,
    /// `<kind>:<id>`
    actor: Option<String>,
    /// `manual`, `api`, `import` or `workflow`.
    cause: Option<String>,
    /// What it belongs to.
    correlation_id: Option<Uuid>,
}

/// A problem (RFC 9457); some have members of their own.
#[derive(ToSchema)]
pub struct ProblemBody {
    /// `/problems/<name>`
    #[schema(rename = "type")]
    problem_type: String,
    /// The same words whenever it occurs.
    title: String,
    /// As of the answer.
    status: u16,
    /// In this case.
    detail: String,
    /// All that is wrong with the request, of `/problems/validation`.
    errors: Option<Vec<ErrorBody>>,
}

/// One thing that is wrong with a request.
#[derive(ToSchema)]
pub struct ErrorBody {
    /// JSON pointer into the body; empty for the whole of it, and for what is not in the body.
    pointer: String,
    /// For programs.
    code: String,
    /// For people.
    message: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    use super::*;
    use crate::api::read::{self, CommandName, ReadError, Setting, envelope};

    /// Names of the members of a documented object, and those that are required.
    fn documented<T: PartialSchema>() -> (Vec<String>, Vec<String>) {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let names = schema["properties"].as_object().unwrap().keys().cloned().collect();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        (names, required.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    fn errors(name: CommandName, path: &[&'static str], body: &Value) -> Vec<(String, &'static str)> {
        let setting = Setting {
            workspace: "default".into(),
            region: None,
            actor: envelope::anonymous(),
            cause: dossier_domain::meta::Cause::Api,
            correlation_id: None,
        };
        let id = "0197f3a2-0000-7000-8000-000000000001";
        let path: Vec<_> = path.iter().map(|name| ((*name).into(), id.to_owned())).collect();
        match read::ask(name, &path, body.to_string().as_bytes(), &setting) {
            Err(ReadError::Invalid(found)) => found.into_iter().map(|error| (error.pointer, error.code)).collect(),
            _ => Vec::new(),
        }
    }

    #[track_caller]
    fn check<T: PartialSchema>(name: CommandName, path: &[&'static str]) {
        let (members, required) = documented::<T>();
        // A list is the wrong type everywhere but where one belongs, so each member that is known is complained of or taken.
        let all: Value = members.iter().map(|name| (name.clone(), json!([]))).collect::<serde_json::Map<_, _>>().into();
        let unknown = errors(name, path, &all).into_iter().filter(|(_, code)| *code == "unknown_member");
        assert_eq!(unknown.collect::<Vec<_>>(), [], "documented, but not read");
        let missing: Vec<String> = errors(name, path, &json!({}))
            .into_iter()
            .filter(|(_, code)| *code == "required")
            .map(|(pointer, _)| pointer.trim_start_matches('/').to_owned())
            .collect();
        let mut sorted = (missing, required);
        sorted.0.sort();
        sorted.1.sort();
        assert_eq!(sorted.0, sorted.1, "required by the reader, and documented as required");
    }

    #[test]
    fn the_reader_knows_what_is_documented_and_wants_what_is_documented_as_required() {
        check::<CreateContactRequest>(CommandName::CreateContact, &[]);
        check::<UpdateContactRequest>(CommandName::UpdateContact, &["contact"]);
        check::<ReasonRequest>(CommandName::BlockContact, &["contact"]);
        check::<ReasonRequest>(CommandName::UnblockContact, &["contact"]);
        check::<AssignRequest>(CommandName::Assign, &["contact"]);
        check::<CloseRequest>(CommandName::CloseConversation, &["contact"]);
        check::<SnoozeRequest>(CommandName::SnoozeConversation, &["contact"]);
        check::<CommentRequest>(CommandName::AddComment, &["contact"]);
        check::<SendMessageRequest>(CommandName::SendMessage, &["contact"]);
        check::<ReceiveMessageRequest>(CommandName::ReceiveMessage, &[]);
        check::<StatusRequest>(CommandName::UpdateMessageStatus, &["contact", "message_id"]);
        check::<MergeRequest>(CommandName::MergeContacts, &[]);
        check::<UnmergeRequest>(CommandName::UnmergeContacts, &["merge_id"]);
        check::<UnmergeSecondaryRequest>(CommandName::UnmergeContacts, &["contact"]);
        check::<DefineFieldRequest>(CommandName::DefineField, &[]);
        check::<ChangeFieldRequest>(CommandName::ChangeField, &["field"]);
        check::<DefineSegmentRequest>(CommandName::DefineSegment, &[]);
        check::<ChangeSegmentRequest>(CommandName::ChangeSegment, &["segment"]);
        check::<WorkspaceRequest>(CommandName::ConfigureWorkspace, &[]);
    }
}
