//! The keys of rows: what a row is about stands in front.

use dossier_domain::ids::ContactId;
use uuid::Uuid;

pub(super) const STATES: &[u8] = b"c";
pub(super) const UNFINISHED: &[u8] = b"u";

pub(super) fn state(contact: ContactId) -> Vec<u8> {
    [STATES, contact.0.as_bytes()].concat()
}

pub(super) fn state_of(key: &[u8]) -> Option<ContactId> {
    let id = key.strip_prefix(STATES)?;
    Uuid::from_slice(id).ok().map(ContactId)
}

pub(super) fn lookup_prefix(mark: &[u8]) -> Vec<u8> {
    [b"v", mark].concat()
}

pub(super) fn lookup(mark: &[u8], contact: ContactId) -> Vec<u8> {
    [b"v", mark, contact.0.as_bytes()].concat()
}

pub(super) fn looked_up(key: &[u8]) -> Option<ContactId> {
    let (_, id) = key.split_at_checked(17)?;
    Uuid::from_slice(id).ok().map(ContactId)
}

/// The list of marks by which a contact is found now.
pub(super) fn lookups_of(contact: ContactId) -> Vec<u8> {
    [b"w", &contact.0.as_bytes()[..]].concat()
}

/// A row of a workspace: its kind, the workspace's name, and what follows.
pub(super) fn of_workspace(kind: u8, workspace: &str, rest: &[u8]) -> Vec<u8> {
    [&[kind], workspace.as_bytes(), &[0], rest].concat()
}

/// The workspace of such a key, and what follows.
pub(super) fn workspace_of(key: &[u8]) -> Option<(&str, &[u8])> {
    let rest = key.get(1..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some((std::str::from_utf8(&rest[..end]).ok()?, &rest[end + 1..]))
}
