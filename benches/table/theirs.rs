//! The same contacts in Postgres: loaded by COPY from what the house shows, indexed, and asked through psql.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use dossier::app::query::Column;
use dossier::house::House;
use dossier_domain::values::text::fold;
use serde_json::{Map, Value as Json, json};

use super::ours::{Answer, TIMES, Times, search};
use super::questions::{Question, Shape};
use super::shared::postgres::Postgres;
use super::shared::workspace::END;

const COLUMNS: [&str; 28] = [
    "id",
    "display_name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "company",
    "avatar_url",
    "country",
    "language",
    "source",
    "assignee",
    "last_channel",
    "status",
    "blocked",
    "created_at",
    "first_seen",
    "last_in",
    "last_out",
    "last_message",
    "last_interaction",
    "opened_at",
    "tags",
    "shown_channels",
    "custom",
    "last_name_folded",
    "company_folded",
    "search",
];

/// Starts a server with all live contacts in it.
pub(crate) async fn loaded(house: &House) -> Postgres {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/table/postgres");
    let server = Postgres::start(&[&scripts.join("schema.sql"), &scripts.join("indexes.sql")]);
    server.psql(&format!("-f {}", server.script("schema.sql")));
    let columns = COLUMNS.join(", ");
    let mut copying = server.fed(&format!("\\copy contacts ({columns}) FROM pstdin WITH (FORMAT csv)"));
    let mut rows = csv::Writer::from_writer(copying.stdin.take().unwrap());
    let mut cursor = Json::Null;
    loop {
        let body = json!({"limit": 1000, "cursor": cursor, "columns": Column::MEMBERS.as_slice()});
        let page = search(house, &serde_json::to_vec(&body).unwrap()).await;
        for contact in &page.contacts {
            rows.write_record(row(contact)).unwrap();
        }
        match page.next_cursor {
            Some(next) => cursor = next.into(),
            None => break,
        }
    }
    rows.flush().unwrap();
    drop(rows);
    assert!(copying.wait().unwrap().success(), "the contacts are copied");
    server.psql(&format!("-f {}", server.script("indexes.sql")));
    server
}

/// A contact as a row; an empty cell is null.
fn row(contact: &Map<String, Json>) -> Vec<String> {
    let folded = |name: &str| contact[name].as_str().map(fold).unwrap_or_default();
    COLUMNS
        .iter()
        .map(|column| match *column {
            "opened_at" => cell(&contact["conversation"]["opened_at"]),
            "tags" => array(contact["tags"].as_array().unwrap().iter().map(|tag| fold(tag.as_str().unwrap()))),
            "shown_channels" => contact["channels"].to_string(),
            "custom" => contact["custom"].to_string(),
            "last_name_folded" => folded("last_name"),
            "company_folded" => folded("company"),
            "search" => searched(contact),
            member => cell(&contact[member]),
        })
        .collect()
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// As Postgres writes arrays, whose quoting of such texts is that of JSON.
fn array(texts: impl Iterator<Item = String>) -> String {
    let quoted: Vec<String> = texts.map(|text| Json::from(text).to_string()).collect();
    format!("{{{}}}", quoted.join(","))
}

/// Everything that is searched, folded, a value a line: no needle has a line's end in it.
fn searched(contact: &Map<String, Json>) -> String {
    let mut lines = Vec::new();
    for name in ["display_name", "first_name", "last_name", "email", "phone", "company", "tags", "also_known_as"] {
        texts(&contact[name], &mut lines);
    }
    for channel in contact["channels"].as_array().unwrap() {
        texts(&channel["external_id"], &mut lines);
    }
    for value in contact["custom"].as_object().unwrap().values() {
        texts(value, &mut lines);
    }
    lines.join("\n")
}

/// All texts and numbers in a value, folded.
fn texts(value: &Json, lines: &mut Vec<String>) {
    match value {
        Json::String(text) => lines.push(fold(text)),
        Json::Number(number) => lines.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| texts(item, lines)),
        Json::Object(members) => members.values().for_each(|member| texts(member, lines)),
        Json::Null | Json::Bool(_) => {}
    }
}

/// Asks all of them by one connection; the times are those that psql tells, from sending to having all rows.
pub(crate) fn ask(server: &Postgres, questions: &[Question]) -> (Vec<Answer>, Times) {
    let file = server.script("questions.sql");
    let mut script = std::fs::File::create(&file).unwrap();
    writeln!(script, "SET TimeZone = 'UTC';\n\\timing on").unwrap();
    for question in questions {
        for _ in 0..TIMES {
            writeln!(script, "{};", question.sql).unwrap();
        }
    }
    drop(script);
    let told = server.asked("psql", &format!("-X -A -t -q -v ON_ERROR_STOP=1 -f {file} postgres"));
    let mut lines = told.lines();
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for question in questions {
        let mut best = Duration::MAX;
        let mut last = Vec::new();
        for _ in 0..TIMES {
            let (rows, time) = one(&mut lines);
            (best, last) = (best.min(time), rows);
        }
        answers.push(answer(question.shape, &last));
        times.push(best);
    }
    assert_eq!(lines.next(), None, "psql told more than was asked, as of {END}");
    (answers, Times::new(times))
}

/// The rows of one statement, and its time.
fn one<'t>(lines: &mut impl Iterator<Item = &'t str>) -> (Vec<&'t str>, Duration) {
    let mut rows = Vec::new();
    for line in lines {
        match line.strip_prefix("Time: ") {
            Some(time) => {
                let milliseconds: f64 = time.split(' ').next().unwrap().parse().unwrap();
                return (rows, Duration::from_secs_f64(milliseconds / 1e3));
            }
            None => rows.push(line),
        }
    }
    panic!("psql told no time");
}

fn answer(shape: Shape, rows: &[&str]) -> Answer {
    let cell = |row: &&str, place: usize| row.split('|').nth(place).unwrap().to_owned();
    let ids = || rows.iter().map(|row| cell(row, 0)).collect();
    match shape {
        Shape::Count => Answer { count: Some(rows[0].parse().unwrap()), ids: Vec::new() },
        Shape::Page => Answer { count: None, ids: ids() },
        Shape::CountedPage => {
            let count = rows.first().map_or(0, |row| cell(row, 1).parse().unwrap());
            Answer { count: Some(count), ids: ids() }
        }
    }
}
