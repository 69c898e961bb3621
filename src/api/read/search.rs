//! A search for contacts: the filter, what is searched for, the order, the columns and the page.

use dossier_domain::filter::{Filter, Search, Sort, Vocabulary, read as read_filter};
use dossier_domain::problem::{Place, Problem, Problems};
use dossier_domain::values::time::parse_time;
use serde_json::{Map, Value, json};

use super::ReadError;
use super::json::{Json, parse};
use crate::app::query::{Column, SearchQuery};

/// Contacts on a page that says nothing of it.
const LIMIT_USUAL: u64 = 100;
/// The most contacts on a page.
const LIMIT_MAX: u64 = 1_000;

/// Reads the body of a search; none at all asks for every live contact.
///
/// # Errors
/// All that is wrong with it.
pub fn search(body: &[u8], vocabulary: Vocabulary<'_>) -> Result<SearchQuery, ReadError> {
    let body = if body.is_empty() { Json::Object(Vec::new()) } else { parse(body)? };
    let mut problems = Problems::default();
    let body = plain(body, &Place::WHOLE, &mut problems);
    let query = match body {
        Value::Object(members) => Reader { members, problems: &mut problems, vocabulary }.query(),
        _ => refuse(&mut problems, &Place::WHOLE, "wrong_type", "give an object"),
    };
    problems.or(query).map_err(ReadError::Invalid)
}

/// The `sort` of a body out of fields as they are written in one line: a hyphen stands before those that descend. `None`
/// of none.
pub fn sort_by<F: AsRef<str>>(fields: &[F], name_of: impl Fn(&str) -> String) -> Option<Value> {
    let key = |field: &F| match field.as_ref().trim().strip_prefix('-') {
        Some(field) => json!({"by": name_of(field), "order": "desc"}),
        None => json!({"by": name_of(field.as_ref().trim())}),
    };
    (!fields.is_empty()).then(|| fields.iter().map(key).collect())
}

/// The value as the domain reads it. A member that is given twice is told, and its first value kept.
pub(super) fn plain(json: Json<'_>, place: &Place<'_>, problems: &mut Problems) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Boolean(yes) => yes.into(),
        Json::Whole(number) => number.into(),
        Json::Negative(number) => number.into(),
        Json::Number(number) => number.into(),
        Json::Text(text) => text.into_owned().into(),
        Json::List(items) => {
            let item = |(index, item)| plain(item, &place.item(index), problems);
            items.into_iter().enumerate().map(item).collect::<Vec<_>>().into()
        }
        Json::Object(members) => {
            let mut read = Map::new();
            for (name, value) in members {
                let place = place.member(&name);
                if read.contains_key(&*name) {
                    problems.add(&place, "duplicate_member", "give this member once");
                } else {
                    let value = plain(value, &place, problems);
                    read.insert(name.into_owned(), value);
                }
            }
            read.into()
        }
    }
}

/// The body under way. What is `None` was noted.
struct Reader<'r, 'w> {
    members: Map<String, Value>,
    problems: &'r mut Problems,
    vocabulary: Vocabulary<'w>,
}

impl Reader<'_, '_> {
    fn query(mut self) -> Option<SearchQuery> {
        let filter = self.filter();
        let search = self.search();
        let sort = self.sort();
        let columns = self.columns();
        let limit = self.limit();
        let cursor = self.text("cursor");
        let count = self.flag("count");
        let now = self.text("now").map(|text| match text {
            None => Some(None),
            Some(text) => self.problems.take(&Place::WHOLE.member("now"), parse_time(&text)).map(Some),
        });
        for name in self.members.keys() {
            let message = "leave out this member; nothing here has this name";
            self.problems.add(&Place::WHOLE.member(name), "unknown_member", message);
        }
        Some(SearchQuery {
            filter: filter?,
            search: search?,
            sort: sort?,
            columns: columns?,
            limit: limit?,
            cursor: cursor?,
            count: count?,
            now: now??,
        })
    }

    /// A member that was given and is not null.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    fn wrong_type<T>(&mut self, name: &str, wanted: &str) -> Option<T> {
        refuse(self.problems, &Place::WHOLE.member(name), "wrong_type", format!("give {wanted}"))
    }

    /// Takes over what was found wrong below a member.
    fn below<T>(&mut self, name: &str, read: Result<T, Vec<Problem>>) -> Option<T> {
        read.map_err(|found| self.problems.below(&Place::WHOLE.member(name), found)).ok()
    }

    fn filter(&mut self) -> Option<Filter> {
        match self.take("filter") {
            None => Some(Filter::everyone()),
            Some(json) => {
                let read = read_filter(&json, self.vocabulary);
                self.below("filter", read)
            }
        }
    }

    fn search(&mut self) -> Option<Option<Search>> {
        let Some(text) = self.text("search")? else { return Some(None) };
        let read = Search::read(&text, self.vocabulary.region);
        self.problems.take(&Place::WHOLE.member("search"), read)
    }

    fn sort(&mut self) -> Option<Sort> {
        match self.take("sort") {
            None => Some(Sort::default()),
            Some(json) => {
                let read = Sort::read(&json, self.vocabulary.fields);
                self.below("sort", read)
            }
        }
    }

    fn columns(&mut self) -> Option<Vec<Column>> {
        let Some(columns) = self.take("columns") else { return Some(Column::usual()) };
        let Value::Array(names) = columns else { return self.wrong_type("columns", "a list of names") };
        let place = Place::WHOLE.member("columns");
        let mut read = Vec::with_capacity(names.len());
        for (index, name) in names.iter().enumerate() {
            let place = place.item(index);
            let column = match name {
                Value::String(name) => self.column(name, &place),
                _ => refuse(self.problems, &place, "wrong_type", "give the name of a column"),
            };
            read.extend(column);
        }
        (read.len() == names.len()).then_some(read)
    }

    fn column(&mut self, name: &str, place: &Place<'_>) -> Option<Column> {
        if let Some(member) = Column::MEMBERS.into_iter().find(|member| *member == name) {
            return Some(Column::Member(member));
        }
        let key = name.strip_prefix("custom.").and_then(|key| self.vocabulary.fields.in_use(key));
        match key {
            Some(definition) => Some(Column::Custom(definition.key.clone())),
            None => refuse(
                self.problems,
                place,
                "unknown_field",
                "name a member of the contact, or a custom field in use as custom.<key>",
            ),
        }
    }

    fn limit(&mut self) -> Option<usize> {
        match self.take("limit").map_or(Some(LIMIT_USUAL), |limit| limit.as_u64()) {
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => usize::try_from(limit).ok(),
            _ => refuse(
                self.problems,
                &Place::WHOLE.member("limit"),
                "out_of_range",
                "give a whole number from 1 to 1000",
            ),
        }
    }

    fn text(&mut self, name: &str) -> Option<Option<String>> {
        match self.take(name) {
            None => Some(None),
            Some(Value::String(text)) => Some(Some(text)),
            Some(_) => self.wrong_type(name, "text"),
        }
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        match self.take(name) {
            None => Some(false),
            Some(Value::Bool(yes)) => Some(yes),
            Some(_) => self.wrong_type(name, "true or false"),
        }
    }
}

fn refuse<T>(problems: &mut Problems, place: &Place<'_>, code: &'static str, message: impl Into<String>) -> Option<T> {
    problems.add(place, code, message);
    None
}
