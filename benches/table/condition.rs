//! One condition in two languages: as a filter of ours, and as SQL that means the same.

use serde_json::{Value as Json, json};

use super::shared::workspace::END;

/// A filter and its SQL.
#[derive(Clone)]
pub(crate) struct Condition {
    pub(crate) json: Json,
    pub(crate) sql: String,
}

/// A text as SQL writes it.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// Where a field is found in the table of Postgres; its expressions are those of the indexes.
fn column(field: &str) -> String {
    match field {
        "custom.score" => "((custom->>'score')::float8)".to_owned(),
        "company" => "company_folded".to_owned(),
        _ => match field.strip_prefix("custom.") {
            Some(key) => format!("(custom->>'{key}')"),
            None => field.to_owned(),
        },
    }
}

impl Condition {
    fn leaf(field: &str, op: &str, value: Json, compared: &str) -> Self {
        let json = json!({"field": field, "op": op, "value": value});
        Condition { json, sql: format!("{} {compared}", column(field)) }
    }

    pub(crate) fn everyone() -> Self {
        Condition { json: json!({"all": []}), sql: "true".to_owned() }
    }

    pub(crate) fn is(field: &str, value: &str) -> Self {
        Condition::leaf(field, "eq", json!(value), &format!("= {}", quoted(value)))
    }

    pub(crate) fn is_not(field: &str, value: &str) -> Self {
        Condition::leaf(field, "ne", json!(value), &format!("<> {}", quoted(value)))
    }

    pub(crate) fn is_one_of(field: &str, values: &[String]) -> Self {
        Condition::leaf(field, "in", json!(values), &format!("IN ({})", list(values)))
    }

    pub(crate) fn is_none_of(field: &str, values: &[String]) -> Self {
        Condition::leaf(field, "nin", json!(values), &format!("NOT IN ({})", list(values)))
    }

    pub(crate) fn is_unset(field: &str) -> Self {
        let json = json!({"field": field, "op": "is_unset"});
        Condition { json, sql: format!("{} IS NULL", column(field)) }
    }

    pub(crate) fn is_false(field: &str) -> Self {
        let json = json!({"field": field, "op": "is_false"});
        Condition { json, sql: format!("{} IS FALSE", column(field)) }
    }

    pub(crate) fn has_any(field: &str, values: &[String]) -> Self {
        Condition::leaf(field, "any_of", json!(values), &format!("&& ARRAY[{}]", list(values)))
    }

    pub(crate) fn contains(field: &str, folded: &str) -> Self {
        Condition::leaf(field, "contains", json!(folded), &format!("LIKE {}", quoted(&format!("%{folded}%"))))
    }

    pub(crate) fn at_least(field: &str, number: usize) -> Self {
        Condition::leaf(field, "ge", json!(number), &format!(">= {number}"))
    }

    pub(crate) fn less_than(field: &str, number: usize) -> Self {
        Condition::leaf(field, "lt", json!(number), &format!("< {number}"))
    }

    pub(crate) fn between(field: &str, from: usize, to: usize) -> Self {
        Condition::leaf(field, "between", json!([from, to]), &format!("BETWEEN {from} AND {to}"))
    }

    /// Of a custom date, which is text in Postgres and sorts as the days do.
    pub(crate) fn between_days(field: &str, from: &str, to: &str) -> Self {
        Condition::leaf(field, "between", json!([from, to]), &format!("BETWEEN {} AND {}", quoted(from), quoted(to)))
    }

    /// At or after an instant.
    pub(crate) fn since(field: &str, instant: &str) -> Self {
        Condition::leaf(field, "ge", json!(instant), &format!(">= timestamptz {}", quoted(instant)))
    }

    pub(crate) fn older_than(field: &str, amount: usize, unit: &str) -> Self {
        let compared = format!("<= timestamptz '{END}' - interval '{amount} {unit}'");
        Condition::leaf(field, "older_than", json!({"amount": amount, "unit": unit}), &compared)
    }

    pub(crate) fn within_last(field: &str, amount: usize, unit: &str) -> Self {
        let column = column(field);
        let compared =
            format!("> timestamptz '{END}' - interval '{amount} {unit}' AND {column} <= timestamptz '{END}'");
        let mut condition = Condition::leaf(field, "within_last", json!({"amount": amount, "unit": unit}), &compared);
        condition.sql = format!("({})", condition.sql);
        condition
    }

    pub(crate) fn all(of: impl IntoIterator<Item = Condition>) -> Self {
        Condition::joined("all", " AND ", of)
    }

    pub(crate) fn any(of: impl IntoIterator<Item = Condition>) -> Self {
        Condition::joined("any", " OR ", of)
    }

    fn joined(name: &str, by: &str, of: impl IntoIterator<Item = Condition>) -> Self {
        let (json, sql): (Vec<Json>, Vec<String>) = of.into_iter().map(|one| (one.json, one.sql)).unzip();
        Condition { json: json!({ name: json }), sql: format!("({})", sql.join(by)) }
    }

    /// What is unknown to SQL is false here, and its complement true.
    pub(crate) fn not(of: Condition) -> Self {
        Condition { json: json!({"not": of.json}), sql: format!("({} IS NOT TRUE)", of.sql) }
    }
}
