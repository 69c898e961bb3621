//! What is asked: filters from trivial to nested, first pages, and searches, with parameters drawn anew each time.

use serde_json::{Value as Json, json};

use super::condition::{Condition, quoted};
use super::shared::dice::Dice;
use super::shared::workspace::END;
use super::shared::workspace::people::{ASSIGNEES, CHANNELS, COUNTRIES, TAGS, assignee, skewed, tag};

/// One question to both.
pub(crate) struct Question {
    /// As the body of a request.
    pub(crate) body: Vec<u8>,
    pub(crate) sql: String,
    pub(crate) shape: Shape,
}

/// What of the contacts found is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// How many they are.
    Count,
    /// The first hundred.
    Page,
    /// Both.
    CountedPage,
}

/// A kind of question, of which many are drawn.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    draw: fn(&mut Dice) -> Condition,
    needles: Option<fn(&mut Dice) -> Vec<&'static str>>,
    sort: (&'static str, &'static str),
}

/// The usual order: last interaction first.
const USUAL: (&str, &str) = ("[]", "last_interaction DESC NULLS LAST, id");
/// The columns of the usual table.
const COLUMNS: &str = "display_name, avatar_url, shown_channels, email, phone, tags, country, language, status, \
                       assignee, last_message, created_at";

impl Kind {
    const fn count(name: &'static str, draw: fn(&mut Dice) -> Condition) -> Self {
        Kind { name, shape: Shape::Count, draw, needles: None, sort: USUAL }
    }

    const fn page(name: &'static str, draw: fn(&mut Dice) -> Condition, sort: (&'static str, &'static str)) -> Self {
        Kind { name, shape: Shape::Page, draw, needles: None, sort }
    }

    const fn search(
        name: &'static str,
        needles: fn(&mut Dice) -> Vec<&'static str>,
        draw: fn(&mut Dice) -> Condition,
    ) -> Self {
        Kind { name, shape: Shape::CountedPage, draw, needles: Some(needles), sort: USUAL }
    }

    /// So many questions of this kind, the same ones every time.
    pub(crate) fn questions(&self, how_many: usize) -> Vec<Question> {
        let mut dice = Dice::seeded(11);
        (0..how_many).map(|_| self.question(&mut dice)).collect()
    }

    fn question(&self, dice: &mut Dice) -> Question {
        let needles = self.needles.map_or_else(Vec::new, |needles| needles(dice));
        let Condition { json, mut sql } = (self.draw)(dice);
        for needle in &needles {
            sql = format!("{sql} AND search LIKE {}", quoted(&format!("%{needle}%")));
        }
        let sort: Json = serde_json::from_str(self.sort.0).unwrap();
        let mut body = json!({"filter": json, "now": END});
        if !needles.is_empty() {
            body["search"] = needles.join(" ").into();
        }
        let (columns, limit) = match self.shape {
            Shape::Count => ("count(*)".to_owned(), String::new()),
            Shape::Page => (format!("id, {COLUMNS}"), format!(" ORDER BY {} LIMIT 100", self.sort.1)),
            Shape::CountedPage => {
                (format!("id, count(*) OVER (), {COLUMNS}"), format!(" ORDER BY {} LIMIT 100", self.sort.1))
            }
        };
        match self.shape {
            // A page has at least one contact, which is little beside the rest.
            Shape::Count => {
                (body["limit"], body["columns"], body["count"]) = (json!(1), json!(["id"]), json!(true));
            }
            Shape::Page => body["sort"] = sort,
            Shape::CountedPage => (body["sort"], body["count"]) = (sort, json!(true)),
        }
        let sql = format!("SELECT {columns} FROM contacts WHERE {sql}{limit}");
        Question { body: serde_json::to_vec(&body).unwrap(), sql, shape: self.shape }
    }
}

fn country(dice: &mut Dice) -> String {
    COUNTRIES[skewed(dice, COUNTRIES.len())].code.to_owned()
}

fn one_tag(dice: &mut Dice) -> Vec<String> {
    vec![tag(skewed(dice, TAGS))]
}

fn everyone(_: &mut Dice) -> Condition {
    Condition::everyone()
}

fn of_country(dice: &mut Dice) -> Condition {
    Condition::is("country", &country(dice))
}

fn tagged(dice: &mut Dice) -> Condition {
    Condition::has_any("tags", &one_tag(dice))
}

fn one_of<'a>(dice: &mut Dice, of: &[&'a str]) -> &'a str {
    of[dice.below(of.len())]
}

fn open_in_a_country(dice: &mut Dice) -> Condition {
    Condition::all([of_country(dice), Condition::is("status", "open")])
}

