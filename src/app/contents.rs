//! Changes of content: resolved to the root, decided there, appended there.

use std::sync::Arc;

use dossier_domain::command::{Change, ProfileValues, StatusReport};
use dossier_domain::compose::{Forest, shown, tree_of};
use dossier_domain::decide::{Decided, Situation, decide};
use dossier_domain::event::Event;
use dossier_domain::field::Field;
use dossier_domain::ids::{ContactId, Mark, Stream};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Contact;

use super::act::Act;
use super::ask::{Answer, Edit, StatusReported};
use super::error::{AppError, FieldError};
use super::protocol::{Ended, Stop, repeat};
use super::{App, passing};

impl App {
    /// Carries out an edit on whatever contact the bearer leads to.
    pub(super) async fn edit(
        &self,
        act: &Act,
        contact: ContactId,
        edit: &Edit,
        if_match: Option<u64>,
    ) -> Result<Answer, Ended> {
        let change = self.change_of(act, edit)?;
        let answer = self.change(act, contact, &change, if_match, None).await?;
        if let Change::SnoozeConversation { until } = change
            && let Some(contact) = answer.contact_id
        {
            self.agenda.snoozed(act.workspace(), until, contact);
        }
        Ok(answer)
    }

    fn change_of(&self, act: &Act, edit: &Edit) -> Result<Change, AppError> {
        Ok(match edit {
            Edit::Profile(values) => Change::EditProfile(values.clone()),
            Edit::AddTag(tag) => {
                Change::AddTag { key: tag.key.clone(), name: self.tags.spelling(act.workspace(), &tag.key, &tag.name) }
            }
            Edit::RemoveTag(tag) => Change::RemoveTag { key: tag.key.clone(), name: tag.name.clone() },
            Edit::Comment(text) => Change::AddComment { text: text.clone() },
            Edit::Open => Change::OpenConversation,
            Edit::Close(note) => Change::CloseConversation(note.clone()),
            Edit::Snooze(until) if *until <= act.now() => {
                return Err(AppError::Invalid(vec![FieldError {
                    pointer: "/until".into(),
                    code: "not_in_the_future",
                    message: "give a time in the future".into(),
                }]));
            }
            Edit::Snooze(until) => Change::SnoozeConversation { until: *until },
            Edit::Assign(assignee) => Change::Assign { assignee: assignee.clone() },
            Edit::Block(reason) => Change::Block { reason: reason.clone() },
            Edit::Unblock(reason) => Change::Unblock { reason: reason.clone() },
        })
    }

    /// Decides a change on the root and appends it. `mark` is put on its last event.
    pub(super) async fn change(
        &self,
        act: &Act,
        contact: ContactId,
        change: &Change,
        if_match: Option<u64>,
        mark: Option<Mark>,
    ) -> Result<Answer, Ended> {
        repeat(|| self.try_change(act, contact, change, if_match, mark)).await
    }

    async fn try_change(
        &self,
        act: &Act,
        contact: ContactId,
        change: &Change,
        if_match: Option<u64>,
        mark: Option<Mark>,
    ) -> Result<Answer, Stop> {
        let root = self.engine.resolve(act, contact).await?.root(contact)?;
        if *root.workspace != **act.workspace() {
            return Err(Rejection::ContactNotFound.into());
        }
        let forest = self.engine.forest_of(&root).await?;
        must_match(&root, &forest, if_match)?;
        let decided = decide(Situation { root: &root, forest: &forest, now: act.now() }, change)?;
        let draft = |Decided { event, cause }| act.draft(cause, event);
        let mut drafts: Vec<_> = decided.into_iter().map(draft).collect();
        let Some(last) = drafts.last_mut() else { return Ok(unchanged(&root, &forest)) };
        last.meta.marks.extend(mark);
        act.put_key(last, 200);
        let after = self.engine.streams.append(&root, drafts).await?;
        Ok(changed(&after, 200))
    }

