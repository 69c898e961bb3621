//! What is wrong with a JSON value from outside: where, which, and what would be taken instead.

use serde::Serialize;

use crate::values::Invalid;

/// How many problems of one value are told; more would only echo it.
const PROBLEMS_MAX: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// The name by which a program knows it; never changes.
    pub code: &'static str,
    /// What to do. Never repeats a value that was given.
    pub message: String,
}

/// A place in a JSON value: a chain on the stack, which costs nothing until it is written as a pointer.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    above: Option<&'p Place<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Whole,
    Beside(&'p str),
    Member(&'p str),
    Item(usize),
}

impl<'p> Place<'p> {
    /// The whole value.
    pub const WHOLE: Place<'static> = Place { above: None, step: Step::Whole };

    /// A member of an object that stands here.
    #[must_use]
    pub fn member(&'p self, name: &'p str) -> Place<'p> {
        Place { above: Some(self), step: Step::Member(name) }
    }

    /// An item of a list that stands here, from 0.
    #[must_use]
    pub fn item(&'p self, index: usize) -> Place<'p> {
        Place { above: Some(self), step: Step::Item(index) }
    }

    /// A part of the path: no pointer leads to what stands beside the value, so the message names it.
    pub fn in_path(name: &'p str) -> Self {
        Place { above: None, step: Step::Beside(name) }
    }

    /// The JSON pointer (RFC 6901).
    pub fn pointer(&self) -> String {
        let mut pointer = self.above.map(Place::pointer).unwrap_or_default();
        match self.step {
            Step::Whole | Step::Beside(_) => {}
            Step::Member(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(index) => pointer.push_str(&format!("/{index}")),
        }
        pointer
    }
}

/// All that is wrong with one value, the first hundred.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    /// Something is wrong here. The message says what would be taken.
    pub fn add(&mut self, place: &Place<'_>, code: &'static str, message: impl Into<String>) {
        if !self.is_full() {
            let message = match place.step {
                Step::Beside(name) => format!("{name} in the path: {}", message.into()),
                _ => message.into(),
            };
            self.found.push(Problem { pointer: place.pointer(), code, message });
        }
    }

    /// A text here is no value.
    pub fn invalid(&mut self, place: &Place<'_>, invalid: Invalid) {
        self.add(place, invalid.code(), invalid.to_string());
    }

    /// The value, or `None` and a note of why there is none.
    pub fn take<T>(&mut self, place: &Place<'_>, parsed: Result<T, Invalid>) -> Option<T> {
        parsed.map_err(|invalid| self.invalid(place, invalid)).ok()
    }

    /// What was found in a value that stands here.
    pub fn below(&mut self, place: &Place<'_>, found: Vec<Problem>) {
        let pointer = place.pointer();
        for problem in found {
            if !self.is_full() {
                self.found.push(Problem { pointer: format!("{pointer}{}", problem.pointer), ..problem });
            }
        }
    }

    /// Whether nothing was found so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether no more is noted.
    pub fn is_full(&self) -> bool {
        self.found.len() >= PROBLEMS_MAX
    }

    /// What was read, if nothing is wrong with it.
    ///
    /// # Errors
    /// All that was found.
    pub fn or<T>(self, read: Option<T>) -> Result<T, Vec<Problem>> {
        match read {
            Some(read) if self.found.is_empty() => Ok(read),
            _ => Err(self.found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_escapes_what_it_must() {
        let (value, name) = (Place::WHOLE, "a/b~c");
        assert_eq!(value.member(name).item(3).pointer(), "/a~1b~0c/3");
        assert_eq!(value.pointer(), "");
    }

    #[test]
    fn what_was_found_in_a_part_is_told_of_the_whole() {
        let mut inner = Problems::default();
        inner.invalid(&Place::WHOLE.item(2), Invalid::Empty);
        let mut outer = Problems::default();
        outer.below(&Place::WHOLE.member("sort"), inner.or(Some(())).unwrap_err());
        assert_eq!(outer.or(Some(())).unwrap_err()[0].pointer, "/sort/2");
    }

    #[test]
    fn a_problem_in_the_path_says_so() {
        let mut problems = Problems::default();
        problems.invalid(&Place::in_path("tag"), Invalid::Empty);
        let found = problems.or(Some(())).unwrap_err().remove(0);
        assert_eq!(found.pointer, "");
        assert!(found.message.starts_with("tag in the path: "));
    }

    #[test]
    fn a_value_with_a_problem_is_not_read_and_no_more_than_a_hundred_are_told() {
        let mut problems = Problems::default();
        for index in 0..200 {
            assert_eq!(problems.take::<()>(&Place::WHOLE.item(index), Err(Invalid::Day)), None);
        }
        let found = problems.or(Some(())).unwrap_err();
        assert_eq!((found.len(), found[99].pointer.as_str(), found[99].code), (100, "/99", "invalid_day"));
        assert_eq!(Problems::default().or(Some(1)), Ok(1));
    }
}
