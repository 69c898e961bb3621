//! Eight clients at once, and the kill.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::server::{Caller, Dice, Reply, Server};

const CLIENTS: u64 = 8;
/// Handles that write in, in each pool: few, so that they meet.
const HANDLES: usize = 24;

/// A command that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
    pub(crate) kind: Kind,
    /// Whether it concerns contacts that are erased now and then.
    pub(crate) doomed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Comment,
    Merge,
    Unmerge,
    Delete,
    Other,
}

/// A command that was acknowledged, and how.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) sent: Sent,
    pub(crate) status: u16,
    pub(crate) answer: Value,
}

/// All that the clients know.
#[derive(Default)]
pub(crate) struct World {
    /// Acknowledged in rounds before, and found again after the restart.
    pub(crate) settled: Vec<Acknowledged>,
    /// Acknowledged in the last round.
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// Sent, and never answered.
    pub(crate) unanswered: Vec<Sent>,
}

impl World {
    /// Everything ever acknowledged.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Acknowledged> {
        self.settled.iter().chain(&self.acknowledged)
    }

    /// Contacts that were ever told of, in one pool.
    pub(crate) fn contacts(&self, doomed: bool) -> Vec<String> {
        let of_pool = self.all().filter(|one| one.sent.doomed == doomed);
        let mut ids: Vec<String> = of_pool.filter_map(|one| Some(one.answer["contact_id"].as_str()?.into())).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    pub(crate) fn position(&self) -> u64 {
        self.all().filter_map(|one| one.answer["position"].as_u64()).max().unwrap_or(0)
    }
}

impl Sent {
    pub(crate) async fn send(&self, caller: &Caller) -> reqwest::Result<Reply> {
        let headers: Vec<_> = self.key.iter().map(|key| ("idempotency-key", key.as_str())).collect();
        caller.call(self.method, &self.path, &headers, &self.body).await
    }
}

/// What a client chooses from: known before the round, and added to by itself.
struct Client {
    dice: Dice,
    name: String,
    made: u64,
    contacts: [Vec<String>; 2],
    merges: Vec<(bool, String)>,
    acknowledged: Vec<Acknowledged>,
    unanswered: Vec<Sent>,
}

/// Sends until the server is killed, which is after some answers, at a moment that nothing knows.
pub(crate) async fn until_killed(server: Server, world: &mut World, dice: &mut Dice, round: u64) {
    let wanted = 10 + dice.next() % 80;
    let (answers, enough) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let clients = (0..CLIENTS).map(|number| {
        let mut client = Client::new(world, dice.next(), format!("r{round}c{number}"));
        let (caller, answers, enough) = (server.caller(), answers.clone(), enough.clone());
        tokio::spawn(async move {
            while client.step(&caller).await {
                if answers.fetch_add(1, Ordering::Relaxed) + 1 >= wanted {
                    enough.notify_one();
                }
            }
            client
        })
    });
    let clients: Vec<_> = clients.collect();
    enough.notified().await;
    for _ in 0..dice.below(300) {
        tokio::task::yield_now().await;
    }
    server.kill();
    for client in join_all(clients).await {
        let client = client.unwrap();
        world.acknowledged.extend(client.acknowledged);
        world.unanswered.extend(client.unanswered);
    }
}

impl Client {
    fn new(world: &World, seed: u64, name: String) -> Self {
        let merges = world.all().filter(|one| one.sent.kind == Kind::Merge);
        let merges = merges.filter_map(|one| Some((one.sent.doomed, one.answer["merge_id"].as_str()?.into())));
        Client {
            dice: Dice(seed),
            name,
            made: 0,
            contacts: [world.contacts(false), world.contacts(true)],
            merges: merges.collect(),
            acknowledged: Vec::new(),
            unanswered: Vec::new(),
        }
    }

    /// Sends one command; false when nobody is there any more.
    async fn step(&mut self, caller: &Caller) -> bool {
        let sent = self.choose();
        let Ok(reply) = sent.send(caller).await else {
            self.unanswered.push(sent);
            return false;
        };
        assert_ne!(reply.status, 500, "{sent:?} {:?}", reply.json());
        match reply.status {
            200..300 => self.note(Acknowledged { status: reply.status, answer: reply.json(), sent }),
            503 => self.unanswered.push(sent),
            _ => {}
        }
        true
    }

    fn note(&mut self, one: Acknowledged) {
        let doomed = one.sent.doomed;
        if let Some(contact) = one.answer["contact_id"].as_str() {
            self.contacts[usize::from(doomed)].push(contact.into());
        }
        if let (Kind::Merge, Some(merge)) = (one.sent.kind, one.answer["merge_id"].as_str()) {
            self.merges.push((doomed, merge.into()));
        }
        self.acknowledged.push(one);
    }

    /// Every command says something new, so that none of them changes nothing.
    fn choose(&mut self) -> Sent {
        self.made += 1;
        let label = format!("{}n{}", self.name, self.made);
        let doomed = self.dice.below(4) == 0;
        let pool = &self.contacts[usize::from(doomed)];
        let keyed = |method, path: String, body, kind| Sent {
            method,
            path,
            key: Some(format!("key {label}")),
            body,
            kind,
            doomed,
        };
        let (Some(one), Some(other)) = (self.dice.of(pool).cloned(), self.dice.of(pool).cloned()) else {
            return self.message(&label, doomed);
        };
        let at = |rest: &str| format!("/contacts/{one}{rest}");
        match self.dice.below(16) {
            0 | 1 => {
                let channels = json!([{"channel": "web", "external_id": format!("a{label}")},
                    {"channel": "chat", "external_id": format!("b{label}")}]);
                let body = json!({"first_name": label, "email": format!("{label}@example.com"), "channels": channels});
                keyed("POST", "/contacts".into(), body, Kind::Other)
            }
            2 => keyed("PUT", at(&format!("/tags/{label}")), Value::Null, Kind::Other),
            3 => keyed("PATCH", at(""), json!({"company": label}), Kind::Other),
            4 => keyed("POST", at("/comments"), json!({"text": label}), Kind::Comment),
            5 => keyed("PUT", at(&format!("/channels/extra/{label}")), Value::Null, Kind::Other),
            6..9 => keyed("POST", "/merges".into(), json!({"primary": one, "secondary": other}), Kind::Merge),
            9 | 10 => {
                let of_pool: Vec<_> = self.merges.iter().filter(|(pool, _)| *pool == doomed).collect();
                match self.dice.of(&of_pool) {
                    Some((_, merge)) => keyed("POST", format!("/merges/{merge}/unmerge"), Value::Null, Kind::Unmerge),
                    None => self.message(&label, doomed),
                }
            }
            11 if doomed => keyed("DELETE", at(""), Value::Null, Kind::Delete),
            _ => self.message(&label, doomed),
        }
    }

    fn message(&mut self, label: &str, doomed: bool) -> Sent {
        let handle = format!("h{}", self.dice.below(HANDLES));
        let channel = if doomed { "doomed" } else { "sms" };
        let key = (self.dice.below(2) == 0).then(|| format!("key {label}"));
        let content = json!({"type": "text", "text": format!("words {label}")});
        let body = json!({"channel": channel, "external_id": handle, "message_id": label, "content": content});
        Sent { method: "POST", path: "/messages".into(), key, body, kind: Kind::Message, doomed }
    }
}
