//! A filter as people type it: `country = MY and (tags any vip or not tier is set) and last_in older than 3 days`.
//!
//! Behind the value of a time, `zone Europe/Berlin` may name the zone. It is the same tree in other clothes: what is typed becomes the JSON of a filter, which [`read`] reads, and what
//! [`read`] finds wrong there is told by the column at which it was typed.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::read::{Vocabulary, read};
use super::tree::Filter;
use crate::fields::Definitions;

mod emit;
mod grammar;
mod tokens;
mod words;

/// What is wrong with a phrase, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The column, in characters from 1.
    pub column: usize,
    /// What to do.
    pub message: String,
}

impl Slip {
    fn at(column: usize, message: impl Into<String>) -> Self {
        Slip { column, message: message.into() }
    }
}

/// A phrase that has the form of a filter; whether it means something is not known yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    json: Json,
    /// Columns by JSON pointer.
    columns: HashMap<String, usize>,
}

impl Phrase {
    /// Parses what was typed. Custom fields may be named without `custom.`; nothing typed is every live contact.
    ///
    /// # Errors
    /// The first thing that is not understood.
    pub fn parse(text: &str, fields: &Definitions) -> Result<Phrase, Slip> {
        let tokens = tokens::split(text)?;
        let tree = grammar::parse(&tokens, fields)?;
        let mut columns = HashMap::new();
        let json = emit::emit(&tree, &mut String::new(), &mut columns);
        Ok(Phrase { json, columns })
    }

    /// The filter as JSON.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The filter.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the columns.
    pub fn read(&self, vocabulary: Vocabulary<'_>) -> Result<Filter, Vec<Slip>> {
        read(&self.json, vocabulary).map_err(|problems| {
            let slip = |problem: crate::problem::Problem| Slip::at(self.column(&problem.pointer), problem.message);
            let mut slips: Vec<Slip> = problems.into_iter().map(slip).collect();
            slips.sort_by_key(|slip| slip.column);
            slips
        })
    }

    /// Where the innermost thing was typed that the pointer leads to or into.
    fn column(&self, pointer: &str) -> usize {
        let mut pointer = pointer;
        loop {
            if let Some(column) = self.columns.get(pointer) {
                return *column;
            }
            match pointer.rfind('/') {
                Some(end) => pointer = &pointer[..end],
                None => return 1,
            }
        }
    }
}
