//! The cases that decide what a merge means, each the smallest history that tells two readings apart (merging.md).

use dossier_domain::rejection::Rejection;
use dossier_domain::state::ConversationStatus;

use crate::support::asks::{self, given, primary, secondary};
use crate::world::World;

#[test]
fn case_1_a_later_merge_that_brings_nothing_leaves_what_an_earlier_one_gave() {
    let mut world = World::of("ABC");
    world.set('B', "first_name", "b");
    world.merge('A', 'B');
    world.merge('A', 'C');
    assert_eq!(world.shown('A', "first_name").as_deref(), Some("b"));
    world.is_sound();
}

#[test]
fn case_2_undoing_the_first_merge_lets_the_second_show() {
    let mut world = World::of("ABC");
    world.set('B', "first_name", "b");
    world.set('C', "first_name", "c");
    let first = world.merge('A', 'B');
    world.merge('A', 'C');
    assert_eq!(world.shown('A', "first_name").as_deref(), Some("b"));
    world.unmerge(first);
    assert_eq!(world.shown('A', "first_name").as_deref(), Some("c"));
    world.is_sound();
}

#[test]
fn case_3_what_is_set_again_on_a_primary_is_its_own_and_stays() {
    let mut world = World::of("AB");
    world.tag('B', "t");
    world.set('B', "company", "b");
    let merge = world.merge('A', 'B');
    assert!(world.tag('A', "t").appended);
    assert!(world.set('A', "company", "b").appended);
    assert!(!world.tag('A', "t").appended);
    assert!(!world.set('A', "company", "b").appended);
    world.unmerge(merge);
    assert_eq!(world.tags('A'), ["t"]);
    assert_eq!(world.shown('A', "company").as_deref(), Some("b"));
}

#[test]
fn case_4_the_secondarys_choice_falls_back_to_the_primary() {
    let mut world = World::of("ABC");
    world.set('A', "company", "a");
    world.set('C', "company", "c");
    let inner = world.merge('B', 'C');
    world.merge_with('A', 'B', &[("company", secondary())]);
    assert_eq!(world.shown('A', "company").as_deref(), Some("c"));
    world.unmerge(inner);
    assert_eq!(world.shown('A', "company").as_deref(), Some("a"));
}

#[test]
fn case_5_choices_speak_of_values_set_by_hand_and_the_country_is_derived_last() {
    let mut world = World::of("AB");
    world.set('A', "phone", "+60123456789");
    world.set('B', "phone", "+4915112345678");
    assert_eq!(world.shown('A', "derived country").as_deref(), Some("MY"));
    world.merge_with('A', 'B', &[("country", primary()), ("phone", secondary())]);
    assert_eq!(world.shown('A', "derived country").as_deref(), Some("DE"));
    assert_eq!(world.shown('A', "country"), None);
}

#[test]
fn case_6_a_release_asked_of_the_root_lands_with_the_holder() {
    let mut world = World::of("ABC");
    let merge = world.merge('A', 'B');
    assert!(world.release('A', "b").appended);
    world.unmerge(merge);
    assert_eq!(world.identities('B'), [""; 0]);
    assert!(world.claim('C', "b").appended);
    assert_eq!(world.inbound("b", "1").contact_id, Some(world.id('C')));
    world.is_sound();
}

#[test]
fn case_7_a_redelivery_is_known_across_merge_and_unmerge() {
    let mut world = World::of("AB");
    world.inbound("b", "1");
    let merge = world.merge('A', 'B');
    let again = world.inbound("b", "1");
    assert_eq!((again.status, again.duplicate, again.contact_id), (200, true, Some(world.id('B'))));
    world.inbound("b", "2");
    world.unmerge(merge);
    let again = world.inbound("b", "2");
    assert_eq!((again.status, again.duplicate, again.contact_id), (200, true, Some(world.id('A'))));
    assert_eq!((world.messages_in('A'), world.messages_in('B')), (1, 1));
    world.is_sound();
}

#[test]
fn case_8_a_late_redelivery_makes_nobody_after_an_erasure() {
    let mut world = World::of("B");
    world.inbound("b", "1");
    world.erase('B');
    let again = world.inbound("b", "1");
    assert_eq!((again.status, again.duplicate, again.created), (200, true, false));
    assert_eq!(again.contact_id, Some(world.id('B')));
    let new = world.inbound("b", "2");
    assert!(new.created);
    assert_ne!(new.contact_id, Some(world.id('B')));
    world.is_sound();
}

