//! Generated histories: what is done to up to six contacts, by id, by an absorbed id and by identity, at any moment.

use dossier::app::ask::Edit;
use dossier_domain::event::{InteractionKind, Sender};
use dossier_domain::field::{Choice, Value};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The fields that are edited; the names count as one for the policy, and a country may be derived.
const FIELDS: [&str; 6] = ["company", "first_name", "last_name", "phone", "country", "custom.tier"];
/// The handles of identities. The first four begin with a contact each.
pub const HANDLES: [&str; 8] = ["a", "b", "c", "d", "tg:e", "tg:f", "g", "h"];
/// How many contacts there are from the start.
pub const MADE: usize = 4;
/// How many edits a history begins with.
const BEGUN_WITH: usize = 6;

/// How a contact is addressed: by its id, absorbed or not, or by the identity of this place in [`HANDLES`].
#[derive(Clone, Debug)]
pub enum Way {
    Id(Index),
    Identity(usize),
}

/// A value that may be met again on another contact, one that nobody else has, or none.
#[derive(Clone, Copy, Debug)]
pub enum Said {
    Shared(bool),
    Own,
    Nothing,
}

/// What happens to a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Turn {
    Open,
    Close,
    Snooze,
    Assign(bool),
}

/// One choice of a merge.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    Primary,
    Secondary,
    Given(Said),
}

/// Something that is asked. Contacts, merges and messages are named by their place among those there are.
#[derive(Clone, Debug)]
pub enum Deed {
    Set(Way, &'static str, Said),
    Tag(Way, &'static str, bool),
    Comment(Way),
    Converse(Way, Turn),
    Block(Way, bool),
    /// In by an identity, with a value of the sender's profile.
    Says(usize, InteractionKind, Option<&'static str>),
    /// The same message delivered once more.
    Again(Index),
    Sends(Way, Option<usize>, Sender),
    Claim(Way, usize),
    Release(Way, usize),
    /// Of roots, where there are two; else of anybody.
    Merge(Index, Index, Vec<(&'static str, Side)>),
    /// Of a live merge, where there is one; else of any.
    Unmerge(Index),
    /// The root of one that was merged before, where there is one; else of anybody.
    Delete(Index),
}

/// The value that a field is given: `own` makes it one of a kind.
pub fn value_of(field: &str, said: Said, own: &str) -> Option<String> {
    let text = match (field, said) {
        (_, Said::Nothing) => return None,
        ("phone", Said::Shared(true)) => "+60123456789".to_owned(),
        ("phone", _) => "+4915112345678".to_owned(),
        ("country", Said::Shared(true)) => "SE".to_owned(),
        ("country", _) => "NO".to_owned(),
        ("email", Said::Shared(which)) => format!("{which}@example.com"),
        ("email", Said::Own) => format!("{own}@example.com"),
        (_, Said::Shared(which)) => which.to_string(),
        (_, Said::Own) => own.to_owned(),
    };
    Some(text)
}

impl Side {
    pub fn choice(self, field: &str, own: &str) -> Choice {
        match self {
            Side::Primary => Choice::Primary,
            Side::Secondary => Choice::Secondary,
            Side::Given(said) => Choice::Given(value_of(field, said, own).map(|text| Value::Text(text.into()))),
        }
    }
}

impl Turn {
    /// `later` is a time to come.
    pub fn edit(self, later: chrono::DateTime<chrono::Utc>, own: &str) -> Edit {
        match self {
            Turn::Open => Edit::Open,
            Turn::Close => Edit::Close(Default::default()),
            Turn::Snooze => Edit::Snooze(later),
            Turn::Assign(somebody) => Edit::Assign(somebody.then(|| format!("user:{own}").into())),
        }
    }
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![3 => any::<Index>().prop_map(Way::Id), 1 => (0..HANDLES.len()).prop_map(Way::Identity)]
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![3 => any::<bool>().prop_map(Said::Shared), 3 => Just(Said::Own), 2 => Just(Said::Nothing)]
}

fn choices() -> impl Strategy<Value = Vec<(&'static str, Side)>> {
    let side = prop_oneof![Just(Side::Primary), Just(Side::Secondary), said().prop_map(Side::Given)];
    let some = prop::collection::vec((select(&FIELDS[..]), side), 1..3);
    prop_oneof![Just(Vec::new()), some]
}

fn deed() -> impl Strategy<Value = Deed> {
    let kind = prop_oneof![4 => Just(InteractionKind::Message), 1 => Just(InteractionKind::Reaction), 1 => Just(InteractionKind::Call)];
    let sender = prop_oneof![3 => Just(Sender::User), 1 => Just(Sender::Broadcast)];
    let turn =
        prop_oneof![Just(Turn::Open), Just(Turn::Close), Just(Turn::Snooze), any::<bool>().prop_map(Turn::Assign)];
    let handle = || 0..HANDLES.len();
    let known = prop_oneof![2 => 0..MADE, 1 => handle()];
    let profile = prop::option::weighted(0.6, select(vec!["company", "language", "avatar_url"]));
    prop_oneof![
        9 => (way(), select(&FIELDS[..]), said()).prop_map(|(who, field, said)| Deed::Set(who, field, said)),
        7 => (way(), select(vec!["t", "u"]), prop::bool::weighted(0.6)).prop_map(|(who, tag, on)| Deed::Tag(who, tag, on)),
        1 => way().prop_map(Deed::Comment),
        3 => (way(), turn).prop_map(|(who, turn)| Deed::Converse(who, turn)),
        2 => (way(), prop::bool::weighted(0.4)).prop_map(|(who, on)| Deed::Block(who, on)),
        9 => (known, kind, profile).prop_map(|(by, kind, profile)| Deed::Says(by, kind, profile)),
        3 => any::<Index>().prop_map(Deed::Again),
        3 => (way(), prop::option::of(handle()), sender).prop_map(|(who, to, sender)| Deed::Sends(who, to, sender)),
        2 => (way(), handle()).prop_map(|(who, identity)| Deed::Claim(who, identity)),
        3 => (way(), handle()).prop_map(|(who, identity)| Deed::Release(who, identity)),
        11 => (any::<Index>(), any::<Index>(), choices()).prop_map(|(one, other, choices)| Deed::Merge(one, other, choices)),
        8 => any::<Index>().prop_map(Deed::Unmerge),
        2 => any::<Index>().prop_map(Deed::Delete),
    ]
}

/// A history of up to so many commands. It begins with a few values, so that merges have something to bring.
pub fn deeds(at_most: usize) -> impl Strategy<Value = Vec<Deed>> {
    let first = (any::<Index>(), select(&FIELDS[..4]), said())
        .prop_map(|(who, field, said)| Deed::Set(Way::Id(who), field, said));
    let rest = prop::collection::vec(deed(), at_most / 2..=at_most - BEGUN_WITH);
    (prop::collection::vec(first, BEGUN_WITH), rest).prop_map(|(mut deeds, rest)| {
        deeds.extend(rest);
        deeds
    })
}
