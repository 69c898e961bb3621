//! One value of a condition, by the field that it is compared with: in its one form (rule 6), or refused.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde_json::Value as Json;

use super::operand::One;
use super::{Reader, Source};
use crate::fields::option;
use crate::filter::field::{CodeField, SetField, TextForm};
use crate::filter::time::{Day, Moment};
use crate::filter::tree::Folded;
use crate::filter::word::Word;
use crate::values::channel::parse_channel;
use crate::values::country::parse_country;
use crate::values::email::{Email, parse_email};
use crate::values::language::parse_language;
use crate::values::number::parse_number;
use crate::values::phone::{Phone, parse_digits, parse_phone};
use crate::values::tag::parse_tag;
use crate::values::text::{TextRule, nfc, parse_needed_text, parse_url};
use crate::values::time::{parse_day, parse_time, parse_time_of_day};
use crate::values::{Invalid, Unit};

impl Reader<'_> {
    /// A whole text.
    pub(super) fn text_of(&mut self, form: TextForm, one: One<'_>) -> Option<Folded> {
        let parse = |text: &str| match form {
            TextForm::Plain => parse_needed_text(text, TextRule::COMMENT),
            TextForm::Email => parse_email(text).map(Email::into_text),
            TextForm::Url => parse_url(text),
        };
        self.parsed(one, "a text", parse).map(Folded::new)
    }

    /// A part of a text. Its white space is kept: it may be what is looked for.
    pub(super) fn text_part(&mut self, one: One<'_>) -> Option<Folded> {
        self.parsed(one, "a text", parse_part).map(Folded::new)
    }

    pub(super) fn phone(&mut self, one: One<'_>) -> Option<Arc<str>> {
        let region = self.vocabulary.region;
        self.parsed(one, "a phone number as text", |text| parse_phone(text, region).map(Phone::into_text))
    }

    /// A part of a phone number: digits alone, for nothing else is in all of them.
    pub(super) fn phone_digits(&mut self, one: One<'_>) -> Option<Arc<str>> {
        self.parsed(one, "digits as text", parse_digits)
    }

    pub(super) fn code_of(&mut self, field: &CodeField, one: One<'_>) -> Option<Arc<str>> {
        match field {
            CodeField::Country => self.parsed(one, "a country as text", |text| parse_country(text).map(Arc::from)),
            CodeField::Language => self.parsed(one, "a language as text", parse_language),
            CodeField::Source | CodeField::LastChannel => self.parsed(one, "a channel as text", parse_channel),
            CodeField::Assignee => {
                self.parsed(one, "an assignee as text", |text| parse_needed_text(text, TextRule::ASSIGNEE))
            }
            CodeField::Custom(key) => self.option_of(key, one),
        }
    }

    pub(super) fn word<W: Word>(&mut self, one: One<'_>) -> Option<W> {
        let meant = one.json.as_str().and_then(W::meant_by);
        if meant.is_none() {
            let words = W::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            self.problems.add(one.place, "unknown_option", format!("give one of {words}"));
        }
        meant
    }

    pub(super) fn number(&mut self, one: One<'_>) -> Option<f64> {
        match one.json {
            Json::Number(number) => self.problems.take(one.place, parse_number(number)),
            _ => self.refuse(one.place, "wrong_type", "give a number"),
        }
    }

    pub(super) fn time_of_day(&mut self, one: One<'_>) -> Option<NaiveTime> {
        self.parsed(one, "a time of day as text, such as \"09:30\"", parse_time_of_day)
    }

    pub(super) fn date(&mut self, one: One<'_>) -> Option<NaiveDate> {
        self.parsed(one, "a day as text, such as \"2026-03-01\"", parse_day)
    }

    pub(super) fn day(&mut self, zone: Tz, one: One<'_>) -> Option<Day> {
        self.date(one).map(|date| Day { date, zone })
    }

    pub(super) fn moment(&mut self, zone: Tz, one: One<'_>) -> Option<Moment> {
        let parse = |text: &str| match (parse_day(text), parse_time(text)) {
            (Ok(date), _) => Ok(Moment::Day(Day { date, zone })),
            (_, Ok(instant)) => Ok(Moment::Instant(instant)),
            (Err(Invalid::TimeRange), _) | (_, Err(Invalid::TimeRange)) => Err(Invalid::TimeRange),
            _ => Err(Invalid::Moment),
        };
        self.parsed(one, "a day or a time as text", parse)
    }

    pub(super) fn member_of(&mut self, field: &SetField, one: One<'_>) -> Option<Arc<str>> {
        match field {
            // A key that was stored may be longer than a tag, for folding lengthens some texts.
            SetField::Tags if self.vocabulary.source == Source::Stored => {
                self.parsed(one, "a tag as text", |text| Ok(Arc::from(text)))
            }
            SetField::Tags => self.parsed(one, "a tag as text", |text| parse_tag(text).map(|tag| tag.key)),
            SetField::Channels => self.parsed(one, "a channel as text", parse_channel),
            SetField::Custom(key) => self.option_of(key, one),
            SetField::Segment => {
                let name = self.parsed(one, "a segment as text", |text| Ok(Arc::<str>::from(text)))?;
                let found = (self.vocabulary.segment)(&name);
                found.or_else(|| self.refuse(one.place, "unknown_segment", "name a segment of this workspace"))
            }
        }
    }

    /// An option of a custom list; of a stored filter also one that was taken out of the list since.
    fn option_of(&mut self, key: &str, one: One<'_>) -> Option<Arc<str>> {
        let text = self.parsed(one, "an option as text", |text| parse_needed_text(text, TextRule::NAME))?;
        let definition = self.vocabulary.fields.get(key)?;
        match (self.vocabulary.source, definition.option(&text)) {
            (Source::Stored, None) => Some(text),
            _ => option(definition, &text, one.place, &mut self.problems),
        }
    }

    fn parsed<V>(&mut self, one: One<'_>, wanted: &str, parse: impl Fn(&str) -> Result<V, Invalid>) -> Option<V> {
        match one.json {
            Json::String(text) => self.problems.take(one.place, parse(text)),
            _ => self.refuse(one.place, "wrong_type", format!("give {wanted}")),
        }
    }
}

/// NFC and otherwise as given.
fn parse_part(text: &str) -> Result<Arc<str>, Invalid> {
    const LIMIT: usize = TextRule::COMMENT.limit;
    let part = nfc(text);
    match part.chars().count() {
        0 => Err(Invalid::Empty),
        length if length > LIMIT => Err(Invalid::TooLong { limit: LIMIT, unit: Unit::Characters }),
        _ if part.contains('\0') => Err(Invalid::Nul),
        _ => Ok(part.into()),
    }
}
