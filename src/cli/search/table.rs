//! Pages of contacts as text: for people, and for spreadsheets.

use serde_json::{Map, Value};

use crate::api::bodies::SearchPage;
use crate::cli::Failure;
use crate::cli::columns::{aligned, on_one_line};

/// For people: a line each, below the names of the columns; how many there are is told at the head.
pub(super) fn told(page: &SearchPage, columns: &[&str], is_first: bool) -> String {
    let mut rows = Vec::with_capacity(page.contacts.len() + 1);
    if is_first && !page.contacts.is_empty() {
        rows.push(columns.iter().map(|column| column.replace('_', " ")).collect());
    }
    rows.extend(page.contacts.iter().map(|contact| cells(contact, columns).map(|cell| on_one_line(&cell)).collect()));
    let count = match page.count.filter(|_| is_first) {
        Some(1) => "1 contact\n".to_owned(),
        Some(count) => format!("{count} contacts\n"),
        None => String::new(),
    };
    count + &aligned(&rows)
}

/// For spreadsheets: the id first, times and numbers as they are.
pub(super) fn csv(page: &SearchPage, columns: &[&str], is_first: bool) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let all: Vec<&str> = ["id"].into_iter().chain(columns.iter().copied()).collect();
    if is_first {
        writer.write_record(&all)?;
    }
    for contact in &page.contacts {
        writer.write_record(cells(contact, &all).map(|cell| harmless(&cell)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// A spreadsheet takes a cell that begins so for a formula; an apostrophe in front makes it text. A phone number is none.
fn harmless(cell: &str) -> String {
    let is_number =
        cell.parse::<f64>().is_ok() || cell.strip_prefix('+').is_some_and(|digits| digits.parse::<u64>().is_ok());
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number { format!("'{cell}") } else { cell.to_owned() }
}

fn cells<'c>(contact: &'c Map<String, Value>, columns: &'c [&str]) -> impl Iterator<Item = String> + 'c {
    columns.iter().map(|column| {
        let value = match column.strip_prefix("custom.") {
            Some(key) => contact.get("custom").and_then(|custom| custom.get(key)),
            None => contact.get(*column),
        };
        value.map(cell).unwrap_or_default()
    })
}

/// A value in one cell: of an identity its handle, of a list all that is in it.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(members) => match (&members.get("channel"), &members.get("external_id")) {
            (Some(Value::String(channel)), Some(Value::String(id))) => format!("{channel}:{id}"),
            (Some(Value::String(channel)), _) => channel.clone(),
            _ => {
                let said = members.iter().filter(|(_, value)| !value.is_null());
                said.map(|(name, value)| format!("{name}: {}", cell(value))).collect::<Vec<_>>().join(", ")
            }
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page() -> SearchPage {
        let contact = json!({
            "id": "1", "display_name": "=Ada, \"A\"", "phone": "+60123456789", "tags": ["vip", "new"],
            "channels": [{"channel": "web", "external_id": "ada"}], "custom": {"score": -3.5}, "email": null,
        });
        let Value::Object(contact) = contact else { unreachable!() };
        SearchPage { contacts: vec![contact], next_cursor: None, count: Some(1), position: 7 }
    }

    const COLUMNS: [&str; 6] = ["display_name", "phone", "tags", "channels", "custom.score", "email"];

    #[test]
    fn people_get_aligned_columns_below_their_names() {
        let text = told(&page(), &COLUMNS, true);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "1 contact");
        assert!(lines[1].starts_with("display name  phone "), "{}", lines[1]);
        assert!(lines[2].contains("vip, new  web:ada   -3.5"), "{}", lines[2]);
        assert!(!told(&page(), &COLUMNS, false).contains("display name"));
    }

    #[test]
    fn a_spreadsheet_takes_nothing_for_a_formula_and_every_number_for_one() {
        let text = csv(&page(), &COLUMNS, true).unwrap();
        assert_eq!(
            text,
            "id,display_name,phone,tags,channels,custom.score,email\n1,\"'=Ada, \"\"A\"\"\",+60123456789,\"vip, \
             new\",web:ada,-3.5,\n"
        );
    }
}