#[test]
fn case_9_an_inner_merge_can_be_undone_while_its_primary_is_absorbed() {
    let mut world = World::of("ABC");
    world.set('C', "company", "c");
    let inner = world.merge('B', 'C');
    world.merge('A', 'B');
    let before = world.view('A');
    assert_eq!(world.shown('A', "company").as_deref(), Some("c"));
    assert_eq!(world.unmerge(inner).status, 200);
    assert_eq!(world.shown('A', "company"), None);
    assert_eq!(world.shown('C', "company").as_deref(), Some("c"));
    assert!(world.view('A').position > before.position, "another body bears another ETag");
    world.is_sound();
}

#[test]
fn case_10_an_erased_contact_takes_with_it_what_came_by_its_identities() {
    let mut world = World::of("AB");
    let merge = world.merge_with('A', 'B', &[("first_name", given(Some("g")))]);
    world.done(asks::inbound_with("b", "1", &[("company", Some("theirs"))]));
    assert_eq!(world.shown('A', "first_name").as_deref(), Some("g"));
    world.unmerge(merge);
    assert_eq!(world.shown('A', "first_name"), None);
    assert_eq!(world.shown('A', "company").as_deref(), Some("theirs"));
    let before = world.view('A');
    world.erase('B');
    let after = world.view('A');
    assert_eq!(world.shown('A', "company"), None);
    assert_eq!((after.counts.messages_in, after.last_in), (1, before.last_in), "counts and times stay");
    assert!(after.position > before.position, "another body bears another ETag");
    for (_, opened) in world.reading().own(world.id('A')) {
        let personal = opened.event.personal_json().expect("JSON").unwrap_or_default();
        let personal = String::from_utf8(personal).expect("UTF-8");
        for gone in ["text of 1", "theirs", "\"g\""] {
            assert!(!personal.contains(gone), "{personal}");
        }
    }
    world.is_sound();
}

#[test]
fn case_11_an_erased_contact_keeps_ids_types_and_times() {
    let mut world = World::of("A");
    world.inbound("a", "1");
    let before: Vec<_> = world.reading().own(world.id('A')).map(|(it, _)| it.event.event_type.clone()).collect();
    world.erase('A');
    let after: Vec<_> = world.reading().own(world.id('A')).map(|(it, _)| it.event.event_type.clone()).collect();
    assert_eq!(after[..before.len()], before[..]);
    assert_eq!(&*after[before.len()], "contact_erased");
}

#[test]
fn case_13_an_absorbed_contact_is_not_deleted_and_names_its_root() {
    let mut world = World::of("ABC");
    world.merge('B', 'C');
    world.merge('A', 'B');
    let refused = world.refused(asks::delete(world.id('C')));
    assert_eq!(refused, Rejection::ContactAbsorbed { contact: world.id('C'), root: world.id('A') });
    assert_eq!(world.identities('A'), ["a", "b", "c"]);
}

#[test]
fn case_14_who_leaves_a_blocked_root_is_not_blocked() {
    let mut world = World::of("AB");
    let merge = world.merge('A', 'B');
    world.block('B');
    assert!(world.view('A').blocked.is_some());
    world.unmerge(merge);
    assert!(world.view('A').blocked.is_some());
    assert!(world.view('B').blocked.is_none());
    world.is_sound();
}

#[test]
fn case_15_the_source_is_the_channel_of_the_first_message_shown() {
    let mut world = World::of("AB");
    world.claim('A', "tg:x");
    world.inbound("b", "1");
    world.inbound("tg:x", "2");
    assert_eq!(world.view('A').source.as_deref(), Some("tg"));
    let merge = world.merge('A', 'B');
    assert_eq!(world.view('A').source.as_deref(), Some("ch"));
    world.unmerge(merge);
    assert_eq!(world.view('A').source.as_deref(), Some("tg"));
}

#[test]
fn case_16_absorbed_addresses_lead_to_the_root() {
    let mut world = World::of("AB");
    world.set('A', "email", "a@example.com");
    world.set('B', "email", "b@example.com");
    world.merge('A', 'B');
    assert_eq!(world.view('A').other_emails, ["b@example.com".into()]);
    let by_email =
        dossier_domain::values::reference::parse_reference("email:B@example.com", None).expect("a reference");
    let commented = world.done(dossier::app::ask::Ask::Edit(by_email, dossier::app::ask::Edit::Comment("hi".into())));
    assert_eq!(commented.contact_id, Some(world.id('A')));
}

#[test]
fn a_clear_after_a_merge_stays_and_one_before_it_is_filled() {
    let mut world = World::of("AB");
    for (field, value) in [("company", "b"), ("language", "en")] {
        world.set('B', field, value);
        world.set('A', field, "a");
    }
    world.clear('A', "company");
    let merge = world.merge('A', 'B');
    world.clear('A', "language");
    assert_eq!(world.shown('A', "company").as_deref(), Some("b"));
    assert_eq!(world.shown('A', "language"), None);
    world.unmerge(merge);
    assert_eq!((world.shown('A', "company"), world.shown('A', "language")), (None, None));
}

