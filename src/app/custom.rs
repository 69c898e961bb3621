//! Custom values on their way into a contact: each is checked by its field's definition when the command is carried out.
//! Not when it is read: the lines before it may define the field, and a retry asks the same whatever became of it.

use std::borrow::Cow;

use dossier_domain::command::ProfileValues;
use dossier_domain::field::{Choice, Field, MergeChoices, Value};
use dossier_domain::fields::write_value;
use dossier_domain::problem::{Place, Problems};
use dossier_domain::sabotage::{Break, armed};

use super::App;
use super::ask::{Ask, CreateContact, Edit, Inbound, Merge};
use super::error::AppError;
use super::workspaces::Workspace;

/// What is asked, its custom values in the form in which they are stored.
///
/// # Errors
/// Fields that are not in use and values that are none of their types, all of them, with pointers into the body.
pub(super) fn checked<'a>(ask: &'a Ask, workspace: &Workspace) -> Result<Cow<'a, Ask>, AppError> {
    if armed(Break::CustomValuesUnchecked) {
        return Ok(Cow::Borrowed(ask));
    }
    let (whole, owned) = (Place::WHOLE, |ask| Ok(Cow::Owned(ask)));
    match ask {
        Ask::Create(create) if has_custom(&create.values) => {
            let values = checked_values(&create.values, &whole.member("custom"), workspace)?;
            owned(Ask::Create(CreateContact { values, ..create.clone() }))
        }
        Ask::Edit(contact, Edit::Profile(values)) if has_custom(values) => {
            let values = checked_values(values, &whole.member("custom"), workspace)?;
            owned(Ask::Edit(contact.clone(), Edit::Profile(values)))
        }
        Ask::Receive(inbound) if has_custom(&inbound.profile) => {
            let profile = checked_values(&inbound.profile, &whole.member("profile").member("custom"), workspace)?;
            owned(Ask::Receive(Inbound { profile, ..inbound.clone() }))
        }
        Ask::Merge(merge) if merge.choices.keys().any(is_custom) => {
            let choices = checked_choices(&merge.choices, workspace)?;
            owned(Ask::Merge(Merge { choices, ..merge.clone() }))
        }
        _ => Ok(Cow::Borrowed(ask)),
    }
}

fn is_custom(field: &Field) -> bool {
    matches!(field, Field::Custom(_))
}

fn has_custom(values: &ProfileValues) -> bool {
    values.values.iter().any(|(field, _)| is_custom(field))
}

fn checked_values(
    values: &ProfileValues,
    custom: &Place<'_>,
    workspace: &Workspace,
) -> Result<ProfileValues, AppError> {
    let mut problems = Problems::default();
    let mut checked = Vec::with_capacity(values.values.len());
    for (field, value) in &values.values {
        let value = match field {
            Field::Custom(key) => written(workspace, key, value.as_ref(), &custom.member(key), &mut problems),
            _ => Some(value.clone()),
        };
        checked.extend(value.map(|value| (field.clone(), value)));
    }
    let checked = problems.or(Some(checked)).map_err(AppError::Invalid)?;
    Ok(ProfileValues { values: checked, origin: values.origin })
}

impl App {
    /// The choices of a merge that is only thought of, checked as those of one that is asked for.
    ///
    /// # Errors
    /// Custom fields that are not in use, and values that are none of their types.
    pub fn checked_choices(&self, workspace: &Workspace, choices: &MergeChoices) -> Result<MergeChoices, AppError> {
        checked_choices(choices, workspace)
    }
}

/// Those of sides name a field in use too.
fn checked_choices(choices: &MergeChoices, workspace: &Workspace) -> Result<MergeChoices, AppError> {
    let mut problems = Problems::default();
    let place = Place::WHOLE.member("choices");
    let mut checked = MergeChoices::new();
    for (field, choice) in choices {
        let name = field.to_string();
        let at = place.member(&name);
        let choice = match (field, choice) {
            (Field::Custom(key), Choice::Given(value)) => {
                written(workspace, key, value.as_ref(), &at.member("value"), &mut problems).map(Choice::Given)
            }
            (Field::Custom(key), side) => written(workspace, key, None, &at, &mut problems).map(|_| side.clone()),
            (_, choice) => Some(choice.clone()),
        };
        checked.extend(choice.map(|choice| (field.clone(), choice)));
    }
    problems.or(Some(checked)).map_err(AppError::Invalid)
}

fn written(
    workspace: &Workspace,
    key: &str,
    value: Option<&Value>,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<Option<Value>> {
    let region = workspace.state.settings.default_region.as_deref();
    write_value(&workspace.fields, key, value, region, place, problems)
}