    /// Gives the one match the values that creating would have given a new contact.
    pub(super) async fn edit_match(
        &self,
        act: &Act,
        contact: ContactId,
        values: &ProfileValues,
        only_empty: bool,
    ) -> Result<Answer, Ended> {
        let mut values = values.clone();
        values.values.retain(|(_, value)| value.is_some());
        if only_empty {
            let shown = repeat(|| async {
                let root = self.engine.resolve(act, contact).await?.root(contact)?;
                let forest = self.engine.forest_of(&root).await?;
                Ok(shown(&forest, &root))
            });
            let shown = shown.await?;
            values.values.retain(|(field, _)| !shown.fields.contains_key(field) && *field != Field::AvatarUrl);
        }
        self.change(act, contact, &Change::EditProfile(values), None, None).await
    }

    /// Records what a channel reports on an outbound message of the contact's tree.
    pub(super) async fn report(
        &self,
        act: &Act,
        contact: ContactId,
        reported: &StatusReported,
        if_match: Option<u64>,
    ) -> Result<Answer, Ended> {
        let root = repeat(|| async { self.engine.resolve(act, contact).await?.root(contact) }).await?;
        let (message, recorded_by) = self.sent_message(act, &root, &reported.message_id).await?;
        let report = StatusReport {
            message,
            message_id: reported.message_id.clone(),
            recorded_by,
            status: reported.status,
            at: passing::time_of(act, reported.at)?,
            error: reported.error.clone(),
        };
        let mark = self.engine.marks.status(message, reported.status);
        if self.store().find(mark).await.map_err(AppError::from)?.is_some() {
            let forest = repeat(|| self.engine.forest_of(&root)).await?;
            return Ok(unchanged(&root, &forest));
        }
        self.change(act, contact, &Change::ReportStatus(report), if_match, Some(mark)).await
    }

    /// The outbound message of this id, by any identity that the tree ever held.
    async fn sent_message(&self, act: &Act, root: &Arc<Contact>, message_id: &str) -> Result<(Mark, ContactId), Ended> {
        let forest = repeat(|| self.engine.forest_of(root)).await?;
        let tree = tree_of(&forest, root);
        for own in tree.iter().flat_map(|contact| &contact.identities) {
            let Some(external_id) = own.external_id.open() else { continue };
            let mark = self.engine.marks.message(act.workspace(), &own.channel, external_id, message_id);
            let Some(recorded) = self.store().find(mark).await.map_err(AppError::from)? else { continue };
            let opened = self.engine.streams.codec().open(&recorded).await?;
            if let (Event::MessageSent(_), Stream::Contact(by)) = (opened.event, recorded.stream) {
                return Ok((mark, by));
            }
        }
        Err(Rejection::MessageNotFound.into())
    }
}

/// The answer to what was appended.
pub(super) fn changed(after: &Contact, status: u16) -> Answer {
    Answer {
        status,
        contact_id: Some(after.id),
        revision: after.revision().unwrap_or_default(),
        position: after.position,
        etag: after.position,
        appended: true,
        ..Answer::default()
    }
}

/// The answer to what changes nothing (rule 10).
pub(super) fn unchanged(root: &Contact, forest: &Forest) -> Answer {
    let position = position_of(root, forest);
    Answer {
        status: 200,
        contact_id: Some(root.id),
        revision: root.revision().unwrap_or_default(),
        position,
        etag: position,
        ..Answer::default()
    }
}

/// Highest position of any event in the streams of the tree.
pub(super) fn position_of(root: &Contact, forest: &Forest) -> u64 {
    tree_of(forest, root).into_iter().map(|contact| contact.position).max().unwrap_or_default()
}

/// `If-Match` speaks of the ETag, which is made of the position of the tree.
pub(super) fn must_match(root: &Contact, forest: &Forest, if_match: Option<u64>) -> Result<(), Stop> {
    let Some(wanted) = if_match else { return Ok(()) };
    let actual = position_of(root, forest);
    match wanted == actual {
        true => Ok(()),
        false => Err(Rejection::RevisionConflict { contact: root.id, actual }.into()),
    }
}
