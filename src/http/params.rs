//! Query parameters, read as strictly as bodies: what nobody asked for is refused.

use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;
use dossier_domain::values::Invalid;

use crate::api::problem::Problem;
use crate::app::FieldError;

/// The longest page.
pub(super) const LIMIT_MAX: usize = 1_000;
/// The usual page.
const LIMIT_USUAL: usize = 100;

/// The parameters of a request that were not asked for yet, and what was wrong with those that were.
#[derive(Debug, Default)]
pub(super) struct Params {
    given: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl Params {
    pub(super) fn of(uri: &Uri) -> Self {
        match Query::<Vec<(String, String)>>::try_from_uri(uri) {
            Ok(Query(given)) => Params { given, errors: Vec::new() },
            Err(_) => {
                let mut params = Params { given: Vec::new(), errors: Vec::new() };
                params.wrong("the query", "malformed_query", "write name=value pairs, percent-encoded");
                params
            }
        }
    }

    /// Notes that a parameter is wrong.
    pub(super) fn wrong(&mut self, name: &str, code: &'static str, message: &str) {
        self.errors.push(FieldError {
            pointer: String::new(),
            code,
            message: format!("{name} in the query: {message}"),
        });
    }

    /// A parameter as it is. Given twice, it is wrong.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        let mut found = self.all(name);
        if found.len() > 1 {
            self.wrong(name, "duplicate_parameter", "give this once");
        }
        found.pop()
    }

    /// All values of a parameter that may be repeated.
    fn all(&mut self, name: &str) -> Vec<String> {
        let (found, rest) = std::mem::take(&mut self.given).into_iter().partition(|(own, _)| own == name);
        self.given = rest;
        found.into_iter().map(|(_, value): (String, String)| value).collect()
    }

    /// The values of a parameter that is repeated or a list with commas.
    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let all = self.all(name);
        let parts = all.iter().flat_map(|value| value.split(','));
        parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// A parameter that a parser takes.
    pub(super) fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        match parse(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(invalid) => {
                self.wrong(name, invalid.code(), &invalid.to_string());
                None
            }
        }
    }

    /// A whole number.
    pub(super) fn number<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let number = self.text(name)?.parse().ok();
        if number.is_none() {
            self.wrong(name, "wrong_type", "write a whole number that is not negative");
        }
        number
    }

    /// Whether something is wanted that is not by itself.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.wrong(name, "unknown_value", "write true or false");
                false
            }
        }
    }

    /// How long a page may be.
    pub(super) fn limit(&mut self) -> usize {
        match self.number("limit") {
            None => LIMIT_USUAL,
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => limit,
            Some(_) => {
                self.wrong("limit", "out_of_range", "give a number from 1 to 1000");
                LIMIT_USUAL
            }
        }
    }

    /// Refuses what was wrong, and what nobody asked for.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        let left: Vec<String> = self.given.drain(..).map(|(name, _)| name).take(20).collect();
        for name in left {
            self.wrong(&name, "unknown_parameter", "leave this out; nothing here has this name");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}
