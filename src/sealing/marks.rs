//! Keyed hashes: by them a key, a message or an identity is known again, and nobody without the key learns of what.

use aws_lc_rs::hmac;
use dossier_domain::event::DeliveryStatus;
use dossier_domain::ids::{ContactId, IdentityId, Mark, MergeId, SegmentId};
use uuid::Uuid;

use crate::ports::SecretKey;

/// The holder, in the keyring, of the key that all marks are made with. It is no contact and never destroyed.
pub const HASHING_KEY: Uuid = Uuid::nil();

/// Makes marks.
pub struct Marks {
    key: hmac::Key,
}

impl Marks {
    /// Marks under a key of the installation; another key makes other marks.
    pub fn new(key: &SecretKey) -> Self {
        Marks { key: hmac::Key::new(hmac::HMAC_SHA256, &key.0) }
    }

    /// HMAC over the parts, each preceded by its length so that no two lists of parts look alike.
    fn mark(&self, parts: &[&[u8]]) -> Mark {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part);
        }
        let mut mark = [0; 16];
        mark.copy_from_slice(&context.sign().as_ref()[..16]);
        Mark(mark)
    }

    /// Of an idempotency key.
    pub fn key(&self, workspace: &str, key: &str) -> Mark {
        self.mark(&[b"key", workspace.as_bytes(), key.as_bytes()])
    }

    /// Of what a command asks.
    pub fn body(&self, body: &[u8]) -> Mark {
        self.mark(&[b"body", body])
    }

    /// Of a message by an identity (rule 14).
    pub fn message(&self, identity: IdentityId, message_id: &str) -> Mark {
        self.mark(&[b"message", identity.0.as_bytes(), message_id.as_bytes()])
    }

    /// Of one status of a message.
    pub fn status(&self, message: Mark, status: DeliveryStatus) -> Mark {
        self.mark(&[b"status", &message.0, &[status as u8]])
    }

    /// Of the edge of a merge.
    pub fn merge(&self, merge: MergeId) -> Mark {
        self.mark(&[b"merge", merge.0.as_bytes()])
    }

    /// Of a value by which contacts are found.
    pub fn value(&self, workspace: &str, kind: &str, value: &str) -> Mark {
        self.mark(&[b"value", workspace.as_bytes(), kind.as_bytes(), value.as_bytes()])
    }

    /// Of the installation itself: what belongs to another one is told by it.
    pub fn installation(&self) -> Mark {
        self.mark(&[b"installation"])
    }

    /// The identity of a handle.
    pub fn identity(&self, workspace: &str, channel: &str, external_id: &str) -> IdentityId {
        let parts = [workspace, channel, external_id].map(str::as_bytes);
        IdentityId(as_uuid(self.mark(&[b"identity", parts[0], parts[1], parts[2]])))
    }

    /// The contact that a key or a message makes; `attempt` counts those that can't be used any more.
    pub fn contact(&self, mark: Mark, attempt: u32) -> ContactId {
        ContactId(as_uuid(self.mark(&[b"contact", &mark.0, &attempt.to_le_bytes()])))
    }

    /// The merge of two contacts that a key makes; `attempt` counts those that were refused.
    pub fn merge_of(&self, mark: Mark, primary: ContactId, secondary: ContactId, attempt: u32) -> MergeId {
        let (primary, secondary) = (primary.0.as_bytes(), secondary.0.as_bytes());
        MergeId(as_uuid(self.mark(&[b"merge of", &mark.0, primary, secondary, &attempt.to_le_bytes()])))
    }

    /// The segment that a key makes.
    pub fn segment(&self, mark: Mark) -> SegmentId {
        SegmentId(as_uuid(self.mark(&[b"segment", &mark.0])))
    }

    /// The id of the command that bears a key.
    pub fn command_id(&self, mark: Mark) -> Uuid {
        as_uuid(self.mark(&[b"command", &mark.0]))
    }

    /// The holder of a workspace's key in the keyring.
    pub fn workspace_key(workspace: &str) -> Uuid {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, workspace.as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest.as_ref()[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

/// A uuid of version 8: bytes of our own making.
fn as_uuid(mark: Mark) -> Uuid {
    uuid::Builder::from_custom_bytes(mark.0).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_can_not_run_into_each_other() {
        let marks = Marks::new(&SecretKey([7; 32]));
        assert_ne!(marks.identity("w", "ab", "c"), marks.identity("w", "a", "bc"));
        assert_ne!(marks.key("w", "k"), marks.key("wk", ""));
    }

    /// Stored for ever: if one of these changes, every store forgets what it has seen.
    #[test]
    fn marks_are_pinned() {
        let marks = Marks::new(&SecretKey([7; 32]));
        let mark = Mark([1; 16]);
        let (one, other) = (ContactId(Uuid::from_u128(1)), ContactId(Uuid::from_u128(2)));
        let made = [
            marks.key("default", "k1").to_string(),
            marks.body(b"{}").to_string(),
            marks.message(IdentityId(Uuid::nil()), "m1").to_string(),
            marks.status(mark, DeliveryStatus::Read).to_string(),
            marks.merge(MergeId(Uuid::nil())).to_string(),
            marks.identity("default", "sms", "+1").to_string(),
            marks.contact(mark, 0).to_string(),
            marks.merge_of(mark, one, other, 0).to_string(),
            marks.command_id(mark).to_string(),
            marks.segment(mark).to_string(),
            Marks::workspace_key("default").to_string(),
        ];
        let pinned = [
            "d9de09e14a987cbd272e62bd2b128a17",
            "265f8f2f94dbea667cd96dde082f5bcb",
            "0456842eb4946773b7eb713c1b0554b8",
            "8542dec7dcadaaaa7a0d4167f8589621",
            "a625c1e62c06f66795b57a4b6f5deeb3",
            "0f0fa2eb-b935-891b-a9bf-38fa5367039c",
            "ebd6dec4-9951-81f7-9ee5-6fd313907b8e",
            "edf49da4-1469-8d56-82a5-1c200479885e",
            "5ade0c9b-393b-8a4b-9c60-7ad0ac1bf65e",
            "97ec3057-5bc3-860c-afa9-f20b35add5c2",
            "37a8eec1-ce19-887d-932f-e29051dca629",
        ];
        assert_eq!(made.each_ref().map(String::as_str), pinned);
    }

    #[test]
    fn what_is_hashed_for_one_purpose_serves_no_other() {
        let marks = Marks::new(&SecretKey([7; 32]));
        let mark = marks.key("w", "k");
        let (one, other) = (marks.contact(mark, 0), marks.contact(mark, 1));
        let derived =
            [one.0, other.0, marks.merge_of(mark, one, other, 0).0, marks.command_id(mark), marks.segment(mark).0];
        let different: std::collections::BTreeSet<_> = derived.into_iter().collect();
        assert_eq!(different.len(), derived.len());
        assert!(derived.iter().all(|uuid| (uuid.get_version_num(), uuid.get_variant()) == (8, uuid::Variant::RFC4122)));
    }

    #[test]
    fn another_key_makes_other_marks() {
        let (one, other) = (Marks::new(&SecretKey([1; 32])), Marks::new(&SecretKey([2; 32])));
        assert_ne!(one.identity("w", "chat", "a"), other.identity("w", "chat", "a"));
    }
}
