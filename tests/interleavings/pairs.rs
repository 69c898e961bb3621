//! Every pair of commands in small worlds, in every order and with every crash; some of these worlds are what a crash
//! has left, so that two more meet what a third one left unfinished.

use crate::check::Seen;
use crate::explore::{RACES_MAX, Search};
use crate::run::Processes;
use crate::scene::{Deed, Scene};
use crate::support::asks;
use crate::switches::Switches;

/// How many lost races more are followed; for longer runs.
const VARIABLE: &str = "DOSSIER_INTERLEAVINGS_RACES";

/// A task by its name: verb, contacts by capital letters, identities by `@`.
fn deed(scene: &Scene, name: &str) -> Deed {
    let words: Vec<&str> = name.split(' ').collect();
    let id = |index: usize| scene.id(words[index].chars().next().expect("a letter"));
    let handle = |index: usize| &words[index][1..];
    let ask = match words[0] {
        "recovery" => return Deed::recovery(),
        "in" => asks::inbound(handle(1), words[2]),
        "out" => asks::outbound(asks::by_id(id(1)), Some(handle(2)), words[3]),
        "claim" => asks::claim(id(1), handle(2)),
        "release" => asks::release(id(1), handle(2)),
        "create" => asks::create(&[handle(1), handle(2)]),
        "merge" => asks::merge(id(1), id(2), &[]),
        "unmerge" => asks::unmerge(scene.merge_id(words[1])),
        "delete" => asks::delete(id(1)),
        "block" => asks::block(id(1)),
        "unblock" => asks::unblock(id(1)),
        "set" => asks::set(id(1), "company", Some("x")),
        "tag" => asks::tag(id(1), "t"),
        verb => panic!("nobody can {verb}"),
    };
    Deed::new(name, "one", ask)
}

fn cast(scene: &Scene, names: &str) -> Vec<Deed> {
    names.split(", ").map(|name| deed(scene, name)).collect()
}

/// All pairs of the cast, also of each with itself, under two keys.
fn every_pair(scene: &Scene, names: &str) {
    let cast = cast(scene, names);
    let pairs = cast.iter().enumerate().flat_map(|(index, one)| cast[index..].iter().map(move |other| (one, other)));
    search(scene, pairs.map(|(one, other)| [one.clone(), other.keyed("two")]));
}

