//! What a merge would do (rule 25): the edge is put in, everything is composed, and nothing is kept.

use std::sync::Arc;

use chrono::Utc;
use dossier_domain::compose::{ShownFields, View, view};
use dossier_domain::event::MergeTerms;
use dossier_domain::field::{Choice, Field, MERGE_POLICY, MergeChoices};
use dossier_domain::fields::Definitions;
use dossier_domain::ids::MergeId;
use dossier_domain::personal::Personal;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Edge};

use super::contact_body::{channels, in_use, tags};
use super::preview::{fields_of, moved_on, note, shown_value, source_field};
use super::tree::Tree;
use crate::api::bodies::{BillingEffect, ConversationBody, ExpectedBody, FieldPreview, MergePreview, ValueSource};
use crate::app::AppError;
use crate::app::ask::Merge;
use crate::house::House;

/// The two sides of a merge that is thought of, at one position.
struct Sides {
    primary: Tree,
    secondary: Tree,
    /// The custom fields to show.
    fields: Arc<Definitions>,
}

impl House {
    /// What a merge would do, and what would refuse it.
    ///
    /// # Errors
    /// One of the two is not found, erased or ambiguous; there is no such workspace; a store failed.
    pub async fn preview_merge(&self, workspace: &str, merge: &Merge) -> Result<MergePreview, AppError> {
        let known = self.known_workspace(workspace).await?;
        let merge = &Merge { choices: self.app.checked_choices(&known, &merge.choices)?, ..merge.clone() };
        let primary = self.bearer(workspace, &merge.primary).await?;
        let secondary = self.bearer(workspace, &merge.secondary).await?;
        self.wait_for_own().await?;
        let still = self.still().await?;
        let sides = Sides {
            primary: self.side(workspace, primary).await?,
            secondary: self.side(workspace, secondary).await?,
            fields: known.fields,
        };
        let billing = self.counting(&still, workspace).await?.map(|mac| BillingEffect {
            open_cycle_before: mac.active_now() as u64,
            open_cycle_after: mac.active_if_merged(primary, secondary) as u64,
        });
        drop(still);
        Ok(sides.preview(merge, billing.unwrap_or(BillingEffect { open_cycle_before: 0, open_cycle_after: 0 })))
    }
}

impl Sides {
    fn preview(&self, merge: &Merge, billing: BillingEffect) -> MergePreview {
        let (primary, secondary) = (self.primary.asked(), self.secondary.asked());
        let before = self.own_view(&self.primary);
        let theirs = self.own_view(&self.secondary);
        let after = match self.can_be_joined() {
            true => self.joined(&merge.choices),
            false => before.clone(),
        };
        let problems: Vec<_> = self.problems(merge).into_iter().map(note).collect();
        MergePreview {
            allowed: problems.is_empty(),
            problems,
            fields: fields(&before, &theirs, &after, &merge.choices),
            tags: tags(&after),
            channels: channels(&after),
            lost_channels: Vec::new(),
            counts: after.counts.into(),
            conversation: ConversationBody::from(&after.conversation),
            billing,
            expected: ExpectedBody {
                primary: primary.revision().unwrap_or_default(),
                secondary: secondary.revision().unwrap_or_default(),
            },
        }
    }

    /// All that would refuse the merge, not only what the command would meet first.
    fn problems(&self, merge: &Merge) -> Vec<Rejection> {
        let (primary, secondary) = (self.primary.asked(), self.secondary.asked());
        if primary.id == secondary.id {
            return vec![Rejection::SameContact];
        }
        let sides = [(&self.primary, merge.expected.primary), (&self.secondary, merge.expected.secondary)];
        let of_side = sides.into_iter().flat_map(|(tree, expected)| {
            let contact = tree.asked();
            let not_live =
                tree.absorbed_by().map(|_| Rejection::NotLive { contact: contact.id, merged_into: tree.root().id });
            let blocked = contact.blocked.as_ref().map(|_| Rejection::MergeBlockedContact { contact: contact.id });
            [not_live, blocked, moved_on(contact, expected)].into_iter().flatten()
        });
        of_side.collect()
    }

    /// Two roots; else an edge between them could make a circle.
    fn can_be_joined(&self) -> bool {
        let roots = self.primary.absorbed_by().is_none() && self.secondary.absorbed_by().is_none();
        roots && self.primary.asked().id != self.secondary.asked().id
    }

    /// What the primary shows with the edge in it.
    fn joined(&self, choices: &MergeChoices) -> View {
        let mut primary = Contact::clone(self.primary.asked());
        primary.edges.push(Edge {
            revision: primary.next_revision,
            merge: MergeId(uuid::Uuid::nil()),
            secondary: self.secondary.asked().id,
            policy: MERGE_POLICY,
            terms: Personal::Open(MergeTerms { choices: choices.clone() }),
            merged_at: Utc::now(),
            removed: None,
        });
        let mut forest = self.primary.forest.clone();
        forest.extend(self.secondary.members().map(|contact| (contact.id, Arc::clone(contact))));
        in_use(view(&forest, &primary, self.primary.freed), &self.fields)
    }

    /// What a contact shows by itself, absorbed or not.
    fn own_view(&self, tree: &Tree) -> View {
        in_use(view(&tree.forest, tree.asked(), tree.freed), &self.fields)
    }
}

fn fields(mine: &View, theirs: &View, after: &View, choices: &MergeChoices) -> Vec<FieldPreview> {
    let each = fields_of(&[mine, theirs, after], choices.keys()).into_iter().map(|field| FieldPreview {
        primary: shown_value(mine, &field),
        secondary: shown_value(theirs, &field),
        result: shown_value(after, &field),
        from: source(&field, mine, theirs, after, choices),
        field,
    });
    each.collect()
}

/// Where the value that the primary would show comes from. A derived country comes from where its phone does.
fn source(field: &Field, mine: &View, theirs: &View, after: &View, choices: &MergeChoices) -> ValueSource {
    let field = &source_field(after, field);
    let choice = choices.get(field);
    if matches!(choice, Some(Choice::Given(_))) {
        return ValueSource::Given;
    }
    if !after.shown.fields.contains_key(field) {
        return ValueSource::None;
    }
    if takes_theirs(field, choice, &mine.shown.fields, &theirs.shown.fields) {
        ValueSource::Secondary
    } else {
        ValueSource::Primary
    }
}

/// Rule 20: by the choice, else by policy 1, to which first and last name are one field.
fn takes_theirs(field: &Field, choice: Option<&Choice>, mine: &ShownFields, theirs: &ShownFields) -> bool {
    let names = [Field::FirstName, Field::LastName];
    match choice {
        Some(Choice::Primary | Choice::Given(_)) => false,
        Some(Choice::Secondary) => theirs.contains_key(field),
        None if names.contains(field) => names.iter().all(|name| !mine.contains_key(name)),
        None => !mine.contains_key(field),
    }
}