fn nested(dice: &mut Dice) -> Condition {
    let barred = Condition::any([
        Condition::has_any("tags", &[one_tag(dice), one_tag(dice)].concat()),
        Condition::all([Condition::less_than("custom.score", 10), Condition::not(of_country(dice))]),
    ]);
    let recent = Condition::any([
        Condition::within_last("last_in", 1 + dice.below(90), "day"),
        Condition::not(Condition::older_than("created_at", 1 + dice.below(12), "month")),
    ]);
    let elsewhere = Condition::is_none_of("source", &[one_of(dice, &CHANNELS).to_owned()]);
    Condition::all([Condition::not(barred), recent, elsewhere])
}

pub(crate) const FILTERS: &[Kind] = &[
    Kind::count("everyone", everyone),
    Kind::count("in a country", of_country),
    Kind::count("in a country, open", open_in_a_country),
    Kind::count("any of two tags, in three countries, without a third tag", |dice| {
        let countries: Vec<String> = (0..3).map(|_| country(dice)).collect();
        let tags = [one_tag(dice), one_tag(dice)].concat();
        Condition::all([
            Condition::has_any("tags", &tags),
            Condition::is_one_of("country", &countries),
            Condition::not(tagged(dice)),
        ])
    }),
    Kind::count("neither in a country nor tagged, or assigned to nobody", |dice| {
        Condition::any([
            Condition::not(Condition::all([of_country(dice), tagged(dice)])),
            Condition::is_unset("assignee"),
        ])
    }),
    Kind::count("assigned to one, open", |dice| {
        let somebody = assignee(skewed(dice, ASSIGNEES));
        Condition::all([Condition::is("assignee", &somebody), Condition::is("status", "open")])
    }),
    Kind::count("score between", |dice| {
        let from = dice.below(80);
        Condition::between("custom.score", from, from + 20)
    }),
    Kind::count("tagged and on a plan or with a score, no English, written since", |dice| {
        let planned = Condition::all([tagged(dice), Condition::is("custom.plan", "pro")]);
        let scored = Condition::all([tagged(dice), Condition::at_least("custom.score", 80)]);
        let since = format!("2026-{:02}-01T00:00:00Z", 1 + dice.below(5));
        Condition::all([
            Condition::any([planned, scored]),
            Condition::is_not("language", "en"),
            Condition::since("last_in", &since),
        ])
    }),
    Kind::count("silent for days", |dice| Condition::older_than("last_interaction", 1 + dice.below(600), "day")),
    Kind::count("message within days, renewal between, not blocked", |dice| {
        let month = 1 + dice.below(9);
        let (from, to) = (format!("2026-{month:02}-01"), format!("2026-{:02}-28", month + 3));
        Condition::all([
            Condition::within_last("last_message", 1 + dice.below(60), "day"),
            Condition::between_days("custom.renewal", &from, &to),
            Condition::is_false("blocked"),
        ])
    }),
    Kind::count("nested, with negation, a range and relative times", nested),
    Kind::count("company contains", |dice| {
        Condition::contains("company", one_of(dice, &["lace tra", "motors 1", "dental", "garc", "王"]))
    }),
];

pub(crate) const PAGES: &[Kind] = &[
    Kind::page("everyone, last interaction first", everyone, USUAL),
    Kind::page("in a country, open, last interaction first", open_in_a_country, USUAL),
    Kind::page(
        "in a country, by last name",
        of_country,
        (r#"[{"by": "last_name"}]"#, "last_name_folded NULLS LAST, id"),
    ),
    Kind::page(
        "tagged, highest score first",
        tagged,
        (r#"[{"by": "custom.score", "order": "desc"}]"#, "((custom->>'score')::float8) DESC NULLS LAST, id"),
    ),
    Kind::page("nested, last interaction first", nested, USUAL),
];

pub(crate) const SEARCHES: &[Kind] = &[
    Kind::search("1 letter, in a country", |dice| vec![one_of(dice, &["王", "a", "z", "ж"])], of_country),
    Kind::search("3 to 8 letters, everyone", |dice| vec![one_of(dice, WORDS)], everyone),
    Kind::search("3 to 8 letters, in a country, open", |dice| vec![one_of(dice, WORDS)], open_in_a_country),
    Kind::search(
        "two words, tagged",
        |dice| vec![one_of(dice, WORDS), one_of(dice, &["gmail", "example", "yahoo"])],
        tagged,
    ),
    Kind::search("3 to 8 letters, nested", |dice| vec![one_of(dice, WORDS)], nested),
];

/// As they are folded.
const WORDS: &[&str] =
    &["tan", "lovelace", "garcí", "muhammad", "иван", "соколов", "القاسم", "สมชาย", "शर्मा", "田中健", "dental", "lest"];
