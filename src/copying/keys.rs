//! Copying keys from one keyring to another. Who was erased in either is erased in the one that is copied to.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::ports::{KeyCopying, KeyState, KeyringError};

/// Holders read at once.
const PAGE: usize = 1_000;

/// What came of copying keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedKeys {
    /// Keys that were brought.
    pub copied: u64,
    /// Holders of whom the other keyring knew as much before, or that they were erased.
    pub held_before: u64,
    /// Holders whose tombstones were brought.
    pub destroyed: u64,
}

/// Why keys are not copied, or not to their end.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KeyCopyError {
    /// The keyring that is copied.
    #[error("the keys to copy can't be read: {0}")]
    From(KeyringError),
    /// The other one.
    #[error("the keyring to copy to can't be used: {0}")]
    To(KeyringError),
    /// The other keyring belongs to another log.
    #[error(
        "the keyring to copy to has another key of {holder}: it must be empty, or hold keys of the same log; nothing was copied"
    )]
    Other {
        /// Whose key.
        holder: Uuid,
    },
}

/// Brings all keys and tombstones of a keyring to another one, but for those of some holders. What is there already
/// must be the same; nothing is changed before that is known. Nobody else may make keys in either meanwhile.
///
/// # Errors
/// See [`KeyCopyError`]. What was copied before an error stays, and another copy goes on from there.
pub async fn copy_keys(
    from: &dyn KeyCopying,
    to: &dyn KeyCopying,
    but_for: &BTreeSet<Uuid>,
) -> Result<CopiedKeys, KeyCopyError> {
    pass(from, to, but_for, false).await?;
    pass(from, to, but_for, true).await
}

async fn pass(
    from: &dyn KeyCopying,
    to: &dyn KeyCopying,
    but_for: &BTreeSet<Uuid>,
    writes: bool,
) -> Result<CopiedKeys, KeyCopyError> {
    let (mut came, mut after) = (CopiedKeys::default(), None);
    loop {
        let page = from.holders(after, PAGE).await.map_err(KeyCopyError::From)?;
        let Some((last, _)) = page.last() else { return Ok(came) };
        after = Some(*last);
        let mut missing = Vec::new();
        for (holder, known) in page.into_iter().filter(|(holder, _)| !but_for.contains(holder)) {
            match (known, to.find(holder).await.map_err(KeyCopyError::To)?) {
                (KeyState::Live(key), KeyState::Missing) => missing.push((holder, key)),
                (KeyState::Live(key), KeyState::Live(other)) if key != other => {
                    return Err(KeyCopyError::Other { holder });
                }
                (KeyState::Destroyed, KeyState::Live(_) | KeyState::Missing) => {
                    came.destroyed += 1;
                    if writes {
                        to.destroy(holder).await.map_err(KeyCopyError::To)?;
                    }
                }
                _ => came.held_before += 1,
            }
        }
        came.copied += missing.len() as u64;
        if writes && !missing.is_empty() {
            to.adopt(missing).await.map_err(KeyCopyError::To)?;
        }
    }
}
