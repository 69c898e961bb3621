//! What a contact of the store shows, in the form in which the oracle tells it: labels for ids, lists in one order.

use chrono::{DateTime, Duration, Utc};
use dossier::app::protocol::repeat;
use dossier_domain::compose::{Absorbed, View, view};
use dossier_domain::field::Field;
use dossier_domain::ids::ContactId;
use dossier_domain::state::{Contact, ConversationStatus};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::names::Names;
use crate::product::{Product, rfc};

/// The composed contact of a live root at `now`.
pub(crate) async fn contact(product: &Product, root: &Arc<Contact>, now: DateTime<Utc>, names: &Names) -> Value {
    let forest = repeat(|| product.house.app().engine().forest_of(root)).await.expect("the tree is read");
    door(&view(&forest, root, None), now, names)
}

/// Without `resolved_from`, `custom`, `revision` and `position`, of which the oracle knows nothing.
fn door(view: &View, now: DateTime<Utc>, names: &Names) -> Value {
    let label = |id: ContactId| names.label(id.0);
    let short_id = view.id.0.simple().to_string()[..8].to_owned();
    let channels = view.identities.iter().map(|shown| {
        json!({"channel": shown.channel, "external_id": shown.external_id, "connected_at": rfc(shown.connected_at),
            "last_in": shown.last_in.map(rfc), "last_out": shown.last_out.map(rfc), "contact_id": label(shown.holder)})
    });
    let last = view.last_interaction.as_ref();
    let active = last.is_some_and(|(at, _)| *at > now - Duration::days(30));
    let conversation = &view.conversation;
    let status = match conversation.status {
        ConversationStatus::None => "none",
        ConversationStatus::Open => "open",
        ConversationStatus::Snoozed => "snoozed",
        ConversationStatus::Closed => "closed",
    };
    let blocked = view.blocked.as_ref();
    let mut shown = json!({
        "id": label(view.id), "state": "live",
        "display_name": Some(view.display_name()).filter(|name| *name != short_id),
        "also_known_as": {"emails": sorted(&view.other_emails), "phones": sorted(&view.other_phones)},
        "tags": sorted(view.shown.tags.values()), "channels": channels.collect::<Vec<_>>(),
        "channels_total": view.identities.len(), "source": view.source, "assignee": view.assignee,
        "conversation": {"status": status, "opened_at": conversation.opened_at.map(rfc),
            "closed_at": conversation.closed_at.map(rfc), "snoozed_until": conversation.snoozed_until.map(rfc)},
        "status": blocked.map_or(status, |_| "blocked"),
        "activity": if blocked.is_some() { "blocked" } else if active { "active" } else { "inactive" },
        "blocked": blocked.is_some(), "blocked_reason": blocked.and_then(|block| block.reason.as_ref()),
        "created_at": rfc(view.created_at), "first_seen": rfc(view.first_seen),
        "last_in": view.last_in.map(rfc), "last_out": view.last_out.map(rfc),
        "last_message": view.last_in.max(view.last_out).map(rfc), "last_interaction": last.map(|(at, _)| rfc(*at)),
        "last_channel": last.map(|(_, channel)| channel),
        "counts": {"messages_in": view.counts.messages_in, "messages_out": view.counts.messages_out,
            "suppressed": view.counts.suppressed, "comments": view.counts.comments},
        "absorbed": absorbed(&view.absorbed, view.id, names),
    });
    for field in Field::STANDARD {
        shown[field.to_string()] = json!(view.text(&field));
    }
    if let Some(country) = &view.derived_country {
        shown["country"] = json!(country);
    }
    shown
}

fn absorbed(all: &[Absorbed], below: ContactId, names: &Names) -> Vec<Value> {
    let edges = all.iter().filter(|edge| edge.primary == below);
    let row = |edge: &Absorbed| {
        json!({"contact_id": names.label(edge.contact.0), "merge_id": names.label(edge.merge.0),
            "merged_at": rfc(edge.merged_at), "absorbed": absorbed(all, edge.contact, names)})
    };
    edges.map(row).collect()
}

fn sorted<'a>(texts: impl IntoIterator<Item = &'a Arc<str>>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.into_iter().map(AsRef::as_ref).collect();
    texts.sort_unstable();
    texts
}
