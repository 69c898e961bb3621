//! Commands on a workspace: from its state to events, or a refusal.

use std::sync::Arc;

use super::segments::{self, NewSegment, SegmentChange};
use super::{CustomField, Workspace};
use crate::event::{
    Event, FieldChanged, FieldDefined, FieldEdit, FieldNamed, FieldRetired, FieldTerms, WorkspaceConfigured,
};
use crate::fields::{Definition, FieldType, read_options};
use crate::personal::Personal;
use crate::problem::{Place, Problem, Problems};
use crate::rejection::Rejection;
use crate::values::text::fold;

/// The most custom fields in use.
pub const FIELDS_MAX: usize = 500;

/// What may be asked of a workspace, read and normalised.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkspaceCommand {
    /// Sets all settings.
    Configure(WorkspaceConfigured),
    /// Defines a custom field.
    DefineField(NewField),
    /// Changes the words of one.
    ChangeField(FieldEdit),
    /// Retires one.
    RetireField(FieldNamed),
    /// Defines a segment.
    DefineSegment(NewSegment),
    /// Changes the name or the filter of one.
    ChangeSegment(SegmentChange),
    /// Removes one, by its id or its name.
    RemoveSegment(Arc<str>),
}

impl WorkspaceCommand {
    /// The custom field that it is about, if it must be there already.
    pub fn field(&self) -> Option<&Arc<str>> {
        match self {
            WorkspaceCommand::ChangeField(edit) => Some(&edit.key),
            WorkspaceCommand::RetireField(named) => Some(&named.key),
            _ => None,
        }
    }

    /// The segment that it is about, as it was named, if it must be there already.
    pub fn segment(&self) -> Option<&Arc<str>> {
        match self {
            WorkspaceCommand::ChangeSegment(change) => Some(&change.segment),
            WorkspaceCommand::RemoveSegment(named) => Some(named),
            _ => None,
        }
    }

    /// Whether it makes something.
    pub fn makes(&self) -> bool {
        matches!(self, WorkspaceCommand::DefineField(_) | WorkspaceCommand::DefineSegment(_))
    }
}

/// A custom field to define.
#[derive(Clone, Debug, PartialEq)]
pub struct NewField {
    /// By which values and filters name it.
    pub key: Arc<str>,
    /// Its type.
    pub kind: FieldType,
    /// By which people name it.
    pub name: Arc<str>,
    /// What a list offers.
    pub options: Vec<Arc<str>>,
    /// Its place among the fields; after all others if absent.
    pub order: Option<u32>,
}

/// Why a command on a workspace was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// By the rules.
    Rejected(Rejection),
    /// A value does not fit what is there.
    Invalid(Vec<Problem>),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Refusal::Rejected(rejection)
    }
}

/// What a command comes to; nothing where it changes nothing (rule 10).
///
/// # Errors
/// The key or name is taken or names nothing, there are too many of them, or a value does not fit what is there.
pub fn decide(workspace: &Workspace, command: &WorkspaceCommand) -> Result<Vec<Event>, Refusal> {
    match command {
        WorkspaceCommand::Configure(settings) => Ok(configure(workspace, settings)),
        WorkspaceCommand::DefineField(new) => define(workspace, new),
        WorkspaceCommand::ChangeField(edit) => change(workspace, edit),
        WorkspaceCommand::RetireField(named) => retire(workspace, named),
        WorkspaceCommand::DefineSegment(new) => segments::define(workspace, new),
        WorkspaceCommand::ChangeSegment(change) => segments::change(workspace, change),
        WorkspaceCommand::RemoveSegment(named) => segments::remove(workspace, named),
    }
}

/// The first configuration makes the workspace, whatever it says.
fn configure(workspace: &Workspace, settings: &WorkspaceConfigured) -> Vec<Event> {
    let changes_nothing = workspace.revision().is_some() && *workspace.settings == *settings;
    if changes_nothing { Vec::new() } else { vec![settings.clone().into()] }
}

fn define(workspace: &Workspace, new: &NewField) -> Result<Vec<Event>, Refusal> {
    if let Some(taken) = workspace.fields.get(&new.key) {
        let (key, retired) = (new.key.clone(), taken.definition.retired);
        return Err(Rejection::FieldExists { key, retired }.into());
    }
    let Definition { key, kind, options, .. } =
        Definition::new(&new.key, new.kind, &new.options).map_err(Refusal::Invalid)?;
    if workspace.in_use() >= FIELDS_MAX {
        return Err(Rejection::TooManyFields.into());
    }
    let last = workspace.fields.values().filter(|field| !field.definition.retired).map(|field| field.order).max();
    let order = new.order.unwrap_or_else(|| last.map_or(1, |last| last.saturating_add(1)));
    let terms = FieldTerms { key, name: new.name.clone(), options, order };
    Ok(vec![FieldDefined { kind, personal: Personal::Open(terms) }.into()])
}

/// Only what is new is recorded.
fn change(workspace: &Workspace, edit: &FieldEdit) -> Result<Vec<Event>, Refusal> {
    let field = in_use(workspace, &edit.key)?;
    let options = match &edit.options {
        Some(options) => Some(changed_options(field, options)?),
        None => None,
    };
    let edit = FieldEdit {
        key: edit.key.clone(),
        name: edit.name.clone().filter(|name| *name != field.name),
        options: options.filter(|options| *options != field.definition.options),
        order: edit.order.filter(|order| *order != field.order),
    };
    let changes_nothing = edit.name.is_none() && edit.options.is_none() && edit.order.is_none();
    if changes_nothing { Ok(Vec::new()) } else { Ok(vec![FieldChanged { personal: Personal::Open(edit) }.into()]) }
}

/// All that the list offers from now on. An option that is taken away is offered no more, and values that hold it stay
/// and are shown: nobody loses what was written. One that is there, or was, keeps its spelling, so that the values that
/// hold it are found by it.
fn changed_options(field: &CustomField, options: &[Arc<str>]) -> Result<Vec<Arc<str>>, Refusal> {
    let mut problems = Problems::default();
    let read = read_options(field.definition.kind, options, &Place::WHOLE.member("options"), &mut problems);
    let read = problems.or(Some(read)).map_err(Refusal::Invalid)?;
    let known = || field.definition.options.iter().chain(&field.former);
    let spelled = |option: Arc<str>| {
        let folded = fold(&option);
        known().find(|known| fold(known) == folded).cloned().unwrap_or(option)
    };
    Ok(read.into_iter().map(spelled).collect())
}

/// Retiring is for ever; again, it changes nothing.
fn retire(workspace: &Workspace, named: &FieldNamed) -> Result<Vec<Event>, Refusal> {
    let field = workspace.fields.get(&named.key).ok_or(Rejection::FieldNotFound { retired: false })?;
    if field.definition.retired {
        return Ok(Vec::new());
    }
    Ok(vec![FieldRetired { personal: Personal::Open(named.clone()) }.into()])
}

fn in_use<'w>(workspace: &'w Workspace, key: &str) -> Result<&'w CustomField, Rejection> {
    match workspace.fields.get(key) {
        Some(field) if field.definition.retired => Err(Rejection::FieldNotFound { retired: true }),
        Some(field) => Ok(field),
        None => Err(Rejection::FieldNotFound { retired: false }),
    }
}
