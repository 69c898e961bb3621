//! What is kept in memory as bytes, to be taken up again by the same release: every structure field by field, in the order
//! in which its module names them. Whatever is read was written so, since nobody else has the key; so it is not looked at
//! with distrust, and a fault in it is an error or a wrong answer, but never unsound.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::ids::ContactId;
use roaring::RoaringBitmap;
use uuid::Uuid;

/// So much room is made at once for what is said to come, however much that is.
const ROOM: usize = 1 << 20;

/// Can be written, and read again.
pub(crate) trait Stored: Sized {
    fn store(&self, out: &mut impl Write) -> io::Result<()>;

    fn load(from: &mut impl Read) -> io::Result<Self>;
}

/// Writes and reads a structure by its fields.
macro_rules! stored {
    ($name:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::stored::Stored for $name {
            fn store(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
                $($crate::stored::Stored::store(&self.$field, out)?;)+
                Ok(())
            }

            fn load(from: &mut impl std::io::Read) -> std::io::Result<Self> {
                Ok(Self { $($field: $crate::stored::Stored::load(from)?),+ })
            }
        }
    };
}
pub(crate) use stored;

/// What was read is not what is written here.
pub(crate) fn misread(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Stored for $number {
            fn store(&self, out: &mut impl Write) -> io::Result<()> {
                out.write_all(&self.to_le_bytes())
            }

            fn load(from: &mut impl Read) -> io::Result<Self> {
                let mut bytes = [0; size_of::<$number>()];
                from.read_exact(&mut bytes)?;
                Ok(<$number>::from_le_bytes(bytes))
            }
        }
    )+};
}

numbers!(u8, u16, u32, u64, i64);

impl Stored for bool {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        u8::from(*self).store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok(u8::load(from)? != 0)
    }
}

fn store_len(len: usize, out: &mut impl Write) -> io::Result<()> {
    (len as u64).store(out)
}

fn load_len(from: &mut impl Read) -> io::Result<usize> {
    usize::try_from(u64::load(from)?).map_err(|_| misread("a length does not fit in memory"))
}

impl Stored for Box<[u8]> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        (self.len() as u32).store(out)?;
        out.write_all(self)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let len = u32::load(from)? as usize;
        if len <= ROOM {
            let mut bytes = vec![0; len];
            from.read_exact(&mut bytes)?;
            return Ok(bytes.into());
        }
        let mut bytes = Vec::with_capacity(ROOM);
        match from.take(len as u64).read_to_end(&mut bytes)? {
            read if read == len => Ok(bytes.into()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Stored for Box<str> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        (self.len() as u32).store(out)?;
        out.write_all(self.as_bytes())
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let text = String::from_utf8(Box::<[u8]>::load(from)?.into_vec());
        Ok(text.map_err(|_| misread("a text is none"))?.into())
    }
}

impl Stored for Arc<str> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        (self.len() as u32).store(out)?;
        out.write_all(self.as_bytes())
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok(Box::<str>::load(from)?.into())
    }
}

impl Stored for Box<[u32]> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        store_len(self.len(), out)?;
        self.iter().try_for_each(|number| number.store(out))
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok(Vec::<u32>::load(from)?.into())
    }
}

impl Stored for Uuid {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.as_bytes())
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let mut bytes = [0; 16];
        from.read_exact(&mut bytes)?;
        Ok(Uuid::from_bytes(bytes))
    }
}

impl Stored for ContactId {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.0.store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok(ContactId(Uuid::load(from)?))
    }
}

impl Stored for DateTime<Utc> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.timestamp().store(out)?;
        self.timestamp_subsec_nanos().store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let (seconds, nanos) = (i64::load(from)?, u32::load(from)?);
        DateTime::from_timestamp(seconds, nanos).ok_or_else(|| misread("an instant is none"))
    }
}

impl Stored for RoaringBitmap {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.serialize_into(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        // Unchecked is sound, and was written by the same library.
        RoaringBitmap::deserialize_unchecked_from(from)
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.is_some().store(out)?;
        self.iter().try_for_each(|value| value.store(out))
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok(if bool::load(from)? { Some(T::load(from)?) } else { None })
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        store_len(self.len(), out)?;
        self.iter().try_for_each(|value| value.store(out))
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let len = load_len(from)?;
        let mut values = Vec::with_capacity(len.min(ROOM));
        for _ in 0..len {
            values.push(T::load(from)?);
        }
        Ok(values)
    }
}

impl<T: Stored, const N: usize> Stored for [T; N] {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.iter().try_for_each(|value| value.store(out))
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let values: Vec<T> = (0..N).map(|_| T::load(from)).collect::<io::Result<_>>()?;
        values.try_into().map_err(|_| misread("there are too many values or too few"))
    }
}

impl<A: Stored, B: Stored> Stored for (A, B) {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.0.store(out)?;
        self.1.store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        Ok((A::load(from)?, B::load(from)?))
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        store_len(self.len(), out)?;
        self.iter().try_for_each(|(key, value)| {
            key.store(out)?;
            value.store(out)
        })
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        (0..load_len(from)?).map(|_| Stored::load(from)).collect()
    }
}

impl<T: Stored + Ord> Stored for BTreeSet<T> {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        store_len(self.len(), out)?;
        self.iter().try_for_each(|value| value.store(out))
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        (0..load_len(from)?).map(|_| T::load(from)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn again<T: Stored>(value: &T) -> T {
        let mut bytes = Vec::new();
        value.store(&mut bytes).unwrap();
        let mut rest = bytes.as_slice();
        let read = T::load(&mut rest).unwrap();
        assert!(rest.is_empty(), "{} bytes are left", rest.len());
        for cut in 0..bytes.len() {
            assert!(T::load(&mut &bytes[..cut]).is_err(), "cut off after {cut} of {} bytes", bytes.len());
        }
        read
    }

    proptest! {
        #[test]
        fn what_is_stored_is_loaded_again_and_never_what_was_cut_off(
            numbers in prop::collection::vec(any::<u64>(), 0..20),
            texts in prop::collection::btree_map(".{0,8}", prop::option::of(any::<u32>()), 0..8),
            bytes in prop::collection::vec(any::<u8>(), 0..20),
            seconds in -9_000_000_000_i64..9_000_000_000,
            nanos in 0..1_000_000_000_u32,
            members in prop::collection::btree_set(0..200_000_u32, 1..50),
        ) {
            let texts: BTreeMap<Arc<str>, Option<u32>> = texts.into_iter().map(|(key, value)| (key.into(), value)).collect();
            let at = DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap();
            let bitmap: RoaringBitmap = members.iter().copied().collect();
            prop_assert_eq!(again(&numbers), numbers);
            prop_assert_eq!(again(&texts), texts);
            prop_assert_eq!(again(&Box::<[u8]>::from(bytes.clone())), bytes.into());
            prop_assert_eq!(again(&[at, at]), [at, at]);
            prop_assert_eq!(again(&members), members);
            prop_assert_eq!(again(&(bitmap.clone(), true)), (bitmap, true));
        }
    }
}