#[test]
fn a_tag_removed_stays_removed_until_it_is_merged_in_again() {
    let mut world = World::of("AB");
    world.tag('A', "t");
    world.tag('B', "t");
    let merge = world.merge('A', 'B');
    world.untag('A', "t");
    assert_eq!(world.tags('A'), [""; 0]);
    world.unmerge(merge);
    assert_eq!((world.tags('A'), world.tags('B')), (vec![], vec!["t".to_owned()]));
    world.merge('A', 'B');
    assert_eq!(world.tags('A'), ["t"]);
}

#[test]
fn messages_after_a_merge_stay_with_the_root_that_took_them() {
    let mut world = World::of("ABC");
    world.merge('B', 'C');
    let outer = world.merge('A', 'B');
    assert_eq!(world.inbound("c", "1").contact_id, Some(world.id('A')));
    world.unmerge(outer);
    assert_eq!((world.messages_in('A'), world.messages_in('B')), (1, 0));
    assert_eq!(world.identities('B'), ["b", "c"]);
    world.is_sound();
}

#[test]
fn a_choice_of_the_primary_keeps_even_nothing() {
    let mut world = World::of("AB");
    world.set('B', "company", "b");
    let merge = world.merge_with('A', 'B', &[("company", primary())]);
    assert_eq!(world.shown('A', "company"), None);
    world.unmerge(merge);
    world.merge('A', 'B');
    assert_eq!(world.shown('A', "company").as_deref(), Some("b"));
}

#[test]
fn a_given_null_hides_what_both_show_until_the_unmerge() {
    let mut world = World::of("AB");
    world.set('A', "email", "a@example.com");
    world.set('B', "email", "b@example.com");
    let merge = world.merge_with('A', 'B', &[("email", given(None))]);
    assert_eq!(world.shown('A', "email"), None);
    world.unmerge(merge);
    assert_eq!(world.shown('A', "email").as_deref(), Some("a@example.com"));
}

#[test]
fn first_and_last_name_count_as_one_field() {
    let mut world = World::of("ABC");
    world.set('A', "last_name", "Adler");
    world.set('B', "first_name", "Ben");
    world.set('B', "last_name", "Bose");
    world.merge('A', 'B');
    assert_eq!(world.view('A').display_name(), "Adler");
    world.merge('C', 'A');
    assert_eq!(world.view('C').display_name(), "Adler");
}

#[test]
fn a_choice_for_one_name_leaves_the_other_to_the_policy() {
    let mut world = World::of("AB");
    world.set('A', "last_name", "Adler");
    world.set('B', "first_name", "Ben");
    world.set('B', "last_name", "Bose");
    world.merge_with('A', 'B', &[("first_name", secondary())]);
    assert_eq!(world.view('A').display_name(), "Ben Adler");
}

#[test]
fn an_edit_after_the_merge_wins_and_one_before_it_is_part_of_what_the_primary_brings() {
    let mut world = World::of("AB");
    world.set('A', "company", "before");
    world.set('B', "company", "b");
    let merge = world.merge_with('A', 'B', &[("company", secondary())]);
    assert_eq!(world.shown('A', "company").as_deref(), Some("b"));
    world.set('A', "company", "after");
    assert_eq!(world.shown('A', "company").as_deref(), Some("after"));
    world.unmerge(merge);
    assert_eq!(world.shown('A', "company").as_deref(), Some("after"));
}

#[test]
fn false_and_zero_are_values() {
    use dossier::app::ask::{Ask, Edit};
    use dossier_domain::command::ProfileValues;
    use dossier_domain::field::{Origin, Value};
    let mut world = World::of("AB");
    for (name, flag, number) in [('A', false, 0.0), ('B', true, 7.0)] {
        let values = vec![
            (asks::field("custom.flag"), Some(Value::Boolean(flag))),
            (asks::field("custom.number"), Some(Value::Number(number))),
        ];
        let edit = Edit::Profile(ProfileValues { values, origin: Origin::Api });
        world.done(Ask::Edit(asks::by_id(world.id(name)), edit));
    }
    world.merge('A', 'B');
    let shown = world.view('A').shown.fields;
    assert_eq!(shown[&asks::field("custom.flag")].value, Value::Boolean(false));
    assert_eq!(shown[&asks::field("custom.number")].value, Value::Number(0.0));
}

