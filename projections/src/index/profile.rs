//! One number for all that a contact shows of text, tags, channels and custom fields: messages change none of it, and
//! comparing numbers is much less work than comparing all of it.

use std::hash::{BuildHasher, Hash, Hasher};

use dossier_domain::fields::Typed;
use dossier_domain::filter::Subject;
use hashbrown::DefaultHashBuilder;

/// Numbers for profiles. They differ from process to process, so that nobody can prepare two profiles that share one.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    hashes: Vec<u64>,
    builder: DefaultHashBuilder,
}

impl Profiles {
    /// Whether it is another one than before, or the first.
    pub(super) fn put(&mut self, ordinal: u32, subject: &Subject, is_new: bool) -> bool {
        let hash = self.builder.hash_one(Profile(subject));
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
