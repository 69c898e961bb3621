//! Profile values: edits by hand, and what a channel's profile may fill (rules 7, 10).

use super::{Decided, Situation, because};
use crate::command::ProfileValues;
use crate::compose::ShownFields;
use crate::event::{ProfileEdit, ProfileEdited};
use crate::field::{Field, FieldChange, Origin, Value};
use crate::ids::ContactId;
use crate::meta::Cause;
use crate::personal::Personal;
use crate::sabotage::{Break, armed};
use crate::values;

/// Sets and clears values. One that the contact shows so, and would without its merges, changes nothing, unless it takes
/// an avatar out of the channel's hands (rule 7).
pub(super) fn edit(situation: Situation<'_>, values: &ProfileValues) -> Vec<Decided> {
    let shown = situation.shown();
    let changes = values.values.iter().filter(|(field, value)| {
        let edit = situation.root.own_edit(field);
        let own = edit.and_then(|edit| edit.value.as_ref());
        let shows = shown.fields.get(field).map(|shown| &shown.value);
        let follows = *field == Field::AvatarUrl && edit.is_some_and(|edit| edit.origin == Origin::Channel);
        let differs = own != value.as_ref() && !armed(Break::EditsJudgedByWhatIsShown);
        differs || shows != value.as_ref() || follows && values.origin != Origin::Channel
    });
    let changes =
        changes.map(|(field, value)| FieldChange { field: field.clone(), value: value.clone(), origin: values.origin });
    edited(changes.collect(), None).into_iter().map(Decided::from).collect()
}

/// The values that a new contact begins with.
pub fn initial_values(values: &ProfileValues) -> Option<ProfileEdited> {
    let given = values.values.iter().filter(|(_, value)| value.is_some());
    let changes =
        given.map(|(field, value)| FieldChange { field: field.clone(), value: value.clone(), origin: values.origin });
    edited(changes.collect(), None)
}

/// What a channel's profile fills: fields shown as absent; the avatar follows the channel unless set by hand.
pub(super) fn fill(situation: Situation<'_>, profile: &ProfileValues, holder: ContactId) -> Option<Decided> {
    if profile.values.is_empty() {
        return None;
    }
    let shown = situation.shown();
    let filled = profile.values.iter().filter_map(|(field, value)| {
        let value = value.as_ref()?;
        fills(&shown.fields, field, value).then(|| FieldChange {
            field: field.clone(),
            value: Some(value.clone()),
            origin: Origin::Channel,
        })
    });
    let holder = (holder != situation.root.id).then_some(holder);
    edited(filled.collect(), holder).map(|event| because(Cause::ChannelProfile, event))
}

fn fills(shown: &ShownFields, field: &Field, value: &Value) -> bool {
    match (shown.get(field), field) {
        (Some(avatar), Field::AvatarUrl) => avatar.origin == Origin::Channel && avatar.value != *value,
        (Some(_), _) => false,
        (None, Field::Country) => !shows_derived_country(shown),
        (None, _) => true,
    }
}

/// A country derived from the phone is shown, so a profile does not fill it.
fn shows_derived_country(shown: &ShownFields) -> bool {
    let phone = shown.get(&Field::Phone).and_then(|shown| shown.value.as_text());
    phone.is_some_and(|phone| values::phone::country_of(phone).is_some())
}

fn edited(changes: Vec<FieldChange>, holder: Option<ContactId>) -> Option<ProfileEdited> {
    (!changes.is_empty()).then_some(ProfileEdited { holder, personal: Personal::Open(ProfileEdit { changes }) })
}
