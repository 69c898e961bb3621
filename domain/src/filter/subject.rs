//! What filters, sorts and searches see of a contact: composed values, by field.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::evaluate::Membership;
use super::field::{BooleanField, CodeField, InstantField, PhoneField, SetField, TextField};
use crate::compose::{ActivityLevel, Status, View};
use crate::field::Field;
use crate::fields::{Definitions, Typed};
use crate::ids::ContactId;
use crate::state::ConversationStatus;

/// What of a workspace a contact's values depend on.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'w> {
    /// Its custom fields.
    pub fields: &'w Definitions,
    /// For how many days after its last interaction a contact is active.
    pub active_days: u16,
}

/// A contact as filters see it, as of a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The root's.
    pub id: ContactId,
    /// `first_name`
    pub first_name: Option<Arc<str>>,
    /// `last_name`
    pub last_name: Option<Arc<str>>,
    /// `display_name`, never absent
    pub display_name: Arc<str>,
    /// `email`
    pub email: Option<Arc<str>>,
    /// `phone`
    pub phone: Option<Arc<str>>,
    /// `company`
    pub company: Option<Arc<str>>,
    /// `country`, derived where none was set
    pub country: Option<Arc<str>>,
    /// `language`
    pub language: Option<Arc<str>>,
    /// `source`
    pub source: Option<Arc<str>>,
    /// `last_channel`
    pub last_channel: Option<Arc<str>>,
    /// `assignee`
    pub assignee: Option<Arc<str>>,
    /// `conversation_status`
    pub conversation_status: ConversationStatus,
    /// `status`
    pub status: Status,
    /// `activity`, as of the time
    pub activity: ActivityLevel,
    /// `blocked`
    pub blocked: bool,
    /// `has_absorbed`
    pub has_absorbed: bool,
    /// `opened_at`
    pub opened_at: Option<DateTime<Utc>>,
    /// `created_at`
    pub created_at: DateTime<Utc>,
    /// `first_seen`
    pub first_seen: DateTime<Utc>,
    /// `last_in`
    pub last_in: Option<DateTime<Utc>>,
    /// `last_out`
    pub last_out: Option<DateTime<Utc>>,
    /// `last_interaction`
    pub last_interaction: Option<DateTime<Utc>>,
    /// `tags`: spelling by folded key
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// `channels`: names of those that it has an identity on
    pub channels: BTreeSet<Arc<str>>,
    /// Single values of custom fields, by key
    pub custom: BTreeMap<Arc<str>, Typed>,
    /// Sets of custom fields, by key
    pub custom_sets: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Email addresses that absorbed contacts bring besides; searched only
    pub other_emails: Vec<Arc<str>>,
    /// Phone numbers likewise
    pub other_phones: Vec<Arc<str>>,
    /// External ids of its identities; searched only
    pub handles: Vec<Arc<str>>,
}

/// The set that a contact without one shows.
static NOTHING: BTreeSet<Arc<str>> = BTreeSet::new();

impl Subject {
    /// A composed contact as of `now`. A custom field that is not defined or was retired is not seen, nor is a value that
    /// does not fit its type: whoever reads the contact by its fields does not see them either.
    pub fn new(view: &View, setting: Setting<'_>, now: DateTime<Utc>) -> Self {
        let text = |field: Field| view.text(&field).cloned();
        let (last_interaction, last_channel) = view.last_interaction.clone().unzip();
        let blocked = view.blocked.is_some();
        let (custom, custom_sets) = custom(view, setting.fields);
        Subject {
            id: view.id,
            first_name: text(Field::FirstName),
            last_name: text(Field::LastName),
            display_name: view.display_name().into(),
            email: text(Field::Email),
            phone: text(Field::Phone),
            company: text(Field::Company),
            country: text(Field::Country).or_else(|| view.derived_country.clone()),
            language: text(Field::Language),
            source: view.source.clone(),
            last_channel,
            assignee: view.assignee.clone(),
            conversation_status: view.conversation.status,
            status: Status::of(view.conversation.status, blocked),
            activity: ActivityLevel::of(blocked, last_interaction, setting.active_days, now),
            blocked,
            has_absorbed: !view.absorbed.is_empty(),
            opened_at: view.conversation.opened_at,
            created_at: view.created_at,
            first_seen: view.first_seen,
            last_in: view.last_in,
            last_out: view.last_out,
            last_interaction,
            tags: view.shown.tags.clone(),
            channels: view.identities.iter().map(|shown| shown.channel.clone()).collect(),
            custom,
            custom_sets,
            other_emails: view.other_emails.clone(),
            other_phones: view.other_phones.clone(),
            handles: view.identities.iter().filter_map(|shown| shown.external_id.clone()).collect(),
        }
    }

