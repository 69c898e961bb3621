//! Why the protocols are as they are (merging.md): the shortest schedules of what would go wrong otherwise, driven step
//! by step.

use dossier::app::AppError;
use dossier::app::ask::{Answer, Ask};
use dossier_domain::ids::ContactId;
use dossier_domain::rejection::Rejection;
use dossier_domain::state::Life;

use crate::run::Run;
use crate::scene::{Deed, Scene, reading};
use crate::stepped::Call;
use crate::support::asks;
use crate::support::house::marks;
use crate::support::invariants;

fn deeds(asks: Vec<Ask>) -> Vec<Deed> {
    let each = (1..).zip(asks).map(|(key, ask)| Deed::new(&format!("task {key}"), &format!("key {key}"), ask));
    each.collect()
}

fn merged() -> Scene {
    Scene::of("AB").with(|scene| scene.merge("AB"))
}

fn chain() -> Scene {
    let chain = |scene: &mut Scene| {
        scene.merge("BC");
        scene.merge("AB");
    };
    Scene::of("ABC").with(chain)
}

fn locked() -> Scene {
    Scene::of("AB").with(|scene| scene.cut_off(scene.merge_ask("AB"), 1))
}

/// About to append an event of this type.
fn appends(wanted: &'static str) -> impl Fn(&Call) -> bool {
    move |call| matches!(call, Call::Append(_, types, _) if types.iter().any(|it| **it == *wanted))
}

impl Run<'_> {
    /// Leads a task to where it is about to append this.
    #[track_caller]
    fn halt(&mut self, who: usize, before: &'static str) {
        assert!(self.until(who, appends(before)), "it never appends {before}:\n{}", self.trace());
    }

    /// Lets a task go on to its end.
    #[track_caller]
    fn outcome(&mut self, who: usize) -> Result<Answer, Rejection> {
        self.end(who);
        match self.answer(who).expect("it has ended") {
            Ok(answer) => Ok(answer.clone()),
            Err(AppError::Rejected(rejection)) => Err(rejection.clone()),
            Err(error) => panic!("{error}\n{}", self.trace()),
        }
    }

    #[track_caller]
    fn is_sound(&self) {
        let faults = invariants::settled(&reading(&self.log, &self.keyring), &*self.keyring);
        assert!(faults.is_empty(), "{}\n{faults:#?}", self.trace());
    }

    fn life(&self, id: ContactId) -> Life {
        reading(&self.log, &self.keyring).contacts[&id].life
    }

    fn root(&self, id: ContactId) -> ContactId {
        reading(&self.log, &self.keyring).root(id).expect("no cycle").id
    }

    /// External ids that a live root shows.
    fn shows(&self, id: ContactId) -> Vec<String> {
        let view = reading(&self.log, &self.keyring).view(id).expect("a live root");
        let mut shown: Vec<_> = view.identities.iter().filter_map(|it| it.external_id.as_deref()).collect();
        shown.sort_unstable();
        shown.into_iter().map(ToOwned::to_owned).collect()
    }
}

#[test]
fn two_opposite_merges_make_no_cycle() {
    let scene = Scene::of("AB");
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::merge(a, b, &[]), asks::merge(b, a, &[])]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "merge_prepared");
    run.halt(1, "merge_prepared");
    run.step(0);
    run.step(1);
    let outcomes = [run.outcome(0), run.outcome(1)];
    assert!(outcomes.iter().any(Result::is_err), "{outcomes:?}");
    run.is_sound();
}

#[test]
fn nobody_is_absorbed_twice() {
    let scene = Scene::of("ABC");
    let [a, b, c] = ['A', 'B', 'C'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::merge(a, b, &[]), asks::merge(c, b, &[])]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "merge_prepared");
    assert_eq!(run.outcome(1).map(|answer| answer.status), Ok(201));
    assert_eq!(run.outcome(0), Err(Rejection::NotLive { contact: b, merged_into: c }));
    run.is_sound();
}

#[test]
fn a_refusal_that_comes_too_late_frees_nobody() {
    let scene = locked().with(|scene| drop(scene.done(asks::block(scene.id('A')))));
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::inbound("b", "1"), asks::unblock(a), asks::inbound("b", "2")]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "merge_refused");
    assert!(run.outcome(1).is_ok());
    assert_eq!(run.outcome(2).map(|answer| answer.contact_id), Ok(Some(a)));
    assert_eq!(run.outcome(0).map(|answer| answer.contact_id), Ok(Some(a)));
    assert_eq!(run.root(b), a);
    run.is_sound();
}

