//! The one filter tree as SQL over the tables for analysts, with searches, sorts and pages (rules 33-39). What it means is what the
//! reference evaluator says; the tests hold it against that.
//!
//! To SQL a comparison with an absent value is unknown. That is as good as false under `all` and `any`, and the
//! complement is written so that it takes the unknown for false too. Days, spans and zones are reckoned here: the server
//! compares instants, numbers and texts byte by byte, and needs no zones of its own.

mod column;
mod condition;
mod page;
mod place;
mod search;
mod set;
mod sort;
mod sql;
mod time;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::filter::{Condition, Node, SetField, Setting};
use tokio_postgres::types::Type;

pub(super) use self::page::{Statement, page, read};
use self::sql::{Sql, Values, sql};
pub(super) use self::time::{day, fixed};

/// A statement in the making.
struct Compiler<'a> {
    setting: Setting<'a>,
    now: DateTime<Utc>,
    values: Values,
    /// The workspace, bound.
    workspace: Sql,
    /// Keys of custom fields that are bound already.
    keys: BTreeMap<Arc<str>, Sql>,
}

impl<'a> Compiler<'a> {
    fn new(workspace: &str, setting: Setting<'a>, now: DateTime<Utc>) -> Self {
        let mut values = Values::default();
        let workspace = values.bind(workspace.to_owned(), Type::TEXT);
        Compiler { setting, now, values, workspace, keys: BTreeMap::new() }
    }

    /// True for those whom a node lets pass; false or unknown for the rest. Recursion is safe: no filter is deep.
    fn node(&mut self, node: &Node) -> Sql {
        match node {
            Node::All(nodes) => self.joined(nodes, " and ", "true"),
            Node::Any(nodes) => self.joined(nodes, " or ", "false"),
            Node::Not(node) => sql!["(", self.node(node), " is not true)"],
            Node::Condition(condition) => self.condition(condition),
        }
    }

    fn joined(&mut self, nodes: &[Node], by: &'static str, of_none: &'static str) -> Sql {
        if nodes.is_empty() {
            return of_none.into();
        }
        // The server asks in this order: what looks into another table comes last.
        let mut ordered: Vec<&Node> = nodes.iter().collect();
        ordered.sort_by_key(|node| looks_elsewhere(node));
        let nodes: Vec<Sql> = ordered.into_iter().map(|node| self.node(node)).collect();
        sql!["(", Sql::joined(nodes, by), ")"]
    }
}

/// Whether more than the row of the contact must be looked at.
fn looks_elsewhere(node: &Node) -> bool {
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().any(looks_elsewhere),
        Node::Not(node) => looks_elsewhere(node),
        Node::Condition(Condition::Set { field, .. }) => !matches!(field, SetField::Custom(_)),
        Node::Condition(_) => false,
    }
}