    /// The text of a field.
    pub fn text(&self, field: &TextField) -> Option<&str> {
        match field {
            TextField::FirstName => self.first_name.as_deref(),
            TextField::LastName => self.last_name.as_deref(),
            TextField::DisplayName => Some(&self.display_name),
            TextField::Email => self.email.as_deref(),
            TextField::Company => self.company.as_deref(),
            TextField::Custom(key, _) => self.custom_text(key),
        }
    }

    /// The phone number of a field, E.164.
    pub fn phone(&self, field: &PhoneField) -> Option<&str> {
        match field {
            PhoneField::Phone => self.phone.as_deref(),
            PhoneField::Custom(key) => self.custom_text(key),
        }
    }

    /// The code or id of a field.
    pub fn code(&self, field: &CodeField) -> Option<&str> {
        match field {
            CodeField::Country => self.country.as_deref(),
            CodeField::Language => self.language.as_deref(),
            CodeField::Source => self.source.as_deref(),
            CodeField::LastChannel => self.last_channel.as_deref(),
            CodeField::Assignee => self.assignee.as_deref(),
            CodeField::Custom(key) => match self.custom.get(key)? {
                Typed::Option(option) => Some(option),
                _ => None,
            },
        }
    }

    /// Whether a field is true.
    pub fn boolean(&self, field: &BooleanField) -> Option<bool> {
        match field {
            BooleanField::Blocked => Some(self.blocked),
            BooleanField::HasAbsorbed => Some(self.has_absorbed),
            BooleanField::Custom(key) => match self.custom.get(key)? {
                Typed::Boolean(yes) => Some(*yes),
                _ => None,
            },
        }
    }

    /// The instant of a field.
    pub fn instant(&self, field: &InstantField) -> Option<DateTime<Utc>> {
        match field {
            InstantField::OpenedAt => self.opened_at,
            InstantField::CreatedAt => Some(self.created_at),
            InstantField::FirstSeen => Some(self.first_seen),
            InstantField::LastIn => self.last_in,
            InstantField::LastOut => self.last_out,
            InstantField::LastMessage => self.last_in.max(self.last_out),
            InstantField::LastInteraction => self.last_interaction,
            InstantField::Custom(key) => match self.custom.get(key)? {
                Typed::Instant(instant) => Some(*instant),
                _ => None,
            },
        }
    }

    /// The number of a custom field.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.custom.get(key)? {
            Typed::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The day of a custom field.
    pub fn date(&self, key: &str) -> Option<NaiveDate> {
        match self.custom.get(key)? {
            Typed::Date(day) => Some(*day),
            _ => None,
        }
    }

    /// The time of day of a custom field.
    pub fn time(&self, key: &str) -> Option<NaiveTime> {
        match self.custom.get(key)? {
            Typed::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// The set of a field, which may be empty. What segments a contact is a member of it cannot tell itself.
    pub fn set(&self, field: &SetField) -> &dyn Membership {
        match field {
            SetField::Tags => &self.tags,
            SetField::Channels => &self.channels,
            SetField::Custom(key) => self.custom_sets.get(key).unwrap_or(&NOTHING),
            SetField::Segment => &NOTHING,
        }
    }

    fn custom_text(&self, key: &str) -> Option<&str> {
        match self.custom.get(key)? {
            Typed::Text(text) => Some(text),
            _ => None,
        }
    }
}

type CustomSets = BTreeMap<Arc<str>, BTreeSet<Arc<str>>>;

fn custom(view: &View, definitions: &Definitions) -> (BTreeMap<Arc<str>, Typed>, CustomSets) {
    let (mut singles, mut sets) = (BTreeMap::new(), BTreeMap::new());
    for (field, shown) in &view.shown.fields {
        let Field::Custom(key) = field else { continue };
        let typed = definitions.in_use(key).and_then(|definition| Typed::of(definition.kind, &shown.value));
        match typed {
            None => {}
            Some(Typed::Options(options)) => {
                sets.insert(key.clone(), options.into_iter().collect());
            }
            Some(single) => {
                singles.insert(key.clone(), single);
            }
        }
    }
    (singles, sets)
}
