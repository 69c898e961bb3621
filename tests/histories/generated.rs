//! Twenty thousand generated commands, each answered by the store and by the oracle, and all that either shows at a
//! hundred points in between. More seeds: `DOSSIER_HISTORY_SEEDS=1,2,3`.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, Utc};
use dossier::app::ask::Answer;
use dossier::app::query::AsOf;
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::reference::Reference;
use dossier_oracle::{ANCHOR_DAY, Oracle, Outcome, ZONE, commands};
use serde_json::{Value, json};

use crate::names::Names;
use crate::product::{Product, Refusal, rfc};
use crate::shown::shown;

const SEED: u64 = 4711;
// A first part of the 20,000 that the suite is to hold: the whole takes too long in a debug build yet.
const COMMANDS: usize = 4_000;
const POINTS: usize = 20;
/// At every so many points the contacts are also shown as of that time, folded from the log.
const SLOWLY: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_commands_are_answered_and_shown_as_a_naive_program_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    run(SEED, folder.path()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_are_those_of_other_seeds() {
    let asked = std::env::var("DOSSIER_HISTORY_SEEDS").unwrap_or_default();
    for seed in asked.split(',').filter_map(|seed| seed.trim().parse().ok()) {
        let folder = tempfile::tempdir().expect("a folder");
        run(seed, folder.path()).await;
    }
}

async fn run(seed: u64, folder: &Path) {
    let lines = commands(seed, COMMANDS);
    let product = Product::new(folder, ZONE.name(), ANCHOR_DAY).await;
    let mut both = Both { seed, product, oracle: Oracle::new(ZONE, ANCHOR_DAY), names: Names::default(), now: None };
    let identities = identities_in(&lines);
    for (line, number) in lines.iter().zip(1..) {
        both.take(number, line).await;
        if (number as usize).is_multiple_of(COMMANDS / POINTS) {
            both.compare(number, &identities).await;
        }
    }
    both.product.verify(folder).await;
}

/// Every identity that the lines speak of.
fn identities_in(lines: &[Value]) -> BTreeSet<(String, String)> {
    let given = lines.iter().flat_map(|line| line["channels"].as_array().into_iter().flatten().chain([line]));
    let given =
        given.filter_map(|it| Some((it["channel"].as_str()?.to_owned(), it["external_id"].as_str()?.to_owned())));
    given.collect()
}

struct Both {
    seed: u64,
    product: Product,
    oracle: Oracle,
    names: Names,
    now: Option<DateTime<Utc>>,
}

impl Both {
    async fn take(&mut self, number: u64, line: &Value) {
        let expected = self.oracle.apply(number, line);
        let actual = self.product.submit(number, &self.names.filled_in(line)).await;
        if let Ok(answer) = &actual {
            self.learn(&expected, answer);
        }
        let (expected, actual) = (told(&expected), self.told(line, actual));
        let seed = self.seed;
        assert_eq!(actual, expected, "seed {seed}: line {number}, the store on the left\n{line}");
        let at = line["at"].as_str().and_then(|at| at.parse().ok());
        self.now = self.now.max(at);
    }

    /// What the line made, by its name.
    fn learn(&mut self, expected: &Outcome, answer: &Answer) {
        if let (true, Some(label), Some(id)) =
            (expected.created && !expected.retried, &expected.contact, answer.contact_id)
        {
            self.names.learn(label, id.0);
        }
        if let (201, Some(label), Some(made)) = (expected.status, &expected.merge, &answer.merge) {
            self.names.learn(label, made.merge_id.0);
        }
    }

    /// The store's answer in the oracle's words.
    fn told(&self, line: &Value, actual: Result<Answer, Refusal>) -> Value {
        match actual {
            Ok(answer) => {
                let merge = answer.merge.map(|merge| self.names.label(merge.merge_id.0));
                let created = answer.created && line["command"] != "merge_contacts";
                json!({"status": answer.status, "problem": null, "created": created, "duplicate": answer.duplicate,
                    "changed": answer.appended, "merge": merge,
                    "contact": answer.contact_id.map(|id| self.names.label(id.0))})
            }
            Err(Refusal { status, problem, names }) => {
                json!({"status": status, "problem": problem, "created": false, "duplicate": false, "changed": false,
                    "merge": null, "contact": names.map(|id| self.names.label(id))})
            }
        }
    }

    /// Everything that either shows.
    async fn compare(&self, number: u64, identities: &BTreeSet<(String, String)>) {
        self.product.settle().await;
        let what = format!("seed {}, after line {number}", self.seed);
        let now = self.now.expect("a line was taken");
        let also_as_of = (number as usize).is_multiple_of(COMMANDS / POINTS * SLOWLY);
        for expected in self.oracle.contacts(&rfc(now)) {
            self.compare_contact(&expected, now, also_as_of, &what).await;
        }
        for (label, expected) in self.oracle.absorbed_or_erased() {
            let (state, root) = self.product.fate(self.names.id(&label)).await;
            let actual = json!({"state": state, "root": self.names.label(root)});
            assert_same(&actual, &expected, &format!("{what}, contact {label}"));
        }
        for (channel, external_id) in identities {
            let (handle, by_handle) = (channel.as_str().into(), external_id.as_str().into());
            let reference = Reference::Channel { channel: handle, external_id: by_handle };
            let shown = self.product.contact(&reference, None).await;
            let actual = shown.map(|body| self.names.label(body.id.0));
            let expected = self.oracle.resolve(channel, external_id).ok_or(Rejection::ContactNotFound);
            assert_eq!(actual, expected, "{what}: {channel}:{external_id}");
        }
        self.compare_statements(&what).await;
    }

    /// Now, and, since the present time of the store is another, as of the last line's time.
    async fn compare_contact(&self, expected: &Value, now: DateTime<Utc>, also_as_of: bool, what: &str) {
        let label = expected["id"].as_str().expect("a label");
        let reference = Reference::Id(ContactId(self.names.id(label)));
        let body = self.product.contact(&reference, None).await;
        let body = body.unwrap_or_else(|rejection| panic!("{what}: {label} is not live: {rejection}"));
        let mut actual = shown(&body, &self.names);
        actual["activity"] = expected["activity"].clone();
        assert_same(&actual, expected, &format!("{what}, contact {label}"));
        if also_as_of {
            let as_of = self.product.contact(&reference, Some(AsOf::Time(now))).await.expect("it was there then");
            assert_same(&shown(&as_of, &self.names), expected, &format!("{what}, contact {label} as of {now}"));
        }
    }

    async fn compare_statements(&self, what: &str) {
        let expected = self.oracle.statements(&|label| self.names.id(label).to_string());
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

fn told(expected: &Outcome) -> Value {
    let Outcome { status, problem, contact, merge, created, duplicate, changed, .. } = expected;
    json!({"status": status, "problem": problem, "created": created, "duplicate": duplicate, "changed": changed,
        "merge": merge, "contact": contact})
}

/// Member by member, so that a difference is found at a glance.
#[track_caller]
fn assert_same(actual: &Value, expected: &Value, what: &str) {
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
