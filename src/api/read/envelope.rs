//! What surrounds a command: its key, actor, cause and correlation. The same rules for headers and for members of a line.

use std::sync::Arc;

use dossier_domain::meta::{Actor, ActorKind, Cause};
use dossier_domain::personal::Personal;
use dossier_domain::values::Invalid;
use dossier_domain::values::actor::parse_actor;
use dossier_domain::values::channel::parse_external_id;

/// The causes that a caller may name; all others are the store's own.
pub const CAUSES: [(&str, Cause); 4] =
    [("manual", Cause::Manual), ("api", Cause::Api), ("import", Cause::Import), ("workflow", Cause::Workflow)];

/// Who acts where nobody is named.
pub fn anonymous() -> Actor {
    Actor { kind: ActorKind::Api, id: Personal::Open("anonymous".into()) }
}

/// An idempotency key: 1-256 characters without control characters, compared exactly.
///
/// # Errors
/// Anything else.
pub fn parse_key(text: &str) -> Result<Arc<str>, Invalid> {
    parse_external_id(text)
}

/// An actor from outside. The store alone acts as `system`, and keeps no id of it.
///
/// # Errors
/// Anything but `<kind>:<id>`, or the kind `system`.
pub fn parse_caller(text: &str) -> Result<Actor, Invalid> {
    let actor = parse_actor(text)?;
    if actor.kind == ActorKind::System { Err(Invalid::Actor) } else { Ok(actor) }
}
