//! From what is asked to the protocol that does it.

use dossier_domain::compose::Forest;
use dossier_domain::field::Field;
use dossier_domain::ids::{ContactId, Mark, MergeId};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Contact;
use dossier_domain::values::reference::Reference;
use dossier_domain::workspace::{NewSegment, WorkspaceCommand};

use super::App;
use super::act::Act;
use super::ask::{Answer, Ask, CreateContact, Handle, IfExists, Merge, MergeAnswer, Unmerge, UnmergeTarget};
use super::contents::{changed, unchanged};
use super::error::AppError;
use super::protocol::claim::Held;
use super::protocol::create::NewContact;
use super::protocol::merge::MergePlan;
use super::protocol::resolve::Addressed;
use super::protocol::{Ended, Stop, repeat};

impl App {
    /// Carries out a command that was not carried out before, as far as this can be known beforehand.
    pub(super) async fn carry_out(&self, act: &Act, ask: &Ask, if_match: Option<u64>) -> Result<Answer, Ended> {
        match ask {
            Ask::Create(create) => self.create(act, create).await,
            Ask::Edit(contact, edit) => {
                let contact = self.bearer(act, contact).await?;
                self.edit(act, contact, edit, if_match).await
            }
            Ask::Claim(contact, handle) => self.claim(act, contact, handle, if_match).await,
            Ask::Release(contact, handle) => self.release(act, contact, handle, if_match).await,
            Ask::Receive(inbound) => self.receive(act, inbound).await,
            Ask::Send(outbound) => self.send(act, outbound, if_match).await,
            Ask::ReportStatus(reported) => {
                let contact = self.bearer(act, &reported.contact).await?;
                self.report(act, contact, reported, if_match).await
            }
            Ask::Merge(merge) => self.merge_contacts(act, merge).await,
            Ask::Unmerge(unmerge) => self.unmerge_contacts(act, unmerge).await,
            Ask::Delete(contact) => self.delete(act, contact, if_match).await,
            Ask::Configure(settings) => {
                self.change_workspace(act, &WorkspaceCommand::Configure(settings.clone()), None).await
            }
            Ask::DefineField(new) => {
                self.change_workspace(act, &WorkspaceCommand::DefineField(new.clone()), None).await
            }
            Ask::ChangeField(edit) => {
                self.change_workspace(act, &WorkspaceCommand::ChangeField(edit.clone()), if_match).await
            }
            Ask::RetireField(named) => {
                self.change_workspace(act, &WorkspaceCommand::RetireField(named.clone()), if_match).await
            }
            Ask::DefineSegment { name, filter } => {
                let id = self.engine.marks.segment(self.own_mark(act));
                let new = NewSegment { id, name: name.clone(), filter: filter.clone() };
                self.change_workspace(act, &WorkspaceCommand::DefineSegment(new), None).await
            }
            Ask::ChangeSegment(change) => {
                self.change_workspace(act, &WorkspaceCommand::ChangeSegment(change.clone()), if_match).await
            }
            Ask::RemoveSegment(named) => {
                self.change_workspace(act, &WorkspaceCommand::RemoveSegment(named.clone()), if_match).await
            }
        }
    }

    /// The mark of the command's key, or one made up for this once.
    fn own_mark(&self, act: &Act) -> Mark {
        act.key().map_or_else(|| Mark(act.id().into_bytes()), |key| key.mark)
    }

