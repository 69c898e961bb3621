//! What is asked: filters from trivial to nested, sorts, searches, with parameters drawn anew each time.

use dossier_domain::fields::{Definition, Definitions, FieldType};
use dossier_domain::filter::{self, Filter, Source, Vocabulary};
use serde_json::{Value as Json, json};

use crate::contacts::{CHANNELS, COUNTRIES, OPTIONS, skewed};
use crate::dice::Dice;

type Drawn = fn(&mut Dice) -> Json;

pub(crate) fn definitions() -> Definitions {
    let options: &[&str] = &OPTIONS;
    let none: &[&str] = &[];
    [
        Definition::new("score", FieldType::Number, none),
        Definition::new("plan", FieldType::List, options),
        Definition::new("renewal", FieldType::Date, none),
        Definition::new("city", FieldType::Text, none),
    ]
    .into_iter()
    .map(Result::unwrap)
    .collect()
}

pub(crate) fn read(json: &Json) -> Filter {
    let fields = definitions();
    let segment = |_: &str| None;
    let zone = chrono_tz::Tz::Asia__Kuala_Lumpur;
    let source = Source::Given;
    filter::read(json, Vocabulary { fields: &fields, region: Some("MY"), zone, segment: &segment, source }).unwrap()
}

fn one_of(dice: &mut Dice, of: &[&'static str]) -> &'static str {
    of[dice.below(of.len())]
}

fn country(dice: &mut Dice) -> Json {
    json!(COUNTRIES[skewed(dice, COUNTRIES.len())].0)
}

fn tag(dice: &mut Dice) -> Json {
    json!(format!("tag {}", skewed(dice, 500)))
}

fn days(dice: &mut Dice, end: usize) -> Json {
    json!({"amount": 1 + dice.below(end), "unit": "day"})
}

fn everyone(_: &mut Dice) -> Json {
    json!({"all": []})
}

fn of_country(dice: &mut Dice) -> Json {
    json!({"field": "country", "op": "eq", "value": country(dice)})
}

pub(crate) const FILTERS: &[(&str, Drawn)] = &[
    ("everyone", everyone),
    ("country is", of_country),
    (
        "country is and status open",
        |dice| json!({"all": [of_country(dice), {"field": "status", "op": "eq", "value": "open"}]}),
    ),
    ("tags any of two, country in three, without a third tag", |dice| {
        json!({"all": [
            {"field": "tags", "op": "any_of", "value": [tag(dice), "tag 7"]},
            {"field": "country", "op": "in", "value": [country(dice), "GB", "JP"]},
            {"not": {"field": "tags", "op": "all_of", "value": [tag(dice)]}},
        ]})
    }),
    ("not of country and tag, or no assignee", |dice| {
        json!({"any": [
            {"not": {"all": [of_country(dice), {"field": "tags", "op": "any_of", "value": [tag(dice)]}]}},
            {"field": "assignee", "op": "is_unset"},
        ]})
    }),
    ("score between", |dice| {
        let from = dice.below(80);
        json!({"field": "custom.score", "op": "between", "value": [from, from + 20]})
    }),
    ("plan or score, language, last in after", |dice| {
        json!({"all": [
            {"any": [
                {"all": [{"field": "tags", "op": "any_of", "value": [tag(dice)]}, {"field": "custom.plan", "op": "eq", "value": "pro"}]},
                {"all": [{"field": "tags", "op": "any_of", "value": [tag(dice)]}, {"field": "custom.score", "op": "ge", "value": 80}]},
            ]},
            {"field": "language", "op": "ne", "value": "en"},
            {"field": "last_in", "op": "after", "value": "2026-01-01"},
        ]})
    }),
    ("silent for days", |dice| json!({"field": "last_interaction", "op": "older_than", "value": days(dice, 600)})),
    ("active, last message within days, renewal soon", |dice| {
        json!({"all": [
            {"field": "activity", "op": "eq", "value": "active"},
            {"field": "last_message", "op": "within_last", "value": days(dice, 60)},
            {"field": "custom.renewal", "op": "within_next", "value": {"amount": 3, "unit": "month"}},
        ]})
    }),
    ("nested, with negation, ranges and relative time", |dice| {
        json!({"all": [
            {"not": {"any": [
                {"field": "tags", "op": "any_of", "value": [tag(dice), tag(dice)]},
                {"all": [{"field": "custom.score", "op": "lt", "value": 10}, {"not": of_country(dice)}]},
            ]}},
            {"any": [
                {"field": "last_in", "op": "within_last", "value": days(dice, 90)},
                {"not": {"field": "created_at", "op": "older_than", "value": {"amount": 6, "unit": "month"}}},
            ]},
            {"field": "source", "op": "nin", "value": [one_of(dice, &CHANNELS)]},
        ]})
    }),
    ("last name is", |dice| json!({"field": "last_name", "op": "eq", "value": one_of(dice, &["Tan", "weiss", "王"])})),
    (
        "email is",
        |dice| json!({"field": "email", "op": "eq", "value": format!("maria.tan{}@gmail.com", dice.below(10_000))}),
    ),
    (
        "company contains",
        |dice| json!({"field": "company", "op": "contains", "value": one_of(dice, &["lovel", "motors 1", "dental"])}),
    ),
    (
        "first name begins",
        |dice| json!({"field": "first_name", "op": "starts_with", "value": one_of(dice, &["a", "mu", "aisyah"])}),
    ),
    (
        "email ends with a common domain",
        |dice| json!({"field": "email", "op": "ends_with", "value": one_of(dice, &["@gmail.com", "@yahoo.com", "example.org"])}),
    ),
    (
        "email does not contain, in a country",
        |dice| json!({"all": [of_country(dice), {"field": "email", "op": "not_contains", "value": "gmail"}]}),
    ),
    (
        "phone contains digits",
        |dice| json!({"field": "phone", "op": "contains", "value": format!("{:04}", dice.below(10_000))}),
    ),
];

/// Name, filter, sort, and how many contacts are before the page.
pub(crate) const SORTS: &[(&str, Drawn, &str, usize)] = &[
    ("everyone, last interaction first", everyone, "[]", 0),
    ("a country, last interaction first", of_country, "[]", 0),
    ("everyone, last interaction first, after 500,000", everyone, "[]", 500_000),
    ("everyone, by last name", everyone, r#"[{"by": "last_name"}]"#, 0),
    ("everyone, by email", everyone, r#"[{"by": "email"}]"#, 0),
    ("everyone, by email, after 300,000", everyone, r#"[{"by": "email"}]"#, 300_000),
    (
        "everyone, by country, newest first",
        everyone,
        r#"[{"by": "country"}, {"by": "created_at", "order": "desc"}]"#,
        0,
    ),
    ("everyone, by score, highest first", everyone, r#"[{"by": "custom.score", "order": "desc"}]"#, 0),
    (
        "everyone, by status, then last message",
        everyone,
        r#"[{"by": "status"}, {"by": "last_message", "order": "desc"}]"#,
        0,
    ),
    ("a country, by city", of_country, r#"[{"by": "custom.city"}]"#, 0),
];

type Query = fn(&mut Dice) -> String;

pub(crate) const SEARCHES: &[(&str, Query, Drawn)] = &[
    ("1 letter", |dice| char::from(b'a' + dice.below(26) as u8).into(), everyone),
    ("1 letter, in a country", |dice| char::from(b'a' + dice.below(26) as u8).into(), of_country),
    ("2 letters", |dice| one_of(dice, &["ai", "ta", "lo", "王"]).into(), everyone),
    ("3 letters", |dice| one_of(dice, &["tan", "lov", "иван", "com"]).into(), everyone),
    ("3 letters, in a country", |dice| one_of(dice, &["tan", "lov", "иван", "com"]).into(), of_country),
    ("8 letters", |dice| one_of(dice, &["lovelace", "trading ", "abdullah", "aisyah t"]).into(), everyone),
    (
        "8 letters, in a country",
        |dice| one_of(dice, &["lovelace", "software", "muhammad", "schmidt4"]).into(),
        of_country,
    ),
    ("two terms", |dice| format!("maria tan{}", dice.below(1_000)), everyone),
    ("a common domain", |_| "gmail.com".into(), everyone),
    ("a common domain, in a country", |_| "gmail.com".into(), of_country),
    ("4 digits of a phone", |dice| format!("{:04}", dice.below(10_000)), everyone),
    ("a phone as dialled", |dice| format!("012-{:03} {:02}", dice.below(1_000), dice.below(100)), everyone),
];
