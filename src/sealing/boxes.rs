//! Sealed boxes: AES-256-GCM under the keys of one contact or two, with a random nonce in front.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::error::Unspecified;

use crate::ports::SecretKey;

/// The key that both contacts' keys make together: destroying either leaves nothing that opens the box.
pub(super) fn joined(one: (uuid::Uuid, &SecretKey), other: (uuid::Uuid, &SecretKey)) -> SecretKey {
    let (low, high) = if one.0 <= other.0 { (one.1, other.1) } else { (other.1, one.1) };
    let mut context = Context::new(&SHA256);
    context.update(b"dossier two keys");
    context.update(&low.0);
    context.update(&high.0);
    let mut key = [0; 32];
    key.copy_from_slice(context.finish().as_ref());
    SecretKey(key)
}

/// `nonce | ciphertext | tag`.
pub(super) fn seal(key: &SecretKey, bound_to: &[u8], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce)?;
    let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plain);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key.0)?);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(bound_to), &mut sealed[NONCE_LEN..])?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Opens in place and answers the plain text.
pub(super) fn open<'a>(key: &SecretKey, bound_to: &[u8], sealed: &'a mut [u8]) -> Result<&'a mut [u8], Unspecified> {
    if sealed.len() < NONCE_LEN {
        return Err(Unspecified);
    }
    let (nonce, sealed) = sealed.split_at_mut(NONCE_LEN);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key.0)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce)?;
    key.open_in_place(nonce, Aad::from(bound_to), sealed)
}
