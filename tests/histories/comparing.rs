//! The comparison of all that the store and the oracle show, at one point after another.
//!
//! What may have changed since the last point is compared at each, all else at every tenth. A contact shows what its own
//! state and those below it come to, so it changes by an event in one of their streams alone, and each of these belongs
//! to a line that named the contact or changed what the oracle expects of it. What an identity leads to is read from
//! the identity's stream, which only lines that name it reach, and from the contacts above its holder. A line that
//! changed what it had no business with would be found at the tenth point.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier::app::query::AsOf;
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::reference::Reference;
use dossier_oracle::Oracle;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::generated::assert_same;
use crate::names::Names;
use crate::product::Reader;
use crate::shown::shown;

/// At every so many points everything is compared, touched or not.
const WHOLE: usize = 10;
/// At every so many points the contacts are also shown as of that time, folded from the log.
const AS_OF: usize = 50;
/// Readers at once.
const READERS: usize = 2;

/// Channel and external id.
type Handle = (String, String);

/// What lines named since the last point, and what was expected there.
#[derive(Default)]
pub(crate) struct Comparing {
    points: usize,
    contacts: BTreeMap<String, Value>,
    holders: BTreeMap<Handle, String>,
    named: HashSet<String>,
    /// Every identity that lines spoke of, and those since the last point.
    handles: BTreeSet<Handle>,
    named_handles: HashSet<Handle>,
}

impl Comparing {
    /// A line was taken: it names these.
    pub(crate) fn touched(&mut self, line: &Value, answer: &Value) {
        let references = [&line["contact"], &line["primary"], &line["secondary"]].into_iter();
        let references = references.chain([&line["pair"]["primary"], &line["pair"]["secondary"]]);
        let labels = references.filter_map(|it| it.as_str()?.strip_prefix("id:"));
        self.named.extend(labels.chain(answer["contact"].as_str()).map(str::to_owned));
        for it in line["channels"].as_array().into_iter().flatten().chain([line]) {
            if let (Some(channel), Some(id)) = (it["channel"].as_str(), it["external_id"].as_str()) {
                self.handles.insert((channel.to_owned(), id.to_owned()));
                self.named_handles.insert((channel.to_owned(), id.to_owned()));
            }
        }
    }

    /// What the oracle expects now that is to be compared at this point.
    fn due(&mut self, oracle: &Oracle) -> Due {
        self.points += 1;
        let whole = self.points.is_multiple_of(WHOLE);
        let (mut contacts, mut holders) = (BTreeMap::new(), BTreeMap::new());
        for it in (0..).map_while(|it| oracle.contact(it)) {
            let label = it["id"].as_str().expect("a label").to_owned();
            for row in it["channels"].as_array().into_iter().flatten() {
                let text = |member: &str| row[member].as_str().expect("a text").to_owned();
                holders.insert((text("channel"), text("external_id")), label.clone());
            }
            contacts.insert(label, it);
        }
        let mut due = Due { contacts: contacts.clone(), holders: Vec::new() };
        due.contacts.retain(|label, it| whole || self.named.contains(label) || self.contacts.get(label) != Some(it));
        for handle in &self.handles {
            let (before, now) = (self.holders.get(handle), holders.get(handle));
            if whole || before != now || self.named_handles.contains(handle) {
                due.holders.push((handle.clone(), now.cloned()));
            }
        }
        (self.contacts, self.holders) = (contacts, holders);
        self.named.clear();
        self.named_handles.clear();
        due
    }

    /// Compares it, by several readers at once.
    pub(crate) async fn compare(
        &mut self,
        reader: &Reader,
        oracle: &Oracle,
        names: &Arc<Names>,
        now: DateTime<Utc>,
        what: &str,
    ) {
        let due = self.due(oracle);
        let as_of = self.points.is_multiple_of(AS_OF).then_some(now);
        let mut readers = JoinSet::new();
        for chunk in chunks(due.contacts.into_values().collect()) {
            let side = Side { reader: reader.clone(), names: names.clone(), what: what.to_owned() };
            readers.spawn(async move {
                for expected in &chunk {
                    side.contact(expected, as_of).await;
                }
            });
        }
        for chunk in chunks(due.holders) {
            let side = Side { reader: reader.clone(), names: names.clone(), what: what.to_owned() };
            readers.spawn(async move {
                for (handle, expected) in chunk {
                    side.holder(handle, expected).await;
                }
            });
        }
        readers.join_all().await;
    }
}

struct Due {
    contacts: BTreeMap<String, Value>,
    /// Identities with the contacts that show them.
    holders: Vec<(Handle, Option<String>)>,
}

fn chunks<T>(all: Vec<T>) -> Vec<Vec<T>> {
    let mut chunks: Vec<Vec<T>> = (0..READERS).map(|_| Vec::new()).collect();
    all.into_iter().enumerate().for_each(|(at, it)| chunks[at % READERS].push(it));
    chunks
}

/// The store's side, as one reader asks it.
struct Side {
    reader: Reader,
    names: Arc<Names>,
    what: String,
}

impl Side {
    async fn contact(&self, expected: &Value, as_of: Option<DateTime<Utc>>) {
        let label = expected["id"].as_str().expect("a label");
        let what = format!("{}, contact {label}", self.what);
        let id = self.names.id(label);
        if expected["state"] != "live" {
            let (state, root) = self.reader.fate(id).await;
            let actual = json!({"id": label, "erased": state == "erased", "root": self.names.label(root)});
            assert!(state != "live", "{what} is live");
            return assert_same(&actual, expected, &what);
        }
        // The present time of the store is another than that of the lines.
        let reference = Reference::Id(ContactId(id));
        let body = self.reader.contact(&reference, None).await;
        let mut actual = shown(&body.unwrap_or_else(|error| panic!("{what} is not live: {error}")), &self.names);
        actual["activity"] = expected["activity"].clone();
        assert_same(&actual, expected, &what);
        if let Some(now) = as_of {
            let body = self.reader.contact(&reference, Some(AsOf::Time(now))).await.expect("it was there then");
            assert_same(&shown(&body, &self.names), expected, &format!("{what} as of {now}"));
        }
    }

    async fn holder(&self, (channel, external_id): Handle, expected: Option<String>) {
        let what = format!("{}: {channel}:{external_id}", self.what);
        let reference = Reference::Channel { channel: channel.into(), external_id: external_id.into() };
        let actual = self.reader.contact(&reference, None).await.map(|body| self.names.label(body.id.0));
        assert_eq!(actual, expected.ok_or(Rejection::ContactNotFound), "{what}");
    }
}
