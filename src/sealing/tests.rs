use std::sync::Arc;

use dossier_domain::event::{
    ContactAbandoned, ContactMerged, Content, Event, IdentityClaimed, IdentityNamed, IdentityReleased, InteractionKind,
    MergeTerms, MessageReceived, MessageText, WorkspaceConfigured,
};
use dossier_domain::field::{Choice, Field};
use dossier_domain::ids::{ContactId, IdentityId, Mark, MergeId, Stream};
use dossier_domain::meta::{Actor, ActorKind, Cause, KeyUse, Meta};
use dossier_domain::personal::Personal;
use uuid::Uuid;

use super::{Codec, Opened, SealError};
use crate::adapters::memory::MemoryKeyring;
use crate::ports::{Keyring, Recorded};

struct House {
    keyring: Arc<MemoryKeyring>,
    codec: Codec,
}

impl House {
    fn new() -> Self {
        let keyring = Arc::new(MemoryKeyring::default());
        House { codec: Codec::new(keyring.clone()), keyring }
    }

    async fn record(&self, stream: Stream, event: &Event) -> Recorded {
        let id = Uuid::from_u128(0xe1);
        let event = self.codec.seal(&stream, id, event, &meta()).await.expect("it seals");
        Recorded { position: 7, revision: 3, stream, event }
    }

    async fn open(&self, recorded: &Recorded) -> Opened {
        self.codec.open(recorded).await.expect("it opens")
    }
}

fn ada() -> ContactId {
    ContactId(Uuid::from_u128(0xada))
}

fn grace() -> ContactId {
    ContactId(Uuid::from_u128(0x67ace))
}

fn meta() -> Meta {
    Meta {
        workspace: "default".into(),
        actor: Actor { kind: ActorKind::User, id: Personal::Open("u \"7\"".into()) },
        cause: Cause::Inbound,
        occurred_at: "2026-03-01T10:00:00.123456Z".parse().unwrap(),
        recorded_at: "2026-03-01T10:00:01Z".parse().unwrap(),
        correlation_id: Uuid::from_u128(1),
        causation_id: Uuid::from_u128(2),
        batch_id: Some(Uuid::from_u128(3)),
        replayed: true,
        key: Some(KeyUse { mark: Mark([1; 16]), body: Mark([0xab; 16]), status: 201 }),
        marks: vec![Mark([1; 16]), Mark([2; 16])],
    }
}

fn message(holder: Option<ContactId>) -> Event {
    MessageReceived {
        identity: IdentityId(Uuid::from_u128(0x1d)),
        channel: "sms".into(),
        at: "2026-03-01T10:00:00Z".parse().unwrap(),
        kind: InteractionKind::Message,
        holder,
        personal: Personal::Open(MessageText {
            external_id: "+60123456789".into(),
            message_id: "m-1".into(),
            content: Some(Content::Text { text: "a \"secret\"\nin two lines".into() }),
        }),
    }
    .into()
}

fn erased(mut event: Event) -> (Event, Meta) {
    event.erase();
    let mut meta = meta();
    meta.actor.erase();
    (event, meta)
}

