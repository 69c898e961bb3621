//! The tree as the JSON of a filter, and at which column each part of it was typed.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::grammar::{At, Tree, Value};

/// Columns by JSON pointer.
type Columns = HashMap<String, usize>;

/// The JSON of a node at a pointer. Recursion is safe: the grammar bounds the depth.
pub(super) fn emit(tree: &Tree, pointer: &mut String, columns: &mut Columns) -> Json {
    match tree {
        Tree::All(nodes, column) => list("all", nodes, *column, pointer, columns),
        Tree::Any(nodes, column) => list("any", nodes, *column, pointer, columns),
        Tree::Not(node, column) => {
            columns.insert(pointer.clone(), *column);
            let inner = below(pointer, "not", |pointer| emit(node, pointer, columns));
            Map::from_iter([("not".to_owned(), inner)]).into()
        }
        Tree::Condition { field, op, value, zone } => {
            columns.insert(pointer.clone(), field.column);
            columns.insert(format!("{pointer}/field"), field.column);
            columns.insert(format!("{pointer}/op"), op.column);
            let mut members = Map::new();
            members.insert("field".into(), field.what.as_str().into());
            members.insert("op".into(), op.what.name().into());
            let value = below(pointer, "value", |pointer| emit_value(value, pointer, columns));
            members.extend(value.map(|value| ("value".to_owned(), value)));
            if let Some(zone) = zone {
                columns.insert(format!("{pointer}/zone"), zone.column);
                members.insert("zone".into(), zone.what.clone());
            }
            members.into()
        }
    }
}

fn list(name: &str, nodes: &[Tree], column: usize, pointer: &mut String, columns: &mut Columns) -> Json {
    columns.insert(pointer.clone(), column);
    let items = below(pointer, name, |pointer| {
        let item =
            |(index, node): (usize, &Tree)| below(pointer, &index.to_string(), |pointer| emit(node, pointer, columns));
        nodes.iter().enumerate().map(item).collect::<Vec<_>>()
    });
    Map::from_iter([(name.to_owned(), Json::from(items))]).into()
}

fn emit_value(value: &Value, pointer: &mut String, columns: &mut Columns) -> Option<Json> {
    let mut place = |pointer: String, at: &At<Json>| {
        columns.insert(pointer, at.column);
        at.what.clone()
    };
    match value {
        Value::None => None,
        Value::One(one) => Some(place(pointer.clone(), one)),
        Value::Many(many, column) => {
            let items = many.iter().enumerate().map(|(index, one)| place(format!("{pointer}/{index}"), one));
            let items = items.collect::<Vec<_>>();
            columns.insert(pointer.clone(), *column);
            Some(items.into())
        }
        Value::Span { amount, unit } => {
            let members = [("amount", amount), ("unit", unit)];
            let placed = members.map(|(name, at)| (name.to_owned(), place(format!("{pointer}/{name}"), at)));
            columns.insert(pointer.clone(), amount.column);
            Some(Map::from_iter(placed).into())
        }
    }
}

/// Works one step further down, and comes back.
fn below<T>(pointer: &mut String, step: &str, work: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    let done = work(pointer);
    pointer.truncate(length);
    done
}
