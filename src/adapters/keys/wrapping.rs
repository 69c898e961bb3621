//! Contacts' keys under the master key.

use aws_lc_rs::error::Unspecified;
use uuid::Uuid;

use crate::ports::SecretKey;
use crate::sealing::cipher;

/// Bytes of a key as it is stored.
pub(in crate::adapters) const WRAPPED_LEN: usize = GENERATION_LEN + 32 + cipher::OVERHEAD;
const GENERATION_LEN: usize = 4;
const PROOF: &[u8] = b"this master key opens these keys";

/// A master key, and how often it was changed before.
#[derive(Clone)]
pub(in crate::adapters) struct Master {
    pub(in crate::adapters) key: SecretKey,
    pub(in crate::adapters) generation: u32,
}

impl Master {
    /// Wraps a holder's key; it opens for this holder and this generation only.
    pub(in crate::adapters) fn wrap(&self, holder: Uuid, key: &SecretKey) -> Result<Vec<u8>, Unspecified> {
        let sealed = cipher::seal(&self.key, &self.binding(holder), &key.0)?;
        Ok([self.generation.to_be_bytes().as_slice(), &sealed].concat())
    }

    /// Opens what [`Master::wrap`] made.
    pub(in crate::adapters) fn unwrap(&self, holder: Uuid, wrapped: &[u8]) -> Result<SecretKey, Unspecified> {
        let (generation, sealed) = wrapped.split_first_chunk::<GENERATION_LEN>().ok_or(Unspecified)?;
        if u32::from_be_bytes(*generation) != self.generation {
            return Err(Unspecified);
        }
        let mut sealed = zeroize::Zeroizing::new(sealed.to_vec());
        let key = cipher::open(&self.key, &self.binding(holder), &mut sealed)?;
        Ok(SecretKey((&*key).try_into().map_err(|_| Unspecified)?))
    }

    /// Something by which the master key is known again without any holder's key.
    pub(in crate::adapters) fn proof(&self) -> Result<Vec<u8>, Unspecified> {
        cipher::seal(&self.key, &self.binding(Uuid::max()), PROOF)
    }

    /// Whether a proof was made with this key.
    pub(in crate::adapters) fn made(&self, proof: &[u8]) -> bool {
        cipher::open(&self.key, &self.binding(Uuid::max()), &mut proof.to_vec()).is_ok_and(|text| text == PROOF)
    }

    fn binding(&self, holder: Uuid) -> Vec<u8> {
        [b"dossier holder key".as_slice(), &self.generation.to_be_bytes(), holder.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_for_its_holder_and_generation_only() {
        let master = Master { key: SecretKey([1; 32]), generation: 3 };
        let holder = Uuid::from_u128(5);
        let wrapped = master.wrap(holder, &SecretKey([9; 32])).unwrap();
        assert_eq!(wrapped.len(), WRAPPED_LEN);
        assert_eq!(master.unwrap(holder, &wrapped).unwrap(), SecretKey([9; 32]));
        assert!(master.unwrap(Uuid::from_u128(6), &wrapped).is_err());
        assert!(Master { generation: 4, ..master.clone() }.unwrap(holder, &wrapped).is_err());
        assert!(Master { key: SecretKey([2; 32]), ..master }.unwrap(holder, &wrapped).is_err());
    }

    #[test]
    fn a_proof_tells_one_master_key_from_another() {
        let master = Master { key: SecretKey([1; 32]), generation: 0 };
        let proof = master.proof().unwrap();
        assert!(master.made(&proof));
        assert!(!Master { key: SecretKey([2; 32]), generation: 0 }.made(&proof));
        assert!(!Master { generation: 1, ..master }.made(&proof));
    }
}
