//! What previews of merges and unmerges share: problems as the command itself would tell them, and values as shown.

use std::collections::BTreeSet;

use dossier_domain::compose::View;
use dossier_domain::field::Field;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Contact;

use super::contact_body::value_shown;
use super::tree::Tree;
use crate::api::bodies::{ProblemNote, ValueBody};
use crate::api::problem::Problem;
use crate::app::AppError;
use crate::house::House;
use dossier_domain::ids::ContactId;

/// A refusal, as the command would answer it.
pub(super) fn note(rejection: Rejection) -> ProblemNote {
    let problem = Problem::from(AppError::Rejected(rejection));
    ProblemNote { problem_type: format!("/problems/{}", problem.kind().name()), detail: problem.detail().to_owned() }
}

/// The refusal of a revision that does not hold any more.
pub(super) fn moved_on(contact: &Contact, expected: Option<u64>) -> Option<Rejection> {
    let actual = contact.revision().unwrap_or_default();
    (expected? != actual).then_some(Rejection::RevisionConflict { contact: contact.id, actual })
}

/// Every field that one of the views shows, and those named besides, in the order in which fields are shown.
pub(super) fn fields_of<'a>(views: &'a [&'a View], besides: impl Iterator<Item = &'a Field>) -> BTreeSet<Field> {
    let shown = views.iter().flat_map(|view| view.shown.fields.keys());
    let mut fields: BTreeSet<Field> = shown.chain(besides).cloned().collect();
    if views.iter().any(|view| view.derived_country.is_some()) {
        fields.insert(Field::Country);
    }
    fields
}

/// What a view shows in a field.
pub(super) fn shown_value(view: &View, field: &Field) -> Option<ValueBody> {
    value_shown(view, field).map(ValueBody::from)
}

/// The field that a shown value really comes from: a derived country, from the phone.
pub(super) fn source_field(view: &View, field: &Field) -> Field {
    let derived = *field == Field::Country && view.derived_country.is_some();
    if derived { Field::Phone } else { field.clone() }
}

impl House {
    /// The tree around a contact that a preview speaks of.
    pub(super) async fn side(&self, workspace: &str, id: ContactId) -> Result<Tree, AppError> {
        let tree = Tree::find(self, id).await?.filter(|tree| *tree.asked().workspace == *workspace);
        let tree = tree.ok_or(Rejection::ContactNotFound)?;
        if tree.is_erased() {
            return Err(Rejection::ContactErased { contact: id }.into());
        }
        Ok(tree)
    }
}
