//! What a data folder shows, as plain JSON that no later change of a body or a view can move.

use std::collections::{BTreeMap, BTreeSet};

use dossier::house::House;
use dossier::ports::read_store::ReadStore;
use dossier::ports::{EventStore, Recorded};
use dossier::sealing::Opened;
use dossier_domain::compose::{View, view};
use dossier_domain::event::{Content, Event, MessageText};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::personal::Personal;
use dossier_domain::state::{Contact, Edge, Life};
use serde_json::{Value, json};

/// How many events of each type, every contact, and the statement of every closed cycle.
pub(crate) async fn shown(house: &House) -> Value {
    let events = events(house).await;
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    events.iter().for_each(|(recorded, _)| *types.entry(&recorded.event.event_type).or_default() += 1);
    let ids: BTreeSet<ContactId> = events.iter().filter_map(|(recorded, _)| contact_of(&recorded.stream)).collect();
    let mut contacts = BTreeMap::new();
    for id in ids {
        let own = events.iter().filter(|(recorded, _)| recorded.stream == Stream::Contact(id));
        let words: Vec<Value> = own.filter_map(|(_, opened)| words(&opened.event)).collect();
        let mut shown = contact(house, id).await;
        shown["words"] = json!(words);
        contacts.insert(id.to_string(), shown);
    }
    let mut statements = BTreeMap::new();
    let workspaces: BTreeSet<_> = events.iter().map(|(_, opened)| opened.meta.workspace.clone()).collect();
    for workspace in workspaces {
        statements.insert(workspace.to_string(), statements_of(house, &workspace).await);
    }
    json!({"types": types, "contacts": contacts, "statements": statements})
}

/// Every event, opened; none may be damaged.
pub(crate) async fn events(house: &House) -> Vec<(Recorded, Opened)> {
    let mut events = Vec::new();
    for recorded in house.store().read_all(0, usize::MAX).await.unwrap() {
        let opened = house.codec().open(&recorded).await.unwrap();
        assert!(!opened.damaged, "the event at position {} is damaged", recorded.position);
        events.push((recorded, opened));
    }
    events
}

fn contact_of(stream: &Stream) -> Option<ContactId> {
    match stream {
        Stream::Contact(id) => Some(*id),
        Stream::Identity(_) | Stream::Workspace(_) => None,
    }
}

/// What was said in an event: null where it was erased.
fn words(event: &Event) -> Option<Value> {
    let text = |personal: &Personal<MessageText>| {
        let said = personal.open().and_then(|said| said.content.clone());
        said.map(|Content::Text { text }| text)
    };
    match event {
        Event::MessageReceived(event) => Some(json!(["in", event.channel, event.kind, text(&event.personal)])),
        Event::MessageSent(event) => Some(json!(["out", event.channel, event.kind, text(&event.personal)])),
        Event::CommentAdded(event) => Some(json!(["comment", event.personal.open().map(|comment| &comment.text)])),
        _ => None,
    }
}

/// A contact by own states alone, so that looking finishes nothing.
async fn contact(house: &House, id: ContactId) -> Value {
    let own = house.app().engine().streams.contact(id).await.unwrap();
    let bare = |state: &str| json!({"state": state, "revision": own.revision(), "position": own.position});
    match own.life {
        Life::Erased => bare("erased"),
        Life::Abandoned | Life::Absent => bare("abandoned"),
        Life::Live => match absorbed_in(house, &own).await {
            Some(primary) => {
                let mut shown = bare("absorbed");
                shown["into"] = json!(primary);
                shown
            }
            None => live(&view(&house.app().forest(&own).await.unwrap(), &own, None)),
        },
    }
}

async fn absorbed_in(house: &House, own: &Contact) -> Option<ContactId> {
    let lock = own.lock.as_ref()?;
    let primary = house.app().engine().streams.contact(lock.primary).await.unwrap();
    primary.edge(lock.merge).is_some_and(Edge::is_live).then_some(primary.id)
}

fn live(view: &View) -> Value {
    let fields = view.shown.fields.iter().map(|(field, shown)| (field.to_string(), json!([shown.value, shown.origin])));
    let identities = view.identities.iter().map(|shown| {
        json!([shown.channel, shown.external_id, shown.holder, shown.connected_at, shown.last_in, shown.last_out])
    });
    let absorbed =
        view.absorbed.iter().map(|below| json!([below.contact, below.merge, below.primary, below.merged_at]));
    json!({
        "state": "live",
        "workspace": view.workspace,
        "display_name": view.display_name(),
        "fields": fields.collect::<BTreeMap<_, _>>(),
        "derived_country": view.derived_country,
        "also_known_as": [view.other_emails, view.other_phones],
        "tags": view.shown.tags,
        "identities": identities.collect::<Vec<_>>(),
        "source": view.source,
        "conversation": view.conversation,
        "assignee": view.assignee,
        "blocked": view.blocked,
        "created_at": view.created_at,
        "first_seen": view.first_seen,
        "last": [view.last_in, view.last_out],
        "last_interaction": view.last_interaction,
        "counts": view.counts,
        "absorbed": absorbed.collect::<Vec<_>>(),
        "revision": view.revision,
        "position": view.position,
    })
}

async fn statements_of(house: &House, workspace: &str) -> Value {
    let mut statements = Vec::new();
    for closed in house.read().closed_cycles(workspace).await.unwrap() {
        let members = house.read().members(workspace, &closed.cycle, None, usize::MAX).await.unwrap();
        let member =
            |member: &dossier_projections::mac::Member| json!([member.contact, member.position, member.recorded_by]);
        statements.push(json!({
            "cycle": closed.cycle,
            "start": closed.start,
            "end": closed.end,
            "time_zone": closed.time_zone,
            "active": closed.active,
            "digest": closed.digest,
            "members": members.iter().map(member).collect::<Vec<_>>(),
        }));
    }
    json!(statements)
}
