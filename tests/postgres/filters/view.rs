//! A contact of plain members as a composed one, from which the tables are written.

use std::sync::Arc;

use dossier_domain::compose::{Absorbed, Shown, ShownIdentity, ShownValue, View};
use dossier_domain::field::{Field, Origin, Value};
use dossier_domain::filter::Subject;
use dossier_domain::ids::{ContactId, IdentityId, MergeId};
use dossier_domain::state::{Block, Conversation, Counts};
use uuid::Uuid;

use super::stage::HOME;

/// What a contact shows of which filters see this. No contact has a last channel without a last interaction, so where one
/// is given, the other is made up.
pub(super) fn view(subject: &Subject) -> View {
    let Subject { id, last_interaction, last_channel, created_at, .. } = subject.clone();
    let last = last_interaction.is_some() || last_channel.is_some();
    let last = last.then(|| (last_interaction.unwrap_or(created_at), last_channel.unwrap_or_else(|| "web".into())));
    View {
        id,
        workspace: HOME.into(),
        shown: Shown { fields: fields(subject).collect(), tags: subject.tags.clone() },
        derived_country: None,
        other_emails: subject.other_emails.clone(),
        other_phones: subject.other_phones.clone(),
        identities: identities(subject),
        source: subject.source.clone(),
        conversation: Conversation {
            status: subject.conversation_status,
            opened_at: subject.opened_at,
            ..Conversation::default()
        },
        assignee: subject.assignee.clone(),
        blocked: subject.blocked.then_some(Block { reason: None, since: created_at }),
        created_at,
        first_seen: subject.first_seen,
        last_in: subject.last_in,
        last_out: subject.last_out,
        last_interaction: last,
        counts: Counts::default(),
        absorbed: absorbed(subject),
        revision: 0,
        position: 0,
    }
}

fn fields(subject: &Subject) -> impl Iterator<Item = (Field, ShownValue)> {
    let Subject { id, first_name, last_name, email, phone, company, country, language, .. } = subject.clone();
    let standard = [
        (Field::FirstName, first_name),
        (Field::LastName, last_name),
        (Field::Email, email),
        (Field::Phone, phone),
        (Field::Company, company),
        (Field::Country, country),
        (Field::Language, language),
    ];
    let standard = standard.into_iter().filter_map(|(field, text)| Some((field, Value::Text(text?))));
    let singles = subject.custom.iter().map(|(key, value)| (Field::Custom(key.clone()), value.clone().into_value()));
    let list = |options: &std::collections::BTreeSet<Arc<str>>| Value::List(options.iter().cloned().collect());
    let sets = subject.custom_sets.iter().map(|(key, options)| (Field::Custom(key.clone()), list(options)));
    let all: Vec<(Field, Value)> = standard.chain(singles).chain(sets).collect();
    all.into_iter().map(move |(field, value)| (field, ShownValue { value, origin: Origin::Manual, from: id }))
}

/// On each channel two, since a set has each of its values once.
fn identities(subject: &Subject) -> Vec<ShownIdentity> {
    let channels = subject.channels.iter().flat_map(|channel| [channel, channel]);
    let identity = |(number, channel): (u128, &Arc<str>)| ShownIdentity {
        identity: IdentityId(Uuid::from_u128(number)),
        channel: channel.clone(),
        external_id: subject.handles.get(number as usize).cloned(),
        connected_at: subject.created_at,
        last_in: None,
        last_out: None,
        last: None,
        holder: subject.id,
    };
    (0..).zip(channels).map(identity).collect()
}

fn absorbed(subject: &Subject) -> Vec<Absorbed> {
    let other = Absorbed {
        contact: ContactId(Uuid::from_u128(!subject.id.0.as_u128())),
        merge: MergeId(subject.id.0),
        merged_at: subject.created_at,
        primary: subject.id,
    };
    if subject.has_absorbed { vec![other] } else { Vec::new() }
}
