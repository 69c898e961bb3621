//! The history: every event of a contact's tree, for audits, with what each edit changed in its own stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use dossier_domain::event::{Event, ProfileEdit, TagNamed};
use dossier_domain::personal::Personal;
use dossier_domain::state::{Contact, evolve};
use dossier_domain::values::reference::Reference;
use serde_json::{Value, json};

use super::entries::kind_of;
use super::entry_pages::{Candidate, held_handle, is_wanted, told_by};
use crate::api::bodies::{ConversationBody, EntryKind, EntryPage, ValueBody};
use crate::app::AppError;
use crate::app::query::TimelineQuery;
use crate::house::House;

impl House {
    /// Every event of the contact's tree, newest first; for edits with `before` and `after` of the contact whose stream
    /// it stands in. Of an erased contact, personal members are null.
    ///
    /// # Errors
    /// Not found, ambiguous; [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn history(
        &self,
        workspace: &str,
        reference: &Reference,
        query: &TimelineQuery,
    ) -> Result<EntryPage, AppError> {
        let tree = self.tree_of(workspace, reference).await?;
        let mut candidates = Vec::new();
        for contact in told_by(&tree, query.own) {
            self.recount(&contact, query, &mut candidates).await?;
        }
        let pages = self.entry_pages("history", workspace, reference, query);
        self.entry_page(&pages, query, candidates).await
    }

    /// The events of one stream, folded on the way to see what each changed. Messages and comments change nothing that
    /// is told, so they stay closed.
    async fn recount(
        &self,
        contact: &Arc<Contact>,
        query: &TimelineQuery,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), AppError> {
        let mut state = Contact::absent(contact.id);
        for recorded in self.events_of(contact).await? {
            let mut seen = self.codec.glance(&recorded)?;
            let mut edit = None;
            if kind_of(&seen.event) == EntryKind::Event {
                seen = self.codec.open(&recorded).await?;
                let before = part_of(&state, &seen.event);
                evolve(&mut state, &seen.fact(&recorded));
                edit = before.zip(part_of(&state, &seen.event));
            }
            let handle = held_handle(&state, &seen.event);
            if is_wanted(query, &seen, handle.as_ref()) {
                candidates.push(Candidate::new(recorded, &seen).about(handle).changing(edit));
            }
        }
        Ok(())
    }
}

/// The part of a contact's own state that an edit is about, under the names by which contacts show it; null where it
/// was erased. `None` if the event is no edit.
fn part_of(state: &Contact, event: &Event) -> Option<Value> {
    Some(match event {
        Event::ProfileEdited(event) => fields(state, &event.personal),
        Event::TagAdded(event) => tag(state, &event.personal),
        Event::TagRemoved(event) => tag(state, &event.personal),
        Event::ContactAssigned(event) => match event.personal {
            Personal::Open(_) => json!({"assignee": state.assignee}),
            Personal::Erased => Value::Null,
        },
        Event::ContactBlocked(_) | Event::ContactUnblocked(_) => {
            let reason = state.blocked.as_ref().and_then(|block| block.reason.as_ref());
            json!({"blocked": state.blocked.is_some(), "blocked_reason": reason})
        }
        Event::ConversationOpened(_) | Event::ConversationClosed(_) | Event::ConversationSnoozed(_) => {
            json!({"conversation": ConversationBody::from(&state.conversation)})
        }
        _ => return None,
    })
}

fn fields(state: &Contact, edit: &Personal<ProfileEdit>) -> Value {
    let Some(edit) = edit.open() else { return Value::Null };
    let value = |field| state.own_edit(field).and_then(|edit| edit.value.as_ref()).map(ValueBody::from);
    let fields = edit.changes.iter().map(|change| (change.field.to_string(), value(&change.field)));
    json!(fields.collect::<BTreeMap<_, _>>())
}

fn tag(state: &Contact, named: &Personal<TagNamed>) -> Value {
    let Some(named) = named.open() else { return Value::Null };
    let own = state.tags.get(&named.key).filter(|own| own.present);
    json!({"tag": own.map(|own| &own.name)})
}
