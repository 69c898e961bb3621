//! Changes of content: resolved to the root, decided there, appended there.

use std::collections::BTreeSet;
use std::sync::Arc;

use dossier_domain::command::{Change, ProfileValues, StatusReport};
use dossier_domain::compose::{Forest, position, shown, tree_of};
use dossier_domain::decide::{Decided, Situation, decide};
use dossier_domain::event::{Event, TagNamed};
use dossier_domain::field::Field;
use dossier_domain::ids::{ContactId, IdentityId, Mark, Stream};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Contact;

use super::act::Act;
use super::ask::{Answer, Edit, StatusReported};
use super::error::{AppError, FieldError};
use super::protocol::resolve::Addressed;
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
        let change = self.change_of(act, edit).await?;
        let answer = self.change(act, &Addressed { contact, if_match }, &change, None).await?;
        if let Change::SnoozeConversation { until } = change
            && let Some(contact) = answer.contact_id
        {
            self.agenda.snoozed(act.workspace(), until, contact);
        }
        Ok(answer)
    }

    async fn change_of(&self, act: &Act, edit: &Edit) -> Result<Change, AppError> {
        Ok(match edit {
            Edit::Profile(values) => Change::EditProfile(values.clone()),
            Edit::AddTag(tag) => {
                let TagNamed { key, name } = self.named_tag(act.workspace(), tag).await?;
                Change::AddTag { key, name }
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
        addressed: &Addressed,
        change: &Change,
        mark: Option<Mark>,
    ) -> Result<Answer, Ended> {
        repeat(|| self.try_change(act, addressed, change, mark)).await
    }

    async fn try_change(
        &self,
        act: &Act,
        addressed: &Addressed,
        change: &Change,
        mark: Option<Mark>,
    ) -> Result<Answer, Stop> {
        let root = self.engine.root_of(act, addressed).await?;
        let forest = self.engine.forest_of(&root).await?;
        let decided = decide(Situation { root: &root, forest: &forest, now: act.now() }, change)?;
        let draft = |Decided { event, cause }| act.draft(cause, event);
        let mut drafts: Vec<_> = decided.into_iter().map(draft).collect();
        let Some(last) = drafts.last_mut() else {
            // Nothing is appended that would tell: the root must still be what it was when its tree was read.
            let now = self.engine.streams.contact(root.id).await?;
            return if now.revision() == root.revision() { Ok(unchanged(&root, &forest)) } else { Err(Stop::Again) };
        };
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
        self.change(act, &Addressed { contact, if_match: None }, &Change::EditProfile(values), None).await
    }

    /// Records what a channel reports on an outbound message that the contact's tree knows of. It goes to the contact
    /// that recorded the message, which an unmerge may have taken out of that tree.
    pub(super) async fn report(
        &self,
        act: &Act,
        contact: ContactId,
        reported: &StatusReported,
        if_match: Option<u64>,
    ) -> Result<Answer, Ended> {
        let root = repeat(|| async { self.engine.resolve(act, contact).await?.root(contact) }).await?;
        let (message, recorded_by) = self.sent_message(&root, &reported.message_id).await?;
        let report = StatusReport {
            message,
            message_id: reported.message_id.clone(),
            recorded_by,
            status: reported.status,
            at: passing::time_of(act, reported.at)?,
            error: reported.error.clone(),
        };
        let mark = self.engine.marks.status(message, reported.status);
        let recorder = Addressed { contact: recorded_by, if_match };
        match self.change(act, &recorder, &Change::ReportStatus(report), Some(mark)).await {
            Err(Ended::MarkTaken { .. }) if self.store().find(mark).await.map_err(AppError::from)?.is_some() => {
                let forest = repeat(|| self.engine.forest_of(&root)).await?;
                Ok(unchanged(&root, &forest))
            }
            outcome => outcome,
        }
    }

    /// The outbound message of this id, by any identity that the tree ever held or spoke by.
    async fn sent_message(&self, root: &Arc<Contact>, message_id: &str) -> Result<(Mark, ContactId), Ended> {
        let forest = repeat(|| self.engine.forest_of(root)).await?;
        let tree = tree_of(&forest, root);
        let held = tree.iter().flat_map(|contact| contact.identities.iter().map(|own| own.identity));
        let spoken = tree.iter().flat_map(|contact| contact.activity.traffic.iter().map(|traffic| traffic.identity));
        let identities: BTreeSet<IdentityId> = held.chain(spoken).collect();
        for identity in identities {
            let mark = self.engine.marks.message(identity, message_id);
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
    let position = position(forest, root);
    Answer {
        status: 200,
        contact_id: Some(root.id),
        revision: root.revision().unwrap_or_default(),
        position,
        etag: position,
        ..Answer::default()
    }
}
