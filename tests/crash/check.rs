//! What must hold after a restart.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use serde_json::Value;

use crate::load::{Acknowledged, Kind, World};
use crate::server::{Caller, Server};

const AT_ONCE: usize = 8;

/// Every command acknowledged in the last round is answered as then; those never answered are sent again, and are whole.
pub(crate) async fn after_restart(server: &Server, world: &mut World) {
    let acknowledged = std::mem::take(&mut world.acknowledged);
    again(&server.caller(), &acknowledged).await;
    world.settled.extend(acknowledged);
    for sent in std::mem::take(&mut world.unanswered) {
        let reply = sent.send(&server.caller()).await.unwrap();
        assert!(reply.status < 500, "{sent:?} {:?}", reply.json());
        if (200..300).contains(&reply.status) {
            let one = Acknowledged { status: reply.status, answer: reply.json(), sent };
            again(&server.caller(), std::slice::from_ref(&one)).await;
            world.settled.push(one);
        }
    }
}

/// Every command ever acknowledged is answered as the first time.
pub(crate) async fn all_again(server: &Server, world: &World) {
    again(&server.caller(), &world.settled).await;
}

async fn again(caller: &Caller, acknowledged: &[Acknowledged]) {
    let retries = acknowledged.iter().map(|one| async move { (one, one.sent.send(caller).await.unwrap()) });
    let mut retries = stream::iter(retries).buffer_unordered(AT_ONCE);
    while let Some((one, reply)) = retries.next().await {
        let answer = reply.json();
        if one.sent.key.is_some() {
            let place =
                |answer: &Value| [&answer["contact_id"], &answer["revision"], &answer["position"]].map(Value::clone);
            assert_eq!((reply.status, place(&answer)), (one.status, place(&one.answer)), "{one:?} {answer}");
        } else {
            assert_eq!((reply.status, &answer["duplicate"]), (200, &Value::Bool(true)), "{one:?} {answer}");
            assert_eq!(answer["contact_id"], one.answer["contact_id"], "{one:?}");
        }
    }
}

/// Everything can be read, and nothing stands half done.
pub(crate) async fn whole(server: &Server, world: &World) {
    for doomed in [false, true] {
        let shown = shown(server, world, doomed).await;
        each_in_one_tree(&shown);
        each_identity_once(shown.values());
        if !doomed {
            each_interaction_once(world, shown.values());
        }
    }
    merged_or_not(server, world).await;
}

/// What every contact of a pool shows, by the id asked for; erased ones left out.
async fn shown(server: &Server, world: &World, doomed: bool) -> BTreeMap<String, Value> {
    let position = world.position().to_string();
    let reads = world.contacts(doomed).into_iter().map(|id| {
        let (caller, headers) = (server.caller(), [("dossier-min-position", position.clone())]);
        async move {
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let reply = caller.call("GET", &format!("/contacts/{id}?wait_ms=60000"), &headers, &Value::Null).await;
            (id, reply.unwrap())
        }
    });
    let replies: Vec<_> = stream::iter(reads).buffer_unordered(AT_ONCE).collect().await;
    let mut shown = BTreeMap::new();
    for (id, reply) in replies {
        match reply.status {
            200 => _ = shown.insert(id, reply.json()),
            410 if doomed => {}
            status => panic!("{id}: {status} {}", reply.json()),
        }
    }
    shown
}

fn id(contact: &Value) -> &str {
    contact["id"].as_str().unwrap()
}

/// Those absorbed in a contact, at any depth.
fn below<'v>(contact: &'v Value, found: &mut Vec<&'v str>) {
    for absorbed in contact["absorbed"].as_array().into_iter().flatten() {
        found.push(absorbed["contact_id"].as_str().unwrap());
        below(absorbed, found);
    }
}

fn each_in_one_tree(shown: &BTreeMap<String, Value>) {
    let mut roots = BTreeMap::new();
    for contact in shown.values() {
        assert_eq!(contact["state"], "live");
        let mut tree = vec![id(contact)];
        below(contact, &mut tree);
        for member in tree {
            let root = roots.insert(member.to_owned(), id(contact).to_owned());
            assert!(root.is_none_or(|root| root == id(contact)), "{member} is in two trees");
        }
    }
    for (asked, contact) in shown {
        assert_eq!(roots.get(asked).map(String::as_str), Some(id(contact)), "{asked} leads to a tree without it");
    }
}

fn live<'v>(shown: impl Iterator<Item = &'v Value>) -> BTreeMap<&'v str, &'v Value> {
    shown.map(|contact| (id(contact), contact)).collect()
}

fn each_identity_once<'v>(shown: impl Iterator<Item = &'v Value>) {
    let mut held = BTreeSet::new();
    for contact in live(shown).values() {
        for channel in contact["channels"].as_array().unwrap() {
            let identity = (channel["channel"].as_str().unwrap(), channel["external_id"].as_str().unwrap());
            assert!(held.insert(identity), "{identity:?} is shown twice");
        }
    }
}

fn each_interaction_once<'v>(world: &World, shown: impl Iterator<Item = &'v Value>) {
    let live = live(shown);
    for (kind, count) in [(Kind::Message, "messages_in"), (Kind::Comment, "comments")] {
        let sent = world.settled.iter().filter(|one| one.sent.kind == kind && !one.sent.doomed).count();
        let counted: u64 = live.values().map(|contact| contact["counts"][count].as_u64().unwrap()).sum();
        assert_eq!(counted, sent as u64, "{count}");
    }
}

/// A merge acknowledged and never asked to be undone leads from its secondary to another contact.
async fn merged_or_not(server: &Server, world: &World) {
    let undone: BTreeSet<&str> = world
        .settled
        .iter()
        .filter(|one| one.sent.kind == Kind::Unmerge)
        .filter_map(|one| one.answer["merge_id"].as_str())
        .collect();
    let merges = world.settled.iter().filter(|one| one.sent.kind == Kind::Merge && !one.sent.doomed);
    for merge in merges.filter(|one| !undone.contains(one.answer["merge_id"].as_str().unwrap())) {
        let secondary = merge.answer["secondary"].as_str().unwrap();
        let contact = server.call("GET", &format!("/contacts/{secondary}"), Value::Null).await.expect(200);
        assert_ne!(contact["id"], *secondary, "{merge:?}");
        assert_eq!(contact["resolved_from"]["contact_id"], *secondary);
    }
}
