//! Every pair of commands in small worlds, in every order and with every crash.

use crate::check::{Fault, Seen};
use crate::explore::Search;
use crate::scene::{Deed, Scene};
use crate::support::asks;

/// What may be done where A, B and C exist: every protocol, each from the sides that matter.
fn cast(scene: &Scene) -> Vec<Deed> {
    let [a, b, c] = ['A', 'B', 'C'].map(|letter| scene.id(letter));
    let mut cast: Vec<(&str, _)> = vec![
        ("in @n 1", asks::inbound("n", "1")),
        ("in @n 2", asks::inbound("n", "2")),
        ("in @b 1", asks::inbound("b", "1")),
        ("in @c 1", asks::inbound("c", "1")),
        ("out @n", asks::outbound(asks::by_id(b), Some("n"), "3")),
        ("claim A @n", asks::claim(a, "n")),
        ("claim B @n", asks::claim(b, "n")),
        ("release A @b", asks::release(a, "b")),
        ("release C @c", asks::release(c, "c")),
        ("create @n @p", asks::create(&["n", "p"])),
        ("merge A B", asks::merge(a, b, &[])),
        ("merge B A", asks::merge(b, a, &[])),
        ("merge C B", asks::merge(c, b, &[])),
        ("merge B C", asks::merge(b, c, &[])),
        ("delete A", asks::delete(a)),
        ("delete B", asks::delete(b)),
        ("block A", asks::block(a)),
        ("unblock A", asks::unblock(a)),
        ("set B", asks::set(b, "company", Some("x"))),
    ];
    for pair in ["AB", "BC"] {
        if scene.has_merge(pair) {
            cast.push((if pair == "AB" { "unmerge A B" } else { "unmerge B C" }, asks::unmerge(scene.merge_id(pair))));
        }
    }
    let mut cast: Vec<_> = cast.into_iter().map(|(name, ask)| Deed::new(name, "one", ask)).collect();
    cast.push(Deed::recovery());
    cast
}

fn every_pair(scene: &Scene) {
    let cast = cast(scene);
    let mut seen = Seen::default();
    let started = std::time::Instant::now();
    let (mut runs, mut pairs, mut faults) = (0, 0, Vec::<Fault>::new());
    for (index, one) in cast.iter().enumerate() {
        for other in &cast[index..] {
            let t = std::time::Instant::now();
            let deeds = [one.clone(), other.keyed("two")];
            let mut search = Search::new(scene, &deeds, &mut seen);
            faults.extend(search.with_crashes().err());
            let r = search.runs;
            runs += search.runs;
            pairs += 1;
            if t.elapsed().as_millis() > 1500 { println!("{} | {}: {r} runs {:?}", one.name, other.name, t.elapsed()); }
        }
    }
    println!("{}: {pairs} pairs, {runs} runs, {:?}, {:?}", scene.name, seen.counts(), started.elapsed());
    println!("{} faults", faults.len());
    for f in faults.iter().take(6) { println!("{f:?}"); }
    assert!(faults.is_empty());
}

#[test]
fn apart() {
    every_pair(&Scene::of("ABC").named("apart"));
}

#[test]
fn merged() {
    every_pair(&Scene::of("ABC").with(|scene| scene.merge("AB")).named("merged"));
}

#[test]
fn chain() {
    let chain = |scene: &mut Scene| {
        scene.merge("BC");
        scene.merge("AB");
    };
    every_pair(&Scene::of("ABC").with(chain).named("chain"));
}

#[test]
fn locked() {
    let locked = |scene: &mut Scene| scene.cut_off(scene.merge_ask("AB"), 1);
    every_pair(&Scene::of("ABC").with(locked).named("locked"));
}
