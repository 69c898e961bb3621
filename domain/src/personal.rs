//! What belongs to a person, and may be erased while the fact around it stays.

/// A value that was sealed with the keys of the contacts it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Personal<T> {
    /// The keys exist: this is the value.
    Open(T),
    /// A key was destroyed (rule 18): nobody will ever read it again.
    #[default]
    Erased,
}

impl<T> Personal<T> {
    /// The value, unless it was erased.
    pub fn open(&self) -> Option<&T> {
        match self {
            Personal::Open(value) => Some(value),
            Personal::Erased => None,
        }
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Personal::Open(value)
    }
}
