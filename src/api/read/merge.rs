//! Merges and unmerges (rules 20, 23, 25).

use dossier_domain::field::{Choice, Field, MergeChoices};
use dossier_domain::problem::Place;

use super::json::Json;
use super::members::Members;
use super::{Reader, profile, text};
use crate::app::ask::{Ask, ExpectedRevisions, Merge, Unmerge, UnmergeTarget};

/// More choices than fields can be.
const CHOICES_MAX: usize = 508;

/// `merge_contacts`
pub(super) fn merge(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let primary = members.required(reader, "primary", text::reference);
    let secondary = members.required(reader, "secondary", text::reference);
    let choices = members.optional(reader, "choices", choices).unwrap_or_default();
    let expected = members.optional(reader, "expected", expected).unwrap_or_default();
    Some(Ask::Merge(Merge { primary: primary?, secondary: secondary?, choices, expected }))
}

/// `unmerge_contacts`: by the merge, or by the absorbed contact and any contact above it.
pub(super) fn unmerge(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<Ask> {
    let target = target(reader, members);
    let expected = members.optional(reader, "expected", expected).unwrap_or_default();
    Some(Ask::Unmerge(Unmerge { target: target?, expected }))
}

fn target(reader: &mut Reader<'_>, members: &mut Members<'_>) -> Option<UnmergeTarget> {
    // Where the path names a contact, the merge is the one below it, whatever else the body says.
    if members.has("merge_id") && !members.has("contact") {
        return members.required(reader, "merge_id", text::merge_id).map(UnmergeTarget::Merge);
    }
    if !members.has("secondary") && !members.has("primary") && !members.has("contact") {
        reader.errors.add(&members.place(), "required", "give merge_id, or primary and secondary");
        return None;
    }
    let above = if members.has("contact") { "contact" } else { "primary" };
    let primary = members.required(reader, above, text::reference);
    let secondary = members.required(reader, "secondary", text::reference);
    Some(UnmergeTarget::Secondary { primary: primary?, secondary: secondary? })
}

fn expected(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<ExpectedRevisions> {
    let mut members = Members::of(reader, *place, json)?;
    let mut side = |name| members.optional(reader, name, |reader, place, json| reader.whole(place, &json));
    let expected = ExpectedRevisions { primary: side("primary"), secondary: side("secondary") };
    members.finish(reader);
    Some(expected)
}

fn choices(reader: &mut Reader<'_>, place: &Place<'_>, json: Json<'_>) -> Option<MergeChoices> {
    let rest = Members::of(reader, *place, json)?.rest();
    if rest.len() > CHOICES_MAX {
        reader.errors.add(place, "too_many", format!("give at most {CHOICES_MAX} choices"));
        return None;
    }
    let mut choices = MergeChoices::new();
    for (name, json) in rest {
        let at = place.member(&name);
        let Some(field) = profile::field_named(&name) else {
            reader.errors.add(&at, "unknown_field", "write the name of a profile field, or custom.<key>");
            continue;
        };
        let choice = choice(reader, &at, &field, json);
        if choice.is_some_and(|choice| choices.insert(field, choice).is_some()) {
            reader.errors.add(&at, "duplicate_member", "give this member once");
        }
    }
    Some(choices)
}

/// `"primary"`, `"secondary"` or `{"value": ...}`, null included.
fn choice(reader: &mut Reader<'_>, place: &Place<'_>, field: &Field, json: Json<'_>) -> Option<Choice> {
    if !matches!(json, Json::Object(_)) {
        let sides = [("primary", Choice::Primary), ("secondary", Choice::Secondary)];
        let index = reader.named(place, &json, &[(sides[0].0, 0), (sides[1].0, 1)])?;
        return sides.into_iter().nth(index).map(|(_, choice)| choice);
    }
    let mut members = Members::of(reader, *place, json)?;
    let value = match members.take("value") {
        Some(json) => profile::value_of(reader, &place.member("value"), field, json),
        None => {
            reader.errors.add(&place.member("value"), "required", "give this member, null to show nothing");
            None
        }
    };
    members.finish(reader);
    value.map(Choice::Given)
}
