//! The names of things: contacts, identities, merges, events, streams and marks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_newtype! {
    /// A contact, for ever: never changed, never reused (rule 1).
    ContactId
}
uuid_newtype! {
    /// A channel identity. The uuid is a keyed hash of workspace, channel and external id, so that no personal data
    /// stands in a stream name (rule 3).
    IdentityId
}
uuid_newtype! {
    /// One merge, from its preparation to its end. Derives from the idempotency key of the command.
    MergeId
}

/// A map by ids. They are random or keyed hashes, never chosen by anyone outside, so nobody can make them collide and a
/// quick hash is enough.
pub type IdMap<K, V> = std::collections::HashMap<K, V, std::hash::BuildHasherDefault<IdHasher>>;

/// Hashes ids; see [`IdMap`].
#[derive(Default)]
pub struct IdHasher(u64);

impl std::hash::Hasher for IdHasher {
    fn finish(&self) -> u64 {
        // A map looks at the lowest bits and at the highest ones.
        self.0 ^ self.0 >> 32
    }

    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.chunks(8) {
            let mut whole = [0; 8];
            whole[..word.len()].copy_from_slice(word);
            self.write_u64(u64::from_le_bytes(whole));
        }
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The length of an id is that of all others.
    fn write_usize(&mut self, _: usize) {}
}

uuid_newtype! {
    /// A segment. Derives from the idempotency key of the command that defined it.
    SegmentId
}

/// A keyed 128-bit hash by which a command or a message is known again, however late (rule 14).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(pub [u8; 16]);

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mark({self})")
    }
}

impl FromStr for Mark {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes()))
    }
}

impl Serialize for Mark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schemas")]
impl schemars::JsonSchema for Mark {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mark".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a keyed hash, in hexadecimal",
            "type": "string",
            "pattern": "^[0-9a-f]{32}$",
        })
    }
}

/// A stream of events, known by what it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// `contact-<uuid>`: all that ever happened to one contact.
    Contact(ContactId),
    /// `identity-<uuid>`: who holds a channel identity.
    Identity(IdentityId),
    /// `workspace-<name>`: settings and closed billing cycles.
    Workspace(std::sync::Arc<str>),
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stream::Contact(id) => write!(f, "contact-{id}"),
            Stream::Identity(id) => write!(f, "identity-{id}"),
            Stream::Workspace(name) => write!(f, "workspace-{name}"),
        }
    }
}

/// A text that names no stream of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a stream")]
pub struct NotAStream;

impl FromStr for Stream {
    type Err = NotAStream;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (category, rest) = text.split_once('-').ok_or(NotAStream)?;
        match category {
            "contact" => rest.parse().map(Stream::Contact).map_err(|_| NotAStream),
            "identity" => rest.parse().map(Stream::Identity).map_err(|_| NotAStream),
            "workspace" => Ok(Stream::Workspace(rest.into())),
            _ => Err(NotAStream),
        }
    }
}