#[tokio::test]
async fn what_was_sealed_is_found_again_and_nothing_personal_is_stored_readable() {
    let house = House::new();
    let recorded = house.record(Stream::Contact(ada()), &message(None)).await;
    let opened = house.open(&recorded).await;
    assert_eq!((opened.event, opened.meta, opened.damaged), (message(None), meta(), false));
    assert_eq!(recorded.event.marks, meta().marks);
    let stored = String::from_utf8([recorded.event.data, recorded.event.meta].concat()).unwrap();
    for word in ["secret", "+60123456789", "m-1", "u \\\"7"] {
        assert!(!stored.contains(word), "{word} stands in {stored}");
    }
    assert!(stored.contains(r#""$correlationId":"00000000-0000-0000-0000-000000000001""#), "{stored}");
}

#[tokio::test]
async fn after_an_erasure_only_the_readable_part_is_left_and_that_is_no_damage() {
    let house = House::new();
    let recorded = house.record(Stream::Contact(ada()), &message(None)).await;
    house.keyring.destroy(ada().0).await.unwrap();
    let opened = house.open(&recorded).await;
    let (event, meta) = erased(message(None));
    assert_eq!((opened.event, opened.meta, opened.damaged), (event, meta, false));
}

#[tokio::test]
async fn what_two_contacts_seal_either_of_them_takes_away() {
    for gone in [ada(), grace()] {
        let house = House::new();
        let terms = MergeTerms { choices: [(Field::Email, Choice::Given(Some("a@b.c".into())))].into() };
        let merge = MergeId(Uuid::from_u128(9));
        let edge = ContactMerged { merge, secondary: grace(), policy: 1, personal: Personal::Open(terms) };
        for event in [message(Some(grace())), edge.into()] {
            let recorded = house.record(Stream::Contact(ada()), &event).await;
            assert_eq!(house.open(&recorded).await.event, event);
            let fresh = House { codec: Codec::new(house.keyring.clone()), keyring: house.keyring.clone() };
            assert_eq!(fresh.open(&recorded).await.event, event);
        }
        let recorded = house.record(Stream::Contact(ada()), &message(Some(grace()))).await;
        house.keyring.destroy(gone.0).await.unwrap();
        let opened = house.open(&recorded).await;
        assert_eq!((opened.event, opened.damaged), (erased(message(Some(grace()))).0, false), "without {gone}");
    }
}

#[tokio::test]
async fn without_key_and_tombstone_it_is_damage_and_the_fold_goes_on() {
    let house = House::new();
    let recorded = house.record(Stream::Contact(ada()), &message(None)).await;
    let opened = House::new().open(&recorded).await;
    assert_eq!((opened.event, opened.damaged), (erased(message(None)).0, true));
}

#[tokio::test]
async fn a_seal_opens_in_its_own_event_only() {
    let house = House::new();
    let recorded = house.record(Stream::Contact(ada()), &message(None)).await;
    let other_id = {
        let mut other = recorded.clone();
        other.event.id = Uuid::from_u128(0xe2);
        other
    };
    let other_stream = Recorded { stream: Stream::Contact(grace()), ..recorded.clone() };
    house.keyring.create_if_absent(grace().0).await.unwrap();
    let bent = {
        let mut bent = recorded.clone();
        let text = String::from_utf8(bent.event.data).unwrap();
        let place = text.find("with\":\"").unwrap() + 30;
        let other = if &text[place..=place] == "A" { "B" } else { "A" };
        bent.event.data = [&text[..place], other, &text[place + 1..]].concat().into_bytes();
        bent
    };
    for moved in [other_id, other_stream, bent] {
        let opened = house.open(&moved).await;
        assert_eq!((opened.event, opened.damaged), (erased(message(None)).0, true));
    }
}

#[tokio::test]
async fn a_claim_is_sealed_by_its_contact_and_a_release_names_no_actor() {
    let house = House::new();
    let personal = Personal::Open(IdentityNamed { external_id: "+60123456789".into() });
    let claim: Event = IdentityClaimed { contact: ada(), channel: "sms".into(), personal }.into();
    let stream = Stream::Identity(IdentityId(Uuid::from_u128(5)));
    let recorded = house.record(stream.clone(), &claim).await;
    let opened = house.open(&recorded).await;
    assert_eq!((opened.event, opened.meta, opened.damaged), (claim, meta(), false));
    let released = IdentityReleased { contact: ada(), epoch: 0 }.into();
    let released = house.record(stream, &released).await;
    assert_eq!(house.open(&released).await.meta.actor.id, Personal::Erased);
    house.keyring.destroy(ada().0).await.unwrap();
    let opened = house.open(&recorded).await;
    assert!(matches!(opened.event, Event::IdentityClaimed(IdentityClaimed { personal: Personal::Erased, .. })));
}

#[tokio::test]
async fn a_workspaces_stream_keeps_its_actor_under_a_key_of_its_own() {
    let house = House::new();
    let settings =
        WorkspaceConfigured { time_zone: "UTC".into(), billing_anchor_day: 1, default_region: None, active_days: 30 };
    let recorded = house.record(Stream::Workspace("default".into()), &settings.clone().into()).await;
    let opened = house.open(&recorded).await;
    assert_eq!((opened.event, opened.meta), (settings.into(), meta()));
}

#[tokio::test]
async fn the_store_itself_acts_without_a_seal() {
    let house = House::new();
    let stream = Stream::Contact(ada());
    let meta = Meta { actor: Actor::system(), ..meta() };
    let event = house.codec.seal(&stream, Uuid::nil(), &ContactAbandoned {}.into(), &meta).await.unwrap();
    assert_eq!(event.data, br#"{"public":{}}"#);
    let opened = house.open(&Recorded { position: 1, revision: 0, stream, event }).await;
    assert_eq!(opened.meta, meta);
}

#[tokio::test]
async fn nothing_is_sealed_for_whom_was_erased() {
    let house = House::new();
    house.keyring.destroy(grace().0).await.unwrap();
    for (contact, holder) in [(grace(), None), (ada(), Some(grace()))] {
        let sealed = house.codec.seal(&Stream::Contact(contact), Uuid::nil(), &message(holder), &meta()).await;
        assert!(matches!(sealed, Err(SealError::Destroyed)));
    }
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_without_quoting_it() {
    let house = House::new();
    let recorded = house.record(Stream::Contact(ada()), &message(None)).await;
    let with = |change: fn(&mut Recorded)| {
        let mut changed = recorded.clone();
        change(&mut changed);
        changed
    };
    for changed in [
        with(|recorded| recorded.event.event_type = "contact_cloned".into()),
        with(|recorded| recorded.event.version = 2),
        with(|recorded| recorded.event.data = br#"{"public":{"kind":"Hopper"}}"#.to_vec()),
        with(|recorded| recorded.event.meta = br#"{"workspace":"w","actor":"Hopper"}"#.to_vec()),
        with(|recorded| recorded.event.data = b"Hopper".to_vec()),
    ] {
        let error = format!("{:?}", house.codec.open(&changed).await.map(|opened| opened.event).unwrap_err());
        assert!(error.contains("position 7") && !error.contains("Hopper"), "{error}");
    }
}
