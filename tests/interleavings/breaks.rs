//! Each protocol broken on purpose: the search must find a schedule that shows it (and none without the break).

use dossier_domain::sabotage::{Break, arm};

use crate::check::{Fault, Seen};
use crate::explore::Search;
use crate::run::Processes;
use crate::scene::{Deed, Scene};
use crate::support::asks;
use crate::support::house::marks;
use crate::switches::Switches;

/// A break, and the fewest commands that show it.
struct Case {
    broken: Break,
    scene: Scene,
    deeds: Vec<Deed>,
}

fn case(broken: Break, scene: Scene, asks: Vec<dossier::app::ask::Ask>) -> Case {
    let deeds = (1..).zip(asks).map(|(key, ask)| Deed::new(&format!("task {key}"), &format!("key {key}"), ask));
    Case { broken, scene, deeds: deeds.collect() }
}

fn apart() -> Scene {
    Scene::of("AB")
}

fn merged() -> Scene {
    apart().with(|scene| scene.merge("AB"))
}

fn chain() -> Scene {
    let chain = |scene: &mut Scene| {
        scene.merge("BC");
        scene.merge("AB");
    };
    Scene::of("ABC").with(chain)
}

fn locked() -> Scene {
    apart().with(|scene| scene.cut_off(scene.merge_ask("AB"), 1))
}

fn resolving() -> Vec<Case> {
    let (chain, merged, locked) = (chain(), merged(), locked());
    let unmerge = |scene: &Scene, pair: &str| asks::unmerge(scene.merge_id(pair));
    vec![
        case(Break::InnerPrimariesAreReadOnce, chain.clone(), vec![asks::inbound("c", "1"), unmerge(&chain, "BC")]),
        case(Break::RevisionOfAnotherRead, merged.clone(), vec![asks::inbound("b", "1"), unmerge(&merged, "AB")]),
        case(Break::RoutedBeforeDecided, locked.clone(), vec![asks::inbound("b", "1")]),
        case(Break::UnfinishedIsWaitedFor, locked, vec![asks::inbound("b", "1")]),
        case(Break::NobodyAboveIsTold, chain.clone(), vec![asks::inbound("c", "1"), unmerge(&chain, "BC")]),
        case(Break::FreedBeforeTheEdgeIsOut, merged.clone(), vec![unmerge(&merged, "AB")]),
    ]
}

fn merging() -> Vec<Case> {
    let apart = apart();
    let [a, b] = ['A', 'B'].map(|letter| apart.id(letter));
    let merge = asks::merge(a, b, &[]);
    let refusing = locked().with(|scene| drop(scene.done(asks::block(a))));
    let first = marks().merge_of(marks().key("default", "key 1"), a, b, 0);
    let mut late = case(Break::PrimaryIsReadFirst, apart.clone(), vec![merge.clone(), asks::unmerge(first)]);
    late.deeds.push(Deed::new("task 1, sent again", "key 1", merge.clone()));
    vec![
        case(
            Break::RefusedInTheSecondary,
            refusing,
            vec![asks::inbound("b", "1"), asks::unblock(a), asks::inbound("b", "2")],
        ),
        case(Break::LockedPrimaryTakesAnEdge, apart.clone(), vec![merge.clone(), asks::merge(b, a, &[])]),
        case(Break::EdgeBeforeLock, apart, vec![merge]),
        late,
    ]
}

fn holding() -> Vec<Case> {
    let apart = apart();
    let [a, b] = ['A', 'B'].map(|letter| apart.id(letter));
    let by_message = apart.clone().with(|scene| {
        let made = scene.done(asks::inbound("n", "0"));
        scene.call('N', made.contact_id.expect("a contact is made"));
    });
    let n = by_message.id('N');
    vec![
        case(
            Break::OldClaimIsConnected,
            by_message,
            vec![asks::inbound("n", "1"), asks::release(n, "n"), asks::claim(n, "n")],
        ),
        case(Break::AbsentOwnerIsTakenOver, apart.clone(), vec![asks::inbound("n", "1"), asks::claim(a, "n")]),
        case(Break::ConnectedBeforeClaimed, apart.clone(), vec![asks::claim(a, "n")]),
        case(Break::HelperDropsTheKey, apart.clone(), vec![asks::claim(a, "n"), asks::inbound("n", "1")]),
        case(Break::ReleasedBeforeLetGo, apart, vec![asks::release(b, "b")]),
    ]
}

fn keeping() -> Vec<Case> {
    let (apart, merged) = (apart(), merged());
    let [a, b] = ['A', 'B'].map(|letter| apart.id(letter));
    vec![
        case(Break::TreeIsErasedBeforeItsRoot, merged.clone(), vec![asks::delete(a)]),
        case(Break::KeyIsDestroyedFirst, apart.clone(), vec![asks::delete(a)]),
        case(Break::OnlyTheRootIsErased, merged, vec![asks::delete(a)]),
        case(Break::FirstEventBeforeItsKey, apart.clone(), vec![asks::create(&["n", "p"])]),
        case(Break::KeyLeavesNoMark, apart.clone(), vec![asks::set(b, "company", Some("x"))]),
        case(Break::MessagesAreForgotten, apart, vec![asks::inbound("b", "1"), asks::inbound("b", "1")]),
    ]
}

/// Schedules with one switch first, which is enough for most; then, of two tasks, all.
fn searched(case: &Case) -> Result<(), Fault> {
    let Case { scene, deeds, .. } = case;
    let mut seen = Seen::default();
    Switches { scene, deeds, processes: Processes::Each, seen: &mut seen }.one()?;
    match deeds.len() {
        1 | 2 => Search::new(scene, deeds, &mut seen).every(),
        _ => Ok(()),
    }
}

#[track_caller]
fn all_are_noticed(cases: &[Case]) {
    for case in cases {
        searched(case).expect("nothing is broken");
        let _armed = arm(case.broken);
        assert!(searched(case).is_err(), "{:?} goes unnoticed", case.broken);
    }
}

#[test]
fn breaks_of_resolving_and_unmerging_are_noticed() {
    all_are_noticed(&resolving());
}

#[test]
fn breaks_of_merging_are_noticed() {
    all_are_noticed(&merging());
}

#[test]
fn breaks_of_claiming_and_releasing_are_noticed() {
    all_are_noticed(&holding());
}

#[test]
fn breaks_of_erasing_keys_and_marks_are_noticed() {
    all_are_noticed(&keeping());
}
