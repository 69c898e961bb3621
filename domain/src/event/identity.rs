//! Channel identities: who holds which, in the stream of the contact and in that of the identity.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ContactId, IdentityId};
use crate::personal::Personal;

/// The contact holds a channel identity, by the claim that stands at `epoch` in the identity's stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityConnected {
    /// The identity.
    pub identity: IdentityId,
    /// Revision of the claim in the identity's stream.
    pub epoch: u64,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle.
    #[serde(skip)]
    pub personal: Personal<IdentityNamed>,
}

/// The handle of a channel identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityNamed {
    /// 1-256 characters, compared exactly.
    pub external_id: Arc<str>,
}

/// The contact gave up a channel identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityDisconnected {
    /// The identity.
    pub identity: IdentityId,
    /// Of the claim that ends.
    pub epoch: u64,
}

/// In the identity's stream: it is the contact's. The revision is the epoch of the claim. It holds all that anyone
/// needs to connect it, sealed with the contact's key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityClaimed {
    /// Whose.
    pub contact: ContactId,
    /// Its channel.
    pub channel: Arc<str>,
    /// Its handle.
    #[serde(skip)]
    pub personal: Personal<IdentityNamed>,
}

/// In the identity's stream: it is nobody's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemas", derive(schemars::JsonSchema))]
pub struct IdentityReleased {
    /// Whose it was.
    pub contact: ContactId,
    /// Of the claim that ended.
    pub epoch: u64,
}
