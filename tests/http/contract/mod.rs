//! Requests made of the served contract: each operation is asked as the contract says, then with one thing wrecked. What
//! is wrong is told with its place; nothing makes the server fail, and the log stays whole.

mod lines;
mod sample;
mod wreck;

use reqwest::Method;
use serde_json::Value;

use super::server::Dice;
use super::*;
use sample::Samples;

/// An operation of the contract.
struct Operation {
    method: Method,
    path: String,
    /// Name and place of each parameter.
    params: Vec<(String, String)>,
    /// Of a JSON body.
    schema: Option<Value>,
}

/// A request, not sent yet.
#[derive(Clone, Debug)]
struct Asked {
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

fn operations(contract: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let params = operation["parameters"].as_array().into_iter().flatten();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            found.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                params: params.map(|param| (text(&param["name"]), text(&param["in"]))).collect(),
                schema: operation["requestBody"]["content"]["application/json"].get("schema").cloned(),
            });
        }
    }
    assert!(found.len() > 35, "{}", found.len());
    found
}

impl Operation {
    /// A feed never ends by itself, so it is only asked for what it refuses.
    fn is_endless(&self) -> bool {
        self.path.ends_with("/events")
    }

    fn has(&self, place: &str) -> Vec<&str> {
        self.params.iter().filter(|(_, own)| own == place).map(|(name, _)| name.as_str()).collect()
    }
}

/// The contract, a server, and contacts to ask about.
struct Asking {
    door: Door,
    operations: Vec<Operation>,
    samples: Samples,
    /// How many custom fields were defined for it.
    fields: usize,
}

impl Asking {
    async fn open() -> Self {
        let door = Door::open().await;
        let contract = door.get("/openapi.json").await.unwrap().json();
        Asking { operations: operations(&contract), samples: Samples::of(&contract), door, fields: 0 }
    }

    /// Contacts that nothing happened to yet.
    async fn fresh(&mut self) {
        let (primary, secondary) = (self.door.named("Ada").await, self.door.named("Ben").await);
        self.samples.contacts = [primary, secondary];
        self.fields += 1;
        self.samples.field = format!("field_{}", self.fields);
        let field = json!({"key": self.samples.field, "name": "Any", "type": "text"});
        self.door.call("POST", "/fields", field).await.expect(201);
        self.samples.segment = format!("segment_{}", self.fields);
        let segment = json!({"name": self.samples.segment, "filter": {"all": []}});
        self.door.call("POST", "/segments", segment).await.expect(201);
    }

    async fn send(&self, operation: &Operation, asked: &Asked) -> Reply {
        let headers: Vec<(&str, &str)> =
            asked.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sent = self.door.caller().send(operation.method.clone(), &asked.path, &headers, asked.body.clone()).await;
        sent.unwrap_or_else(|error| panic!("{} {asked:?}: {error}", operation.method))
    }
}

/// No failure of ours; and what is wrong is told with its place, a code and words.
#[track_caller]
fn well_answered(told: &str, reply: &Reply) {
    if (200..300).contains(&reply.status) {
        return;
    }
    let (status, name) = reply.problem();
    let waits = (503, "projection_behind".to_owned());
    assert!((400..500).contains(&status) || (status, name.clone()) == waits, "{told}: {status} {name}");
    if name == "validation" {
        for error in reply.json()["errors"].as_array().unwrap() {
            let pointer = error["pointer"].as_str().unwrap();
            let words = |member: &str| !error[member].as_str().unwrap().is_empty();
            assert!((pointer.is_empty() || pointer.starts_with('/')) && words("code") && words("message"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_takes_what_the_contract_says() {
    let mut asking = Asking::open().await;
    let mut dice = Dice(3);
    let (mut taken, mut asked_in_all) = (0, 0);
    for index in 0..asking.operations.len() {
        for _ in 0..6 {
            asking.fresh().await;
            let operation = &asking.operations[index];
            if operation.is_endless() {
                continue;
            }
            let asked = asking.samples.request(operation, &mut dice);
            let reply = asking.send(operation, &asked).await;
            let told = format!("{} {asked:?}: {}", operation.method, String::from_utf8_lossy(&reply.bytes));
            well_answered(&told, &reply);
            // Made of the contract alone, a request can still be about nobody or nothing; it is never malformed.
            assert!(![400, 405, 413, 415].contains(&reply.status), "{told}");
            taken += usize::from(reply.status < 300);
            asked_in_all += 1;
        }
    }
    assert!(taken * 2 > asked_in_all, "most are taken: {taken} of {asked_in_all}");
    asking.door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrecked_is_refused_with_its_place_or_makes_no_difference() {
    let mut asking = Asking::open().await;
    let mut dice = Dice(5);
    let mut kinds = std::collections::BTreeMap::<&str, (usize, usize)>::new();
    for index in 0..asking.operations.len() {
        asking.fresh().await;
        for round in 0..30 {
            let operation = &asking.operations[index];
            let asked = asking.samples.request(operation, &mut dice);
            let Some(wrecked) = wreck::one_thing(operation, asked, &mut dice, round) else { continue };
            if operation.is_endless() && !wrecked.must_be_refused() {
                continue;
            }
            let reply = asking.send(operation, &wrecked.asked).await;
            let shown = String::from_utf8_lossy(&reply.bytes[..reply.bytes.len().min(2_000)]).into_owned();
            let told = format!("{} {}: {shown}", operation.method, wrecked.told());
            well_answered(&told, &reply);
            wrecked.check(&told, &reply);
            let (refused, all) = kinds.entry(wrecked.what).or_default();
            *refused += usize::from(reply.status >= 400);
            *all += 1;
        }
    }
    for what in wreck::ALL {
        assert!(kinds.get(what).is_some_and(|(refused, _)| *refused > 0), "{what}: {kinds:?}");
    }
    assert_eq!(asking.door.get("/healthz").await.unwrap().json()["healthy"], true);
    asking.door.verify();
}