#[test]
fn a_message_waits_for_no_recovery_and_goes_nowhere_before_the_merge_is_decided() {
    let scene = locked();
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::inbound("b", "1"), asks::block(a)]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "contact_merged");
    assert!(run.outcome(1).is_ok(), "the primary is blocked before it has decided");
    assert_eq!(run.outcome(0).map(|answer| answer.contact_id), Ok(Some(b)));
    assert_eq!(run.root(b), b);
    run.is_sound();
}

#[test]
fn a_message_that_saw_an_edge_is_not_appended_after_the_unmerge() {
    let scene = merged();
    let deeds = deeds(vec![asks::inbound("b", "1"), asks::unmerge(scene.merge_id("AB"))]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "message_received");
    assert!(run.outcome(1).is_ok());
    assert_eq!(run.outcome(0).map(|answer| answer.contact_id), Ok(Some(scene.id('B'))));
    run.is_sound();
}

#[test]
fn nobody_is_free_before_the_edge_is_out() {
    let scene = merged();
    let deeds = deeds(vec![asks::unmerge(scene.merge_id("AB"))]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "merge_ended");
    assert_eq!(run.root(scene.id('B')), scene.id('B'), "shown as restored before it is free");
    assert!(run.outcome(0).is_ok());
    run.is_sound();
}

#[test]
fn an_unmerge_of_what_is_not_decided_finds_nothing_and_frees_nobody() {
    let scene = Scene::of("AB");
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let merge = marks().merge_of(marks().key("default", "key 1"), a, b, 0);
    let deeds = deeds(vec![asks::merge(a, b, &[]), asks::unmerge(merge)]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "contact_merged");
    assert_eq!(run.outcome(1), Err(Rejection::MergeNotFound));
    assert_eq!(run.outcome(0).map(|answer| answer.status), Ok(201));
    assert_eq!(run.root(b), a);
    run.is_sound();
}

#[test]
fn a_merge_done_and_undone_meanwhile_is_not_prepared_again() {
    let scene = Scene::of("AB");
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let merge = marks().merge_of(marks().key("default", "key 1"), a, b, 0);
    let mut deeds = deeds(vec![asks::merge(a, b, &[]), asks::unmerge(merge)]);
    deeds.push(deeds[0].clone());
    let mut run = Run::new(&scene, &deeds);
    // The second delivery has looked for its key, and found nothing.
    assert!(run.until(2, |call| matches!(call, Call::Read(stream) if stream.to_string().ends_with(&b.to_string()))));
    let first = run.outcome(0).expect("merged");
    assert!(run.outcome(1).is_ok());
    let again = run.outcome(2).expect("answered as the first time");
    assert_eq!((again.status, again.position), (first.status, first.position));
    assert_eq!((run.root(b), reading(&run.log, &run.keyring).contacts[&b].lock.is_none()), (b, true));
    run.is_sound();
}

#[test]
fn a_message_on_its_way_to_an_old_root_lands_on_who_was_freed_and_is_known_there() {
    let scene = chain();
    let mut deeds = deeds(vec![asks::inbound("c", "1"), asks::unmerge(scene.merge_id("BC"))]);
    deeds.push(Deed::new("redelivery", "key 3", asks::inbound("c", "1")));
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "message_received");
    assert!(run.outcome(1).is_ok());
    assert_eq!(run.outcome(0).map(|answer| answer.contact_id), Ok(Some(scene.id('C'))));
    assert_eq!(run.outcome(2).map(|answer| (answer.duplicate, answer.contact_id)), Ok((true, Some(scene.id('C')))));
    run.is_sound();
}

#[test]
fn nothing_is_sealed_with_the_key_of_who_was_freed_and_erased() {
    let scene = chain();
    let c = scene.id('C');
    let deeds = deeds(vec![asks::inbound("c", "1"), asks::unmerge(scene.merge_id("BC")), asks::delete(c)]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "message_received");
    assert!(run.outcome(1).is_ok());
    assert!(run.outcome(2).is_ok());
    let landed = run.outcome(0).expect("the identity is free: it makes a new contact");
    assert!(landed.created && landed.contact_id != Some(c));
    assert_eq!(run.life(c), Life::Erased);
    run.is_sound();
}

#[test]
fn what_is_claimed_for_nobody_is_not_shown_by_two() {
    let scene = Scene::of("A");
    let a = scene.id('A');
    let deeds = deeds(vec![asks::inbound("n", "1"), asks::claim(a, "n")]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "contact_created");
    assert!(run.outcome(1).is_ok());
    assert_eq!(run.outcome(0).map(|answer| (answer.created, answer.contact_id)), Ok((false, Some(a))));
    assert_eq!(run.shows(a), ["a", "n"]);
    run.is_sound();
}