    async fn create(&self, act: &Act, create: &CreateContact) -> Result<Answer, Ended> {
        if let Some(key) = act.key() {
            self.refuse_known(key.mark).await?;
        }
        if create.if_exists != IfExists::Create
            && let Some(contact) = self.existing(act, create).await?
        {
            return match create.if_exists {
                IfExists::Update => self.edit_match(act, contact, &create.values, false).await,
                IfExists::FillEmpty => self.edit_match(act, contact, &create.values, true).await,
                _ => Err(Rejection::ContactExists { contact }.into()),
            };
        }
        let mut tags = Vec::with_capacity(create.tags.len());
        for tag in &create.tags {
            tags.push(self.named_tag(act.workspace(), tag).await?);
        }
        let new = NewContact {
            mark: self.own_mark(act),
            values: create.values.clone(),
            tags,
            identities: create.channels.iter().map(|handle| self.engine.named(act.workspace(), handle)).collect(),
        };
        let made = self.engine.create(act, &new).await?;
        Ok(Answer { created: true, ..changed(&made, 201) })
    }

    /// A command that was carried out before has its answer already; it must not claim or prepare anything again.
    async fn refuse_known(&self, mark: Mark) -> Result<(), Ended> {
        match self.store().find(mark).await.map_err(AppError::from)? {
            Some(known) => Err(Ended::MarkTaken { position: known.position }),
            None => Ok(()),
        }
    }

