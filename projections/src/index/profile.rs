//! One number for all that a contact shows of text, tags, channels and custom fields: messages change none of it, and
//! comparing numbers is much less work than comparing all of it.

use std::hash::{BuildHasher, Hash, Hasher};
use std::io::{self, Read, Write};

use dossier_domain::fields::Typed;
use dossier_domain::filter::Subject;
use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;
use hashbrown::DefaultHashBuilder;

use crate::stored::Stored;

/// Numbers for profiles. They differ from index to index, so that nobody can prepare two profiles that share one.
#[derive(Debug)]
pub(super) struct Profiles {
    hashes: Vec<u64>,
    /// At random; stored with what it made, so that whoever comes next after a start is compared with that.
    seed: u64,
    spread: SharedSeed,
}

impl Default for Profiles {
    fn default() -> Self {
        let random = DefaultHashBuilder::default();
        Profiles::of(Vec::new(), random.hash_one(random.hash_one(0)))
    }
}

impl Stored for Profiles {
    fn store(&self, out: &mut impl Write) -> io::Result<()> {
        self.seed.store(out)?;
        self.hashes.store(out)
    }

    fn load(from: &mut impl Read) -> io::Result<Self> {
        let (seed, hashes) = Stored::load(from)?;
        Ok(Profiles::of(hashes, seed))
    }
}

impl Profiles {
    fn of(hashes: Vec<u64>, seed: u64) -> Self {
        Profiles { hashes, seed, spread: SharedSeed::from_u64(seed) }
    }

    /// Whether it is another one than before, or the first.
    pub(super) fn put(&mut self, ordinal: u32, subject: &Subject, is_new: bool) -> bool {
        let mut hasher = FoldHasher::with_seed(self.seed, &self.spread);
        Profile(subject).hash(&mut hasher);
        let hash = hasher.finish();
        let index = ordinal as usize;
        if self.hashes.len() <= index {
            self.hashes.resize(index + 1, 0);
        }
        let before = std::mem::replace(&mut self.hashes[index], hash);
        is_new || before != hash
    }

    /// Whatever comes next is another one.
    pub(super) fn forget_all(&mut self) {
        self.hashes.iter_mut().for_each(|hash| *hash = hash.wrapping_add(1));
    }

    pub(super) fn memory(&self) -> usize {
        self.hashes.capacity() * size_of::<u64>()
    }
}

struct Profile<'s>(&'s Subject);

impl Hash for Profile<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let subject = self.0;
        (&subject.first_name, &subject.last_name, &subject.display_name).hash(state);
        (&subject.email, &subject.phone, &subject.company).hash(state);
        (&subject.tags, &subject.channels, &subject.custom_sets).hash(state);
        (&subject.other_emails, &subject.other_phones, &subject.handles).hash(state);
        for (key, value) in &subject.custom {
            key.hash(state);
            hash_value(value, state);
        }
    }
}

fn hash_value(value: &Typed, state: &mut impl Hasher) {
    std::mem::discriminant(value).hash(state);
    match value {
        Typed::Text(text) | Typed::Option(text) => text.hash(state),
        Typed::Number(number) => number.to_bits().hash(state),
        Typed::Boolean(yes) => yes.hash(state),
        Typed::Date(day) => day.hash(state),
        Typed::Instant(instant) => instant.hash(state),
        Typed::Time(time) => time.hash(state),
        Typed::Options(options) => options.hash(state),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use dossier_domain::compose::{Forest, view};
    use dossier_domain::fields::Definitions;
    use dossier_domain::filter::Setting;
    use dossier_domain::ids::ContactId;
    use dossier_domain::state::{Contact, Life};
    use uuid::Uuid;

    use super::*;

    fn subject(number: u128) -> Subject {
        let contact = Contact { life: Life::Live, ..Contact::absent(ContactId(Uuid::from_u128(number))) };
        let shown = view(&Forest::new(), &contact, None);
        Subject::new(&shown, Setting { fields: &Definitions::default(), active_days: 30 }, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn numbers_differ_from_index_to_index_and_stay_when_one_is_stored_and_loaded() {
        let (mut one, mut other) = (Profiles::default(), Profiles::default());
        let grace = Subject { first_name: Some("Grace".into()), ..subject(1) };
        assert!(one.put(0, &grace, true) && other.put(0, &grace, true));
        assert_ne!(one.hashes, other.hashes);
        let mut bytes = Vec::new();
        one.store(&mut bytes).unwrap();
        let mut loaded = Profiles::load(&mut bytes.as_slice()).unwrap();
        assert!(!loaded.put(0, &grace, false), "it is the same profile as before");
        assert!(loaded.put(0, &subject(1), false));
    }
}