fn search(scene: &Scene, pairs: impl Iterator<Item = [Deed; 2]>) {
    let more = std::env::var(VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let (mut seen, mut runs) = (Seen::default(), 0);
    for deeds in pairs {
        let mut search = Search::new(scene, &deeds, &mut seen);
        search.races_max = more + if deeds.iter().any(Deed::is_long) { 1 } else { RACES_MAX };
        if let Err(fault) = search.with_crashes() {
            panic!("{fault:?}");
        }
        runs += search.runs;
    }
    let (moments, endings) = seen.counts();
    println!("{}: {runs} runs, {moments} different moments, {endings} different endings", scene.name);
}

fn chain() -> Scene {
    let chain = |scene: &mut Scene| {
        scene.merge("BC");
        scene.merge("AB");
    };
    Scene::of("ABC").with(chain)
}

#[test]
fn three_contacts_apart() {
    let scene = Scene::of("ABC").named("A, B and C apart");
    every_pair(
        &scene,
        "in @b 1, claim A @n, claim B @n, release B @b, merge A B, merge B A, merge C B, delete B, block A, set B",
    );
}

#[test]
fn one_contact_and_an_unknown_identity() {
    let scene = Scene::of("A").named("A, and nobody holds n or p");
    every_pair(&scene, "in @n 1, in @n 2, out A @n 3, claim A @n, create @n @p, create @p @n, recovery");
}

#[test]
fn a_merge() {
    let scene = Scene::of("ABC").with(|scene| scene.merge("AB")).named("B in A");
    every_pair(
        &scene,
        "in @b 1, claim B @n, release A @b, merge C A, merge C B, merge A C, unmerge AB, delete A, block A, set B",
    );
}

#[test]
fn a_chain_of_merges() {
    let scene = chain().named("C in B in A");
    every_pair(&scene, "in @c 1, claim C @n, release A @c, unmerge AB, unmerge BC, block A, set C, tag B, recovery");
    let delete = deed(&scene, "delete A").keyed("two");
    search(&scene, cast(&scene, "in @c 1, unmerge BC, set B").into_iter().map(|other| [other, delete.clone()]));
}

#[test]
fn a_merge_cut_off() {
    let scene = Scene::of("ABC").with(|scene| scene.cut_off(scene.merge_ask("AB"), 1));
    every_pair(
        &scene.clone().named("B locked to A, undecided"),
        "in @b 1, claim B @n, merge A B, merge B A, merge C A, delete A, block A, set B, recovery",
    );
    let blocked = scene.with(|scene| drop(scene.done(asks::block(scene.id('A')))));
    every_pair(
        &blocked.named("B locked to A, undecided, A blocked"),
        "in @b 1, unblock A, merge A B, delete A, set B, recovery",
    );
}

#[test]
fn an_unmerge_cut_off() {
    let scene = chain().with(|scene| scene.cut_off(asks::unmerge(scene.merge_id("BC")), 1));
    every_pair(
        &scene.named("C out of B in A, nobody told"),
        "in @c 1, merge A C, merge C A, unmerge AB, unmerge BC, delete C, recovery",
    );
}

#[test]
fn a_contact_merged_once_and_free_again() {
    let again = |scene: &mut Scene| {
        scene.merge("AB");
        scene.done(asks::unmerge(scene.merge_id("AB")));
    };
    every_pair(
        &Scene::of("AB").with(again).named("B was in A"),
        "in @b 1, merge A B, merge B A, unmerge AB, delete A, delete B",
    );
}

#[test]
fn a_first_message_cut_off() {
    let scene = Scene::of("A").with(|scene| scene.cut_off(asks::inbound("n", "0"), 2));
    let scene = scene.named("n claimed for nobody");
    every_pair(&scene, "in @n 0, in @n 1, recovery");
    let claim = deed(&scene, "claim A @n");
    search(&scene, cast(&scene, "in @n 0, in @n 1, recovery").into_iter().map(|other| [other, claim.keyed("two")]));
}

#[test]
fn a_claim_cut_off() {
    let scene = Scene::of("AB").with(|scene| scene.cut_off(asks::claim(scene.id('A'), "n"), 1));
    every_pair(
        &scene.named("n claimed for A, which does not know"),
        "in @n 1, claim A @n, claim B @n, release A @n, merge B A, delete A, recovery",
    );
}

#[test]
fn a_release_cut_off() {
    let scene = Scene::of("AB").with(|scene| scene.cut_off(asks::release(scene.id('B'), "b"), 1));
    every_pair(
        &scene.named("b let go by B, still claimed"),
        "in @b 1, claim A @b, claim B @b, release B @b, merge A B, delete B, recovery",
    );
}

#[test]
fn an_erasure_cut_off() {
    let erasing = |scene: &mut Scene| {
        scene.merge("AB");
        scene.cut_off(asks::delete(scene.id('A')), 1);
    };
    every_pair(
        &Scene::of("AB").with(erasing).named("A erased, B in it not yet"),
        "in @a 1, in @b 1, claim B @n, unmerge AB, release B @b, delete A, recovery",
    );
}

/// The same command twice at once, under one key; and another one under the key of the first.
#[test]
fn one_key_twice() {
    let scene = Scene::of("ABC").with(|scene| scene.merge("AB")).named("B in A");
    let cast = cast(
        &scene,
        "in @b 1, in @n 1, claim B @n, release A @b, create @n @p, merge A C, merge C A, unmerge AB, delete A, block A, set B",
    );
    search(&scene, cast.iter().map(|deed| [deed.clone(), deed.clone()]));
    let others = cast.iter().zip(cast.iter().cycle().skip(4));
    search(&scene, others.map(|(one, other)| [one.clone(), other.clone()]));
}

/// Two tasks of one process, with what it remembers between them: every schedule with two switches.
fn every_pair_in_one_process(scene: &Scene, names: &str, processes: Processes) {
    let cast = cast(scene, names);
    let mut seen = Seen::default();
    for (index, one) in cast.iter().enumerate() {
        for other in &cast[index..] {
            let deeds = [one.clone(), other.keyed("two")];
            let mut switches = Switches { scene, deeds: &deeds, processes, seen: &mut seen };
            if let Err(fault) = switches.two() {
                panic!("{fault:?}");
            }
        }
    }
}

#[test]
fn one_process_that_remembers_contacts_apart() {
    let scene = Scene::of("AB").named("A and B apart, in one process");
    let names = "in @n 1, in @b 1, claim B @n, release B @b, merge A B, merge B A, delete B";
    every_pair_in_one_process(&scene, names, Processes::SharedAndWarm);
}

#[test]
fn one_process_that_remembers_a_chain_of_merges() {
    let scene = chain().named("C in B in A, in one process");
    let names = "in @c 1, release A @c, unmerge BC, unmerge AB, delete A, set C";
    every_pair_in_one_process(&scene, names, Processes::SharedAndWarm);
    every_pair_in_one_process(&scene, "in @c 1, unmerge BC", Processes::SharedAndNew);
}
