//! What generated histories come to: laws over histories in which nothing hard happens would say nothing.

use std::collections::{BTreeMap, BTreeSet};

use dossier_domain::event::Event;
use dossier_domain::field::Choice;
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::Life;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::deeds::deeds;
use crate::history::History;
use crate::memory::{Memory, played};
use crate::properties::LONGEST;

const HISTORIES: usize = 100;
/// How many situations are looked for.
const SITUATIONS: usize = 12;
/// In so many of them at least each situation comes about.
const AT_LEAST: usize = 3;

/// The hard situations, each with the number of histories that come to it.
fn count(history: &History<Memory>, times: &mut BTreeMap<&'static str, usize>) {
    let mut met: BTreeSet<&'static str> = BTreeSet::new();
    let reading = history.stage.0.reading();
    let lives = |id: &ContactId| reading.contacts.get(id).is_some_and(|contact| contact.life == Life::Live);
    let (mut pairs, mut locked, mut tagged) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (recorded, opened) in history.done.iter().flat_map(|done| &done.events) {
        let Stream::Contact(id) = recorded.stream else { continue };
        let mut meet = |situation, is_met: bool| _ = is_met && met.insert(situation);
        match &opened.event {
            Event::MergePrepared(_) => _ = locked.insert(id),
            Event::MergeEnded(_) => _ = locked.remove(&id),
            Event::ContactMerged(edge) => {
                meet("merged again", !pairs.insert((id, edge.secondary)));
                let terms = edge.personal.open();
                let given = |choice: &Choice| matches!(choice, Choice::Given(_));
                meet("a value given in a merge", terms.is_some_and(|terms| terms.choices.values().any(given)));
            }
            Event::TreeChanged(_) => meet("an inner merge undone", true),
            Event::IdentityDisconnected(_) => meet("released by an absorbed contact", locked.contains(&id)),
            Event::MessageReceived(event) => meet("said by an absorbed contact", event.holder.is_some()),
            Event::MessageSuppressed(_) => meet("suppressed", true),
            Event::ProfileEdited(event) => {
                meet("a value brought by an absorbed contact", event.holder.is_some());
                meet("and that contact erased", event.holder.is_some_and(|it| !lives(&it)) && lives(&id));
            }
            Event::TagAdded(tag) => _ = tagged.insert((id, tag.personal.open().map(|tag| tag.key.clone()))),
            Event::TagRemoved(tag) => {
                let own = tagged.contains(&(id, tag.personal.open().map(|tag| tag.key.clone())));
                meet("a tag removed that a merge had brought", !own);
            }
            Event::ContactErased(event) => meet("erased with its root", event.with.is_some()),
            _ => {}
        }
    }
    let depth = |id: &ContactId| {
        std::iter::successors(reading.contacts.get(id), |it| reading.above(it).map(|(above, _)| above)).count()
    };
    let recorded = history.done.iter().filter(|done| done.events.iter().any(|(_, it)| it.event.is_interaction()));
    let mut meet = |situation, is_met: bool| _ = is_met && met.insert(situation);
    meet("a chain of three", reading.contacts.keys().any(|id| depth(id) > 2));
    meet("delivered again", history.accepted.len() > recorded.count());
    for situation in met {
        *times.entry(situation).or_default() += 1;
    }
}

#[test]
fn generated_histories_come_to_every_hard_situation() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut times = BTreeMap::new();
    for _ in 0..HISTORIES {
        let deeds = deeds(LONGEST).new_tree(&mut runner).expect("a history").current();
        count(&played(&deeds), &mut times);
    }
    let rare: Vec<_> = times.iter().filter(|(_, times)| **times < AT_LEAST).collect();
    assert!(rare.is_empty() && times.len() == SITUATIONS, "{times:#?}");
}
