//! Twenty thousand generated commands, each answered by the store and by the oracle, and all that either shows at a
//! hundred points in between. More seeds: `DOSSIER_HISTORY_SEEDS=1,2,3`, and `DOSSIER_HISTORY_COMMANDS=4000` for shorter
//! streams of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::adapters::postgres::Address;
use dossier::app::ask::Answer;
use dossier::house::Options;
use dossier_domain::values::reference::parse_reference;
use dossier_oracle::{ANCHOR_DAY, Oracle, ZONE, commands};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::comparing::Comparing;
use crate::found;
use crate::names::Names;
use crate::postgres::Postgres;
use crate::product::{Product, Refusal};

const SEED: u64 = 4711;
const COMMANDS: usize = 20_000;
const POINTS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_commands_are_answered_and_shown_as_a_naive_program_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    run(SEED, COMMANDS, folder.path(), Options::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_are_four_thousand_others_with_the_log_on_an_event_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let double = dossier_double::Double::start();
    let event_store = Some(double.connection().into());
    run(SEED + 1, COMMANDS / 5, folder.path(), Options { event_store, alone: true, ..Options::default() }).await;
}

/// A shorter one, since every look-up takes a round trip.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_are_three_thousand_over_read_models_in_postgres() {
    let (folder, server) = (tempfile::tempdir().expect("a folder"), Postgres::small());
    let address = Address::parse(&server.address(), "dossier").expect("an address");
    run(SEED, 3_000, folder.path(), Options { read_store: Some(address), ..Options::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_are_those_of_other_seeds() {
    let asked = std::env::var("DOSSIER_HISTORY_SEEDS").unwrap_or_default();
    let commands = std::env::var("DOSSIER_HISTORY_COMMANDS").ok().and_then(|it| it.parse().ok()).unwrap_or(COMMANDS);
    for seed in asked.split(',').filter_map(|seed| seed.trim().parse().ok()) {
        let folder = tempfile::tempdir().expect("a folder");
        run(seed, commands, folder.path(), Options::default()).await;
    }
}

async fn run(seed: u64, count: usize, folder: &Path, options: Options) {
    let product = Product::new(folder, options, ZONE.name(), ANCHOR_DAY).await;
    let mut both = Both {
        what: format!("seed {seed}"),
        product,
        oracle: Oracle::default(),
        names: Arc::default(),
        comparing: Comparing::default(),
        now: None,
    };
    for (line, number) in commands(seed, count).iter().zip(1..) {
        both.take(number, line).await;
        if (number as usize).is_multiple_of(COMMANDS / POINTS) {
            both.compare(number).await;
        }
    }
    found::as_if_filled_anew(&both.product, &both.names).await;
    both.product.verify().await;
}

struct Both {
    what: String,
    product: Product,
    oracle: Oracle,
    names: Arc<Names>,
    comparing: Comparing,
    now: Option<DateTime<Utc>>,
}

impl Both {
    async fn take(&mut self, number: u64, line: &Value) {
        let expected = self.oracle.apply(number, line);
        let actual = self.product.submit(number, &self.names.filled_in(line)).await;
        if let Ok(answer) = &actual {
            self.learn(number, &expected, answer);
        }
        if let Err(Refusal { problem, names: Some(named), .. }) = &actual {
            self.check_named(line, problem, *named).await;
        }
        let (expected, actual) = (told(line, &expected), self.told(line, actual));
        assert_eq!(actual, expected, "{}: line {number}, the store on the left\n{line}", self.what);
        self.comparing.touched(line, &expected);
        let at = line["at"].as_str().and_then(|at| at.parse().ok());
        self.now = self.now.max(at);
    }

    /// What the line made, by its name.
    fn learn(&mut self, number: u64, expected: &Value, answer: &Answer) {
        if let (Some(true), Some(label), Some(id)) =
            (expected["created"].as_bool(), expected["contact"].as_str(), answer.contact_id)
        {
            Arc::make_mut(&mut self.names).learn(label, id.0);
        }
        if let (201, Some(made), true) = (answer.status, &answer.merge, answer.appended) {
            Arc::make_mut(&mut self.names).learn(&format!("m{number}"), made.merge_id.0);
        }
    }

    /// A refusal names the contact that shows the identity, or the root of the one to be deleted (rule 3; merging.md).
    async fn check_named(&self, line: &Value, problem: &str, named: Uuid) {
        self.product.settle().await;
        let handles = || line["channels"].as_array().into_iter().flatten().chain([line]);
        let by_handle = handles().filter(|it| it["external_id"].is_string());
        let by_handle = by_handle.map(|it| format!("channel:{}:{}", text(it, "channel"), text(it, "external_id")));
        let references: Vec<String> = match problem {
            "identity_taken" => by_handle.collect(),
            _ => vec![text(&self.names.filled_in(line), "contact").to_owned()],
        };
        let mut leads_there = false;
        for reference in references {
            let shown =
                self.product.reader.contact(&parse_reference(&reference, None).expect("a reference"), None).await;
            leads_there |= shown.is_ok_and(|body| body.id.0 == named);
        }
        assert!(leads_there, "{}: {problem} names {}\n{line}", self.what, self.names.label(named));
    }

    /// The store's answer in the oracle's words.
    fn told(&self, line: &Value, actual: Result<Answer, Refusal>) -> Value {
        match actual {
            Ok(answer) => {
                let merges = line["command"] == "merge_contacts";
                assert_eq!(answer.merge.is_some(), merges || line["command"] == "unmerge_contacts");
                if let (Some(merge), Some(named)) = (answer.merge, line["merge_id"].as_str()) {
                    assert_eq!(self.names.label(merge.merge_id.0), named, "{line}");
                }
                json!({"status": answer.status, "created": answer.created && !merges, "changed": answer.appended,
                    "contact": answer.contact_id.map(|id| self.names.label(id.0))})
            }
            Err(Refusal { problem, .. }) => json!({"problem": problem}),
        }
    }

    /// Everything that either shows.
    async fn compare(&mut self, number: u64) {
        self.product.settle().await;
        let what = format!("{}, after line {number}", self.what);
        let now = self.now.expect("a line was taken");
        self.comparing.compare(&self.product.reader, &self.oracle, &self.names, now, &what).await;
        self.compare_statements(&what).await;
    }

    async fn compare_statements(&self, what: &str) {
        let expected = self.oracle.statements(ZONE, ANCHOR_DAY, &|label| self.names.id(label).to_string());
        let actual = self.product.statements(&self.names).await;
        assert_eq!(actual.len(), expected.len(), "{what}: cycles");
        for (actual, mut expected) in actual.iter().zip(expected) {
            for member in expected["members"].as_array_mut().into_iter().flatten() {
                let id = member[0].as_str().and_then(|id| id.parse().ok()).expect("an id");
                member[0] = json!(self.names.label(id));
            }
            assert_same(actual, &expected, &format!("{what}, cycle {}", expected["cycle"]));
        }
    }
}

/// The oracle's answer as the door gives it: 201 where a contact or a merge was made, at the first time and at a retry.
fn told(line: &Value, expected: &Value) -> Value {
    if expected["problem"].is_string() {
        return expected.clone();
    }
    let made = expected["created"] == true || line["command"] == "merge_contacts";
    json!({"status": if made { 201 } else { 200 }, "created": expected["created"],
        "changed": expected["changed"] == true, "contact": expected["contact"]})
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// Member by member, so that a difference is found at a glance.
#[track_caller]
pub(crate) fn assert_same(actual: &Value, expected: &Value, what: &str) {
    if actual == expected {
        return;
    }
    let (ours, theirs) = (actual.as_object().expect("an object"), expected.as_object().expect("an object"));
    let members: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let differ = members.into_iter().filter(|member| actual[member.as_str()] != expected[member.as_str()]);
    let told: Vec<_> = differ
        .map(|it| format!("{it}\n  the store: {}\n  expected:  {}", actual[it.as_str()], expected[it.as_str()]))
        .collect();
    panic!("{what} differs:\n{}", told.join("\n"));
}
