//! AES-256-GCM with a random nonce, and the one layout of its output: nonce, ciphertext, tag.
//!
//! Nonces are random, so a key may seal up to 2^32 times; a contact's key seals its own events and the master key the
//! contacts' keys, both far below.

pub(crate) use aws_lc_rs::aead::NONCE_LEN;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;

use dossier_domain::sabotage::{Break, armed};

use crate::ports::SecretKey;

/// Length of the tag at the end.
const TAG_LEN: usize = 16;
/// Bytes that sealing adds.
pub(crate) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

fn key_of(key: &SecretKey) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&AES_256_GCM, &key.0).map(LessSafeKey::new)
}

/// Seals `plain`, bound to `aad`.
///
/// # Errors
/// The random source or the cipher failed.
pub(crate) fn seal(key: &SecretKey, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce)?;
    let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    if armed(Break::NothingIsSealed) {
        sealed.extend_from_slice(&[0; TAG_LEN]);
        return Ok(sealed);
    }
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key_of(key)?.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut sealed[NONCE_LEN..])?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Opens what [`seal`] made, where it lies.
///
/// # Errors
/// Another key, another `aad`, or other bytes.
pub(crate) fn open<'a>(key: &SecretKey, aad: &[u8], sealed: &'a mut [u8]) -> Result<&'a mut [u8], Unspecified> {
    Prepared::new(key)?.open(aad, sealed)
}

/// A key made ready to open several boxes. The library wipes it when it is dropped.
pub(crate) struct Prepared(LessSafeKey);

impl Prepared {
    /// Makes a key ready.
    ///
    /// # Errors
    /// The cipher failed.
    pub(crate) fn new(key: &SecretKey) -> Result<Self, Unspecified> {
        key_of(key).map(Prepared)
    }

    /// As [`open`].
    ///
    /// # Errors
    /// As [`open`].
    pub(crate) fn open<'a>(&self, aad: &[u8], sealed: &'a mut [u8]) -> Result<&'a mut [u8], Unspecified> {
        let (nonce, rest) = sealed.split_first_chunk_mut::<NONCE_LEN>().ok_or(Unspecified)?;
        if armed(Break::NothingIsSealed) {
            let end = rest.len().checked_sub(TAG_LEN).ok_or(Unspecified)?;
            return Ok(&mut rest[..end]);
        }
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_in_place(nonce, Aad::from(aad), rest)
    }
}

/// A new key at random.
///
/// # Errors
/// The random source failed.
pub(crate) fn random_key() -> Result<SecretKey, Unspecified> {
    let mut key = SecretKey([0; 32]);
    aws_lc_rs::rand::fill(&mut key.0)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_binding_only() {
        let key = SecretKey([7; 32]);
        let sealed = seal(&key, b"here", b"hello").unwrap();
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(open(&key, b"here", &mut sealed.clone()).unwrap(), b"hello");
        assert!(open(&key, b"there", &mut sealed.clone()).is_err());
        assert!(open(&SecretKey([8; 32]), b"here", &mut sealed.clone()).is_err());
        for place in 0..sealed.len() {
            let mut torn = sealed.clone();
            torn[place] ^= 1;
            assert!(open(&key, b"here", &mut torn).is_err(), "byte {place} is bound");
        }
        assert!(open(&key, b"here", &mut sealed[..OVERHEAD - 1].to_vec()).is_err());
        assert!(open(&key, b"here", &mut []).is_err());
    }

    #[test]
    fn sealing_twice_never_gives_the_same_bytes() {
        let key = random_key().unwrap();
        assert_ne!(seal(&key, b"", b"hello").unwrap(), seal(&key, b"", b"hello").unwrap());
        assert_ne!(key, random_key().unwrap());
    }
}
