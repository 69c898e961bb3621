//! Where in a body something stands, and what is wrong there. A place is a chain on the stack: it costs nothing until
//! it is written as a JSON pointer.

use dossier_domain::values::Invalid;

use crate::app::FieldError;

/// How many errors of one body are reported; more would only echo it.
const ERRORS_MAX: usize = 100;

/// A place in a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    /// The whole body.
    Whole,
    /// A part of the path, which no pointer into the body leads to.
    Path(&'p str),
    Member(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    /// The whole body.
    pub(super) const WHOLE: Place<'static> = Place { above: None, step: Step::Whole };

    /// A member of an object that stands here.
    pub(super) fn member(&'p self, name: &'p str) -> Place<'p> {
        Place { above: Some(self), step: Step::Member(name) }
    }

    /// An item of a list that stands here, from 0.
    pub(super) fn item(&'p self, index: usize) -> Place<'p> {
        Place { above: Some(self), step: Step::Item(index) }
    }

    /// A part of the path.
    pub(super) fn path(name: &'p str) -> Self {
        Place { above: None, step: Step::Path(name) }
    }

    /// The JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        let mut pointer = self.above.map(Place::pointer).unwrap_or_default();
        match self.step {
            Step::Whole | Step::Path(_) => {}
            Step::Member(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(index) => pointer.push_str(&format!("/{index}")),
        }
        pointer
    }
}

/// All that is wrong with one body.
#[derive(Debug, Default)]
pub(super) struct Errors {
    found: Vec<FieldError>,
}

impl Errors {
    /// Something is wrong here. The message says what would be taken, never what was given.
    pub(super) fn add(&mut self, place: &Place<'_>, code: &'static str, message: impl Into<String>) {
        if !self.is_full() {
            let message = match place.step {
                Step::Path(name) => format!("{name} in the path: {}", message.into()),
                _ => message.into(),
            };
            self.found.push(FieldError { pointer: place.pointer(), code, message });
        }
    }

    /// A text here is no value.
    pub(super) fn invalid(&mut self, place: &Place<'_>, invalid: Invalid) {
        self.add(place, invalid.code(), invalid.to_string());
    }

    /// All that was found, if anything was.
    pub(super) fn into_found(self) -> Option<Vec<FieldError>> {
        (!self.found.is_empty()).then_some(self.found)
    }

    /// Whether nothing was found so far.
    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether no more is noted.
    pub(super) fn is_full(&self) -> bool {
        self.found.len() >= ERRORS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_it_must() {
        let (body, name) = (Place::WHOLE, "a/b~c");
        let list = body.member(name);
        assert_eq!(list.item(3).pointer(), "/a~1b~0c/3");
        assert_eq!(body.pointer(), "");
    }

    #[test]
    fn an_error_in_the_path_says_so() {
        let mut errors = Errors::default();
        errors.invalid(&Place::path("tag"), Invalid::Empty);
        let found = errors.into_found().unwrap().remove(0);
        assert_eq!(found.pointer, "");
        assert!(found.message.starts_with("tag in the path: "));
    }
}
