//! What a sealed part is bound to.

use dossier_domain::ids::Stream;
use uuid::Uuid;

/// Writes `<stream>|<id>|<name>|<version>`: a sealed part opens in no other event. Read from the right it is unambiguous,
/// whatever a workspace is called.
pub(super) fn write(bound_to: &mut Vec<u8>, stream: &Stream, id: Uuid, name: &str, version: u16) {
    let mut buffer = Uuid::encode_buffer();
    let (category, rest): (&str, &str) = match stream {
        Stream::Contact(contact) => ("contact-", contact.0.hyphenated().encode_lower(&mut buffer)),
        Stream::Identity(identity) => ("identity-", identity.0.hyphenated().encode_lower(&mut buffer)),
        Stream::Workspace(name) => ("workspace-", name),
    };
    bound_to.clear();
    bound_to.reserve(128);
    bound_to.extend_from_slice(category.as_bytes());
    bound_to.extend_from_slice(rest.as_bytes());
    bound_to.push(b'|');
    bound_to.extend_from_slice(id.hyphenated().encode_lower(&mut buffer).as_bytes());
    bound_to.push(b'|');
    bound_to.extend_from_slice(name.as_bytes());
    bound_to.push(b'|');
    match version {
        // Most events are of a version with one digit, and formatting a number takes longer than all the rest.
        0..10 => bound_to.push(b'0' + version as u8),
        _ => bound_to.extend_from_slice(version.to_string().as_bytes()),
    }
}
