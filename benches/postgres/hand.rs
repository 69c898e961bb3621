//! The same questions as an expert writes them over the same tables: a file each, whose parameters are the values in the
//! filter, in their order.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use chrono::{DateTime, Utc};
use serde_json::Value as Json;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Row};
use uuid::Uuid;

use super::ours::{Answer, TIMES, Times, WORKSPACE};
use super::questions::{Kind, Question, Shape};
use super::shared::postgres::Postgres;

/// The statement for a kind of question.
fn statement(kind: &str) -> &'static str {
    match kind {
        "everyone" => include_str!("everyone.sql"),
        "in a country" => include_str!("of_country.sql"),
        "in a country, open" => include_str!("of_country_open.sql"),
        "any of two tags, in three countries, without a third tag" => include_str!("tagged_in_countries.sql"),
        "neither in a country nor tagged, or assigned to nobody" => include_str!("neither_or_nobody.sql"),
        "assigned to one, open" => include_str!("assigned_open.sql"),
        "score between" => include_str!("score_between.sql"),
        "tagged and on a plan or with a score, no English, written since" => include_str!("planned_or_scored.sql"),
        "silent for days" => include_str!("silent.sql"),
        "message within days, renewal between, not blocked" => include_str!("recent_renewal.sql"),
        "nested, with negation, a range and relative times" => include_str!("nested.sql"),
        "company contains" => include_str!("company_contains.sql"),
        "everyone, last interaction first" => include_str!("page_everyone.sql"),
        "in a country, open, last interaction first" => include_str!("page_of_country_open.sql"),
        "in a country, by last name" => include_str!("page_by_last_name.sql"),
        "tagged, highest score first" => include_str!("page_by_score.sql"),
        "nested, last interaction first" => include_str!("page_nested.sql"),
        other => panic!("nobody wrote a statement for {other}"),
    }
}

/// A connection as the read store has them.
pub(crate) struct Connection(Client);

impl Connection {
    pub(crate) async fn to(postgres: &Postgres) -> Self {
        let mut config: Config = postgres.address().parse().unwrap();
        config.options("-c jit=off -c search_path=dossier -c timezone=UTC");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        Connection(client)
    }

    /// Asks all of them, one after another; the best time of each counts. As in the store each is planned for its very
    /// values.
    pub(crate) async fn ask(&self, kind: &Kind, questions: &[Question]) -> (Vec<Answer>, Times) {
        let text = statement(kind.name);
        let types = self.0.prepare(text).await.unwrap().params().to_vec();
        let (mut answers, mut times) = (Vec::new(), Vec::new());
        for question in questions {
            let body: Json = serde_json::from_slice(&question.body).unwrap();
            let mut values = vec![Value(WORKSPACE.into())];
            collect(&body["filter"], &mut values);
            let typed = values.iter().map(|value| value as &(dyn ToSql + Sync)).zip(types.iter().cloned());
            let typed: Vec<_> = typed.collect();
            let (mut best, mut rows) = (Duration::MAX, Vec::new());
            for _ in 0..TIMES {
                let begun = Instant::now();
                rows = self.0.query_typed(text, &typed).await.unwrap();
                best = best.min(begun.elapsed());
            }
            answers.push(answer(question.shape, &rows));
            times.push(best);
        }
        (answers, Times::new(times))
    }
}

fn answer(shape: Shape, rows: &[Row]) -> Answer {
    match shape {
        Shape::Count => Answer { count: Some(rows[0].get::<_, i64>(0).unsigned_abs()), ids: Vec::new() },
        Shape::Page | Shape::CountedPage => {
            Answer { count: None, ids: rows.iter().map(|row| row.get::<_, Uuid>(0).to_string()).collect() }
        }
    }
}

/// The values that the conditions of a filter compare with, in their order.
fn collect(node: &Json, values: &mut Vec<Value>) {
    match node {
        Json::Array(nodes) => nodes.iter().for_each(|node| collect(node, values)),
        Json::Object(members) if members.contains_key("field") => match &members.get("value") {
            None => {}
            Some(Json::Array(bounds)) if members["op"] == "between" => values.extend(bounds.iter().cloned().map(Value)),
            Some(Json::Object(span)) => values.push(Value(span["amount"].clone())),
            Some(value) => values.push(Value((*value).clone())),
        },
        Json::Object(members) => members.values().for_each(|node| collect(node, values)),
        _ => {}
    }
}

/// A value of a filter as whatever the statement takes it for.
#[derive(Debug)]
struct Value(Json);

impl ToSql for Value {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (&self.0, of) {
            (Json::String(text), &Type::TIMESTAMPTZ) => text.parse::<DateTime<Utc>>()?.to_sql(of, out),
            (Json::String(text), _) => text.to_sql(of, out),
            (Json::Number(number), &Type::FLOAT8) => number.as_f64().to_sql(of, out),
            (Json::Number(number), _) => number.as_i64().map(i32::try_from).transpose()?.to_sql(of, out),
            (Json::Array(texts), _) => texts.iter().filter_map(Json::as_str).collect::<Vec<_>>().to_sql(of, out),
            (other, of) => Err(format!("{other} is no {of}").into()),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::TEXT, Type::TEXT_ARRAY, Type::FLOAT8, Type::INT4, Type::TIMESTAMPTZ].contains(of)
    }

    to_sql_checked!();
}
