//! From a composed contact to the body that is answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::compose::{ActivityLevel, ShownIdentity, Status, View};
use dossier_domain::field::{Field, Value};
use dossier_domain::fields::Definitions;

use crate::api::bodies::{
    AbsorbedRow, AbsorbedTree, AlsoKnownAs, ChannelBody, ContactBody, ContactState, ConversationBody, ResolvedFrom,
    ValueBody,
};

/// The body of a live contact as of `now`.
pub(super) fn contact_body(
    view: &View,
    resolved_from: Option<ResolvedFrom>,
    active_days: u16,
    now: DateTime<Utc>,
) -> ContactBody {
    let text = |field: Field| view.text(&field).cloned();
    let conversation = ConversationBody::from(&view.conversation);
    let blocked = view.blocked.is_some();
    let (last_interaction, last_channel) = view.last_interaction.clone().unzip();
    ContactBody {
        id: view.id,
        state: ContactState::Live,
        resolved_from,
        display_name: view.display_name(),
        first_name: text(Field::FirstName),
        last_name: text(Field::LastName),
        email: text(Field::Email),
        phone: text(Field::Phone),
        country: text(Field::Country).or_else(|| view.derived_country.clone()),
        language: text(Field::Language),
        company: text(Field::Company),
        avatar_url: text(Field::AvatarUrl),
        custom: custom(view),
        also_known_as: AlsoKnownAs { emails: view.other_emails.clone(), phones: view.other_phones.clone() },
        tags: tags(view),
        channels: channels(view),
        channels_total: view.identities.len() as u64,
        source: view.source.clone(),
        assignee: view.assignee.clone(),
        status: Status::of(view.conversation.status, blocked).into(),
        conversation,
        activity: ActivityLevel::of(blocked, last_interaction, active_days, now).into(),
        blocked,
        blocked_reason: view.blocked.as_ref().and_then(|block| block.reason.clone()),
        created_at: view.created_at,
        first_seen: view.first_seen,
        last_in: view.last_in,
        last_out: view.last_out,
        last_message: view.last_in.max(view.last_out),
        last_interaction,
        last_channel,
        counts: view.counts.into(),
        absorbed: AbsorbedTree::new(view.id, view.absorbed.iter().map(AbsorbedRow::from).collect()),
        revision: view.revision,
        position: view.position,
    }
}

/// The view without custom fields that are not in use, the values of the others in the form of their types.
pub(super) fn in_use(mut view: View, definitions: &Definitions) -> View {
    view.shown.fields.retain(|field, shown| match field {
        Field::Custom(key) => {
            let value = definitions.shown(key, &shown.value);
            value.map(|value| shown.value = value).is_some()
        }
        _ => true,
    });
    view
}

fn custom(view: &View) -> BTreeMap<Arc<str>, ValueBody> {
    let customs = view.shown.fields.iter().filter_map(|(field, shown)| match field {
        Field::Custom(key) => Some((key.clone(), ValueBody::from(&shown.value))),
        _ => None,
    });
    customs.collect()
}

/// Tags as spelled, by their folded keys.
pub(super) fn tags(view: &View) -> Vec<Arc<str>> {
    view.shown.tags.values().cloned().collect()
}

/// Identities, the one last interacted with first.
pub(super) fn channels(view: &View) -> Vec<ChannelBody> {
    view.identities.iter().map(channel).collect()
}

pub(super) fn channel(shown: &ShownIdentity) -> ChannelBody {
    ChannelBody {
        channel: shown.channel.clone(),
        external_id: shown.external_id.clone(),
        connected_at: shown.connected_at,
        last_in: shown.last_in,
        last_out: shown.last_out,
        contact_id: shown.holder,
    }
}

/// The value that a field shows, a derived country included.
pub(super) fn value_shown(view: &View, field: &Field) -> Option<Value> {
    let set = view.shown.fields.get(field).map(|shown| shown.value.clone());
    match (set, field) {
        (None, Field::Country) => view.derived_country.clone().map(Value::Text),
        (set, _) => set,
    }
}
