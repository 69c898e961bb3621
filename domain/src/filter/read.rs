//! A filter from JSON: the tree and its limits (rule 33). Everything that is wrong is told at once.

use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::{Map, Value as Json};

use super::tree::{Filter, Node};
use crate::fields::Definitions;
use crate::problem::{Place, Problem, Problems};

mod condition;
mod operand;
mod value;

/// Where a filter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody gave it just now.
    Given,
    /// It was read before and stored: fields that were retired since and options that were taken out are no error.
    Stored,
}

/// What the words of a filter mean in its workspace.
#[derive(Clone, Copy)]
pub struct Vocabulary<'w> {
    /// The custom fields.
    pub fields: &'w Definitions,
    /// The default region, for phone numbers.
    pub region: Option<&'w str>,
    /// The zone of every condition that names none.
    pub zone: Tz,
    /// The id of the segment that a text names, by its name or its id; `None` where there is none.
    pub segment: &'w dyn Fn(&str) -> Option<Arc<str>>,
    /// Where the filter comes from.
    pub source: Source,
}

/// Reads a filter.
///
/// # Errors
/// All that is wrong with it, the first hundred.
pub fn read(json: &Json, vocabulary: Vocabulary<'_>) -> Result<Filter, Vec<Problem>> {
    let mut reader = Reader { vocabulary, problems: Problems::default(), conditions: 0 };
    let root = reader.node(json, &Place::WHOLE, 1);
    reader.problems.or(root.map(Filter))
}

/// A reading under way. Whatever gives `None` has noted a problem.
struct Reader<'w> {
    vocabulary: Vocabulary<'w>,
    problems: Problems,
    conditions: usize,
}

impl Reader<'_> {
    /// One node. Recursion ends at the greatest depth, whatever the input.
    fn node(&mut self, json: &Json, place: &Place<'_>, depth: usize) -> Option<Node> {
        if depth > Filter::DEPTH_MAX {
            return self.refuse(place, "too_deep", format!("nest filters at most {} deep", Filter::DEPTH_MAX));
        }
        let Json::Object(members) = json else {
            return self.refuse(place, "wrong_type", "give an object: all, any, not, or a condition");
        };
        let Some(name) = ["all", "any", "not"].into_iter().find(|name| members.contains_key(*name)) else {
            return self.condition(members, place).map(Node::Condition);
        };
        self.only(members, place, &[name]);
        let (inner, place) = (&members[name], place.member(name));
        match name {
            "not" => Some(Node::Not(Box::new(self.node(inner, &place, depth + 1)?))),
            "any" => Some(Node::Any(self.nodes(inner, &place, depth, false)?)),
            _ => Some(Node::All(self.nodes(inner, &place, depth, true)?)),
        }
    }

    fn nodes(&mut self, json: &Json, place: &Place<'_>, depth: usize, may_be_empty: bool) -> Option<Vec<Node>> {
        let Json::Array(items) = json else {
            return self.refuse(place, "wrong_type", "give a list of filters");
        };
        if items.is_empty() {
            self.count()?;
            let none = "give at least one filter; any of none would match nobody";
            return if may_be_empty { Some(Vec::new()) } else { self.refuse(place, "empty", none) };
        }
        let mut nodes = Vec::new();
        for (index, item) in items.iter().enumerate() {
            nodes.extend(self.node(item, &place.item(index), depth + 1));
            if self.problems.is_full() || self.conditions > Filter::CONDITIONS_MAX {
                return None;
            }
        }
        (nodes.len() == items.len()).then_some(nodes)
    }

    /// One condition more.
    fn count(&mut self) -> Option<()> {
        self.conditions += 1;
        match self.conditions.cmp(&(Filter::CONDITIONS_MAX + 1)) {
            std::cmp::Ordering::Less => Some(()),
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Equal => {
                let message = format!("give at most {} conditions", Filter::CONDITIONS_MAX);
                self.refuse(&Place::WHOLE, "too_many_conditions", message)
            }
        }
    }

    /// Refuses every member but these.
    fn only(&mut self, members: &Map<String, Json>, place: &Place<'_>, names: &[&str]) {
        for name in members.keys().filter(|name| !names.contains(&name.as_str())) {
            let message = format!("leave it out; beside {} nothing else is taken here", names.join(", "));
            self.problems.add(&place.member(name), "unknown_member", message);
        }
    }

    fn refuse<T>(&mut self, place: &Place<'_>, code: &'static str, message: impl Into<String>) -> Option<T> {
        self.problems.add(place, code, message);
        None
    }
}