#[test]
fn who_meets_a_release_on_its_way_finishes_it() {
    let scene = Scene::of("AB");
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::release(b, "b"), asks::claim(a, "b")]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "identity_released");
    assert!(run.outcome(1).is_ok());
    assert!(run.outcome(0).is_ok());
    assert_eq!((run.shows(a), run.shows(b)), (vec!["a".to_owned(), "b".to_owned()], vec![]));
    run.is_sound();
}

#[test]
fn a_release_cut_off_is_not_taken_for_a_claim_cut_off() {
    let released = Scene::of("AB").with(|scene| scene.cut_off(asks::release(scene.id('B'), "b"), 1));
    let claimed = Scene::of("AB").with(|scene| scene.cut_off(asks::claim(scene.id('B'), "n"), 1));
    for (scene, handle, is_new) in [(released, "b", true), (claimed, "n", false)] {
        let deeds = deeds(vec![asks::inbound(handle, "1")]);
        let mut run = Run::new(&scene, &deeds);
        let landed = run.outcome(0).expect("it lands");
        assert_eq!((landed.created, landed.contact_id == Some(scene.id('B'))), (is_new, !is_new));
        run.is_sound();
    }
}

#[test]
fn a_claim_that_is_over_is_not_connected_later() {
    let scene = Scene::of("AB").with(|scene| scene.cut_off(asks::claim(scene.id('A'), "n"), 1));
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::inbound("n", "1"), asks::release(a, "n"), asks::claim(b, "n")]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "identity_connected");
    assert!(run.outcome(1).is_ok());
    assert!(run.outcome(2).is_ok());
    assert_eq!(run.outcome(0).map(|answer| answer.contact_id), Ok(Some(b)));
    assert_eq!((run.shows(a), run.shows(b)), (vec!["a".to_owned()], vec!["b".to_owned(), "n".to_owned()]));
    run.is_sound();
}

#[test]
fn a_claim_confirmed_by_another_keeps_the_key_of_its_command() {
    let scene = Scene::of("AB");
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let mut deeds =
        deeds(vec![asks::claim(a, "n"), asks::inbound("n", "1"), asks::release(a, "n"), asks::claim(b, "n")]);
    deeds.push(deeds[0].clone());
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "identity_connected");
    run.outcome(1).expect("a message confirms it");
    let first = run.outcome(0).expect("claimed");
    run.outcome(2).expect("released");
    run.outcome(3).expect("claimed by another");
    let again = run.outcome(4).expect("answered as the first time");
    assert_eq!((again.status, again.contact_id, again.position), (first.status, first.contact_id, first.position));
    assert_eq!(run.shows(b), ["b", "n"]);
    run.is_sound();
}

#[test]
fn who_leaves_before_the_tree_is_erased_is_spared_with_its_key() {
    let scene = merged();
    let [a, b] = ['A', 'B'].map(|letter| scene.id(letter));
    let deeds = deeds(vec![asks::delete(a), asks::unmerge(scene.merge_id("AB"))]);
    let mut run = Run::new(&scene, &deeds);
    run.halt(0, "contact_erased");
    assert!(run.outcome(1).is_ok());
    assert!(run.outcome(0).is_ok());
    assert_eq!((run.life(a), run.life(b)), (Life::Erased, Life::Live));
    run.is_sound();
}

#[test]
fn no_key_goes_before_its_contact_is_erased_durably() {
    let scene = merged();
    let deeds = deeds(vec![asks::delete(scene.id('A'))]);
    let mut run = Run::new(&scene, &deeds);
    let mut destroyed = 0;
    while run.until(0, |call| matches!(call, Call::DestroyKey(_))) {
        assert_eq!(run.floor.durable(), run.head(), "both erased events are flushed");
        assert_eq!((run.life(scene.id('A')), run.life(scene.id('B'))), (Life::Erased, Life::Erased));
        run.step(0);
        destroyed += 1;
    }
    assert_eq!(destroyed, 2);
    run.is_sound();
}

#[test]
fn two_who_make_the_same_key_make_one() {
    let scene = Scene::of("A");
    let deeds = deeds(vec![asks::inbound("n", "1"), asks::inbound("n", "1")]);
    let mut run = Run::new(&scene, &deeds);
    assert!(run.until(0, |call| matches!(call, Call::MakeKey(_))));
    assert!(run.until(1, |call| matches!(call, Call::MakeKey(_))));
    let first = run.outcome(1).expect("it makes the contact");
    let second = run.outcome(0).expect("it was delivered before");
    assert_eq!((first.created, second.duplicate, first.contact_id), (true, true, second.contact_id));
    run.is_sound();
}