#[test]
fn what_is_edited_on_an_absorbed_contact_lands_on_its_root() {
    let mut world = World::of("ABC");
    world.merge('B', 'C');
    let outer = world.merge('A', 'B');
    let edited = world.set('C', "company", "x");
    assert_eq!(edited.contact_id, Some(world.id('A')));
    world.unmerge(outer);
    assert_eq!(world.shown('A', "company").as_deref(), Some("x"));
    assert_eq!(world.shown('B', "company"), None);
}

#[test]
fn the_conversation_of_the_secondary_is_closed_by_the_merge_and_the_roots_is_its_own() {
    let mut world = World::of("AB");
    world.inbound("b", "1");
    assert_eq!((world.status('A'), world.status('B')), (ConversationStatus::None, ConversationStatus::Open));
    let merge = world.merge('A', 'B');
    assert_eq!(world.status('A'), ConversationStatus::None);
    world.unmerge(merge);
    assert_eq!(world.status('B'), ConversationStatus::Closed);
}

#[test]
fn a_chain_of_merges_can_be_undone_at_any_depth() {
    let mut world = World::of("ABCD");
    let (cd, bc, ab) = (world.merge('C', 'D'), world.merge('B', 'C'), world.merge('A', 'B'));
    assert_eq!(world.identities('A'), ["a", "b", "c", "d"]);
    world.unmerge(bc);
    assert_eq!(world.identities('A'), ["a", "b"]);
    assert_eq!(world.identities('C'), ["c", "d"]);
    world.unmerge(cd);
    world.unmerge(ab);
    for (name, identity) in [('A', "a"), ('B', "b"), ('C', "c"), ('D', "d")] {
        assert_eq!(world.identities(name), [identity]);
    }
    world.merge('D', 'A');
    world.merge('D', 'B');
    assert_eq!(world.identities('D'), ["a", "b", "d"]);
    world.is_sound();
}

#[test]
fn an_unmerge_may_name_the_secondary_and_any_contact_above_it() {
    let mut world = World::of("ABC");
    world.merge('B', 'C');
    world.merge('A', 'B');
    let undone = world.done(asks::unmerge_pair(world.id('A'), world.id('C')));
    let merge = undone.merge.expect("undone");
    assert_eq!((merge.primary, merge.secondary, merge.root), (world.id('B'), world.id('C'), world.id('A')));
    assert_eq!(world.identities('A'), ["a", "b"]);
}

#[test]
fn a_blocked_root_may_be_unmerged_from_and_an_erased_one_not() {
    let mut world = World::of("ABC");
    let (ab, ac) = (world.merge('A', 'B'), world.merge('A', 'C'));
    world.block('A');
    assert_eq!(world.unmerge(ab).status, 200);
    world.erase('A');
    assert_eq!(world.refused(asks::unmerge(ac)), Rejection::ContactErased { contact: world.id('A') });
    world.is_sound();
}

#[test]
fn the_whole_tree_is_erased_with_its_root() {
    let mut world = World::of("ABCD");
    world.merge('B', 'C');
    world.merge('A', 'B');
    let freed = world.merge('A', 'D');
    world.unmerge(freed);
    world.erase('A');
    for name in ['A', 'B', 'C'] {
        let refused = world.refused(asks::comment(world.id(name), "x"));
        assert_eq!(refused, Rejection::ContactErased { contact: world.id(name) });
    }
    assert_eq!(world.identities('D'), ["d"]);
    assert!(world.inbound("c", "1").created, "identities are free again");
    world.is_sound();
}

#[test]
fn an_avatar_set_by_hand_no_longer_follows_the_channel_even_if_it_is_the_same() {
    let mut world = World::of("A");
    let profile = |url: &'static str| [("avatar_url", Some(url))];
    world.done(asks::inbound_with("a", "1", &profile("https://x.example/1")));
    assert!(world.set('A', "avatar_url", "https://x.example/1").appended);
    world.done(asks::inbound_with("a", "2", &profile("https://x.example/2")));
    assert_eq!(world.shown('A', "avatar_url").as_deref(), Some("https://x.example/1"));
}

#[test]
fn a_profile_fills_only_what_the_root_shows_as_absent() {
    let mut world = World::of("AB");
    world.set('B', "company", "b");
    let merge = world.merge('A', 'B');
    world.done(asks::inbound_with("a", "1", &[("company", Some("new")), ("language", Some("en"))]));
    assert_eq!(world.shown('A', "company").as_deref(), Some("b"));
    assert_eq!(world.shown('A', "language").as_deref(), Some("en"));
    world.unmerge(merge);
    assert_eq!(world.shown('A', "company"), None);
}
