//! Search (rule 39): terms that must each lie somewhere in what a contact shows, or a part of a phone number.

use std::borrow::Cow;

use super::subject::Subject;
use crate::fields::Typed;
use crate::values::phone::{decimal, national_prefix};
use crate::values::text::{check_characters, fold};
use crate::values::{Invalid, Unit};

/// The most terms.
const TERMS_MAX: usize = 8;
/// The fewest digits that are looked for as a phone number.
const DIGITS_MIN: usize = 3;
/// The longest query, in characters. The rules give no limit; nobody types more.
const QUERY_MAX: usize = 1_000;

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Each of these, folded, somewhere in one of the values; at least one.
    Terms(Vec<String>),
    /// A part of a phone number.
    Phone {
        /// Digits, each of which may be the part: as typed, and without the national prefix.
        digits: Vec<String>,
        /// The query as typed, which a value may hold too: an order number or a date is no phone number.
        text: String,
    },
}

impl Search {
    /// Reads a query; `None` where it asks for nothing. `region` is the workspace's default region.
    ///
    /// # Errors
    /// A control character, more than 8 terms, or more than 1,000 characters.
    pub fn read(query: &str, region: Option<&str>) -> Result<Option<Search>, Invalid> {
        let query = query.trim();
        check_characters(query, true)?;
        if query.chars().count() > QUERY_MAX {
            return Err(Invalid::TooLong { limit: QUERY_MAX, unit: Unit::Characters });
        }
        if let Some(digits) = phone_digits(query) {
            return Ok(Some(Search::Phone { digits: with_national(digits, query, region), text: fold(query) }));
        }
        let terms: Vec<String> = split(query).iter().map(|term| fold(term)).collect();
        match terms.len() {
            0 => Ok(None),
            1..=TERMS_MAX => Ok(Some(Search::Terms(terms))),
            _ => Err(Invalid::TooManyTerms),
        }
    }

    /// Whether a contact is found.
    pub fn matches(&self, subject: &Subject) -> bool {
        let values: Vec<String> = subject.searched().iter().map(|value| fold(value)).collect();
        let lies_somewhere = |term: &String| values.iter().any(|value| value.contains(term.as_str()));
        match self {
            Search::Terms(terms) => terms.iter().all(lies_somewhere),
            Search::Phone { digits, text } => {
                let phones = subject.searched_phones();
                let is_part = |part: &String| phones.iter().any(|phone| phone.contains(part.as_str()));
                lies_somewhere(text) || digits.iter().any(is_part)
            }
        }
    }
}

impl Subject {
    /// What is searched: names, emails, phones, handles, tags, company, and custom fields by their canonical text.
    pub fn searched(&self) -> Vec<Cow<'_, str>> {
        let mut values = self.searched_texts();
        let others = self
            .custom
            .values()
            .filter(|value| !matches!(value, Typed::Text(_) | Typed::Option(_) | Typed::Boolean(_)));
        values.extend(others.flat_map(Typed::canonical));
        values
    }

    /// The digits of every text searched that is written like a phone number; a handle is one as often as not.
    pub fn searched_phones(&self) -> Vec<String> {
        self.searched_texts().iter().filter_map(|text| phone_digits(text)).collect()
    }

    /// Those of the searched values that are text, in which a phone number may stand.
    fn searched_texts(&self) -> Vec<Cow<'_, str>> {
        let single = [&self.first_name, &self.last_name, &self.email, &self.phone, &self.company];
        let single = single.into_iter().flatten().chain([&self.display_name]);
        let several = self.other_emails.iter().chain(&self.other_phones).chain(&self.handles).chain(self.tags.keys());
        let options = self.custom_sets.values().flatten();
        let custom = self.custom.values().filter_map(|value| match value {
            Typed::Text(text) | Typed::Option(text) => Some(text),
            _ => None,
        });
        single.chain(several).chain(options).chain(custom).map(|text| Cow::Borrowed(&**text)).collect()
    }
}

/// The digits of a text of digits and `+()-./ ` alone, if they are enough.
pub fn phone_digits(text: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text.chars() {
        match decimal(c) {
            Some(digit) => digits.push(digit),
            None if "+()-./".contains(c) || c.is_whitespace() => {}
            None => return None,
        }
    }
    (digits.len() >= DIGITS_MIN).then_some(digits)
}

/// The digits, and without the prefix that is dialled within the region only. After `+` there is none.
fn with_national(digits: String, query: &str, region: Option<&str>) -> Vec<String> {
    let prefix = region.and_then(national_prefix).filter(|prefix| !prefix.is_empty() && !query.starts_with('+'));
    let bare = prefix.and_then(|prefix| digits.strip_prefix(prefix)).filter(|bare| !bare.is_empty());
    let bare = bare.map(str::to_owned);
    [digits].into_iter().chain(bare).collect()
}

/// Terms at white space; quotes hold together what is between them, and one that is not closed holds all that follows.
fn split(query: &str) -> Vec<String> {
    let (mut terms, mut term, mut quoted) = (Vec::new(), String::new(), false);
    for c in query.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if c.is_whitespace() && !quoted => terms.push(std::mem::take(&mut term)),
            _ => term.push(c),
        }
    }
    terms.push(term);
    terms.retain(|term| !term.trim().is_empty());
    terms
}