    /// The one live contact that shows one of the values, if any.
    async fn existing(&self, act: &Act, create: &CreateContact) -> Result<Option<ContactId>, Ended> {
        let mut found = Vec::new();
        for handle in &create.channels {
            if let Some(holder) = self.holder(act, handle).await? {
                let root = repeat(|| async { self.engine.resolve(act, holder).await?.root(holder) }).await?;
                found.push(root.id);
            }
        }
        for (field, value) in &create.values.values {
            let text = value.as_ref().and_then(|value| value.as_text());
            let reference = match (field, text) {
                (Field::Email, Some(text)) => format!("email:{text}"),
                (Field::Phone, Some(text)) => format!("phone:{text}"),
                _ => continue,
            };
            let reference = dossier_domain::values::reference::parse_reference(&reference, None);
            if let Ok(reference) = reference {
                found.extend(self.matches(act.workspace(), &reference).await?);
            }
        }
        found.sort_unstable();
        found.dedup();
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(Rejection::AmbiguousReference { candidates: found }.into()),
        }
    }

    async fn claim(
        &self,
        act: &Act,
        contact: &Reference,
        handle: &Handle,
        if_match: Option<u64>,
    ) -> Result<Answer, Ended> {
        let addressed = Addressed { contact: self.bearer(act, contact).await?, if_match };
        let held = self.engine.claim(act, &addressed, &self.engine.named(act.workspace(), handle)).await?;
        self.answer_held(act, held).await
    }

    async fn release(
        &self,
        act: &Act,
        contact: &Reference,
        handle: &Handle,
        if_match: Option<u64>,
    ) -> Result<Answer, Ended> {
        let addressed = Addressed { contact: self.bearer(act, contact).await?, if_match };
        let held = self.engine.release(act, &addressed, &self.engine.named(act.workspace(), handle)).await?;
        self.answer_held(act, held).await
    }

    /// What changed is answered as it is recorded: with the holder, absorbed or not.
    async fn answer_held(&self, act: &Act, held: Held) -> Result<Answer, Ended> {
        if held.changed {
            return Ok(changed(&held.holder, 200));
        }
        repeat(|| async {
            let root = self.engine.resolve(act, held.holder.id).await?.root(held.holder.id)?;
            Ok(unchanged(&root, &self.engine.forest_of(&root).await?))
        })
        .await
    }

    async fn delete(&self, act: &Act, contact: &Reference, if_match: Option<u64>) -> Result<Answer, Ended> {
        let addressed = Addressed { contact: self.bearer(act, contact).await?, if_match };
        let (erased, beyond) = self.engine.erase(act, &addressed).await?;
        Ok(Answer { beyond, ..changed(&erased, 200) })
    }

    async fn merge_contacts(&self, act: &Act, merge: &Merge) -> Result<Answer, Ended> {
        if let Some(key) = act.key() {
            self.refuse_known(key.mark).await?;
        }
        let (primary, secondary) = (self.bearer(act, &merge.primary).await?, self.bearer(act, &merge.secondary).await?);
        let plan = MergePlan {
            merge: self.engine.merge_to_make(self.own_mark(act), primary, secondary).await?,
            primary,
            secondary,
            choices: merge.choices.clone(),
            expected: merge.expected,
        };
        let edge = self.engine.merge(act, &plan).await?;
        let merged = MergeAnswer { merge_id: plan.merge, primary, secondary, root: primary };
        // Whoever met the merge unfinished may have absorbed it.
        let absorbed = self.engine.streams.contact(secondary).await?;
        Ok(Answer {
            status: 201,
            contact_id: Some(primary),
            revision: edge.revision,
            position: edge.position,
            etag: edge.position,
            appended: true,
            created: true,
            merge: Some(merged),
            beyond: absorbed.position,
            ..Answer::default()
        })
    }

    async fn unmerge_contacts(&self, act: &Act, unmerge: &Unmerge) -> Result<Answer, Ended> {
        let (merge, primary) = self.edge_meant(act, &unmerge.target).await?;
        let after = self.engine.unmerge(act, merge, primary, unmerge.expected).await?;
        let secondary = after.edge(merge).map_or(primary, |edge| edge.secondary);
        // It is undone, whatever has become of the primary since.
        let root = repeat(|| async { self.engine.resolve(act, primary).await?.root(primary) }).await;
        let root = root.unwrap_or_else(|_| after.clone());
        let undone = MergeAnswer { merge_id: merge, primary, secondary, root: root.id };
        let freed = self.engine.streams.contact(secondary).await?;
        Ok(Answer { merge: Some(undone), beyond: freed.position.max(root.position), ..changed(&after, 200) })
    }

    /// The edge that is meant, and the contact whose stream holds it, however deep.
    pub(super) async fn edge_meant(&self, act: &Act, target: &UnmergeTarget) -> Result<(MergeId, ContactId), Ended> {
        match target {
            UnmergeTarget::Merge(merge) => {
                let primary = self.primary_of(act.workspace(), *merge).await?;
                Ok((*merge, primary))
            }
            UnmergeTarget::Secondary { primary, secondary } => {
                let above = self.bearer(act, primary).await?;
                let secondary = self.bearer(act, secondary).await?;
                repeat(|| self.edge_between(act, above, secondary)).await
            }
        }
    }

    /// The contact whose stream holds the edge of a merge.
    pub(super) async fn primary_of(&self, workspace: &str, merge: MergeId) -> Result<ContactId, AppError> {
        let recorded = self.store().find(self.engine.marks.merge(merge)).await?;
        let Some(dossier_domain::ids::Stream::Contact(primary)) = recorded.map(|recorded| recorded.stream) else {
            return Err(Rejection::MergeNotFound.into());
        };
        match *self.engine.streams.contact(primary).await?.workspace == *workspace {
            true => Ok(primary),
            false => Err(Rejection::MergeNotFound.into()),
        }
    }

    async fn edge_between(&self, act: &Act, above: ContactId, below: ContactId) -> Result<(MergeId, ContactId), Stop> {
        // Resolving finishes what stands unfinished, so that a lock is an edge or gone.
        self.engine.resolve(act, below).await?.root(below)?;
        let secondary = self.engine.streams.contact(below).await?;
        let Some(lock) = &secondary.lock else { return Err(Rejection::NotMerged { secondary: below }.into()) };
        let found = (lock.merge, lock.primary);
        let mut below = secondary.clone();
        while let Some(next) = self.engine.absorbed_by(&below).await? {
            if next.id == above {
                return Ok(found);
            }
            below = next;
        }
        Err(Rejection::NotMerged { secondary: secondary.id }.into())
    }

    /// The forest of a root, for queries.
    pub async fn forest(&self, root: &std::sync::Arc<Contact>) -> Result<Forest, AppError> {
        repeat(|| self.engine.forest_of(root)).await.map_err(super::references::unmarked)
    }
}
