//! Each law turns red under a deliberate break of what it protects: a law that can't fail says nothing.

use dossier_domain::sabotage::{self, Break};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::deeds::deeds;
use crate::folder;
use crate::properties::{self, LONGEST, Law};

/// Of histories that are the same every time. Those that are slow to play are chosen so that the first few notice.
type Seed = u8;

#[track_caller]
fn turns_red(law: Law, word: &str, broken: Break, cases: u32, seed: Seed) {
    let _armed = sabotage::arm(broken);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
    match runner.run(&deeds(LONGEST), |deeds| law(&deeds)) {
        Err(TestError::Fail(why, _)) => assert!(why.message().contains(word), "for another reason: {why}"),
        other => panic!("{broken:?} goes unnoticed: {other:?}"),
    }
}

const MANY: u32 = 500;
const SOME: u32 = 60;

#[test]
fn a_conversation_that_runs_on_after_its_merge_is_noticed() {
    turns_red(properties::undoing_at_once_changes_nothing, "law a", Break::MergedConversationRunsOn, MANY, 7);
}

#[test]
fn an_edit_judged_by_what_is_shown_alone_is_noticed() {
    turns_red(properties::what_is_said_again_stays, "rule 10", Break::EditsJudgedByWhatIsShown, MANY, 7);
}

#[test]
fn choices_frozen_when_the_merge_is_made_are_noticed() {
    turns_red(properties::undone_merges_leave_no_trace, "law b", Break::ChoicesFrozenAtMerge, MANY, 5);
}

#[test]
fn a_message_that_is_forgotten_is_noticed() {
    turns_red(properties::interactions_stand_once, "law c", Break::MessagesAreForgotten, MANY, 7);
}

#[test]
fn a_frozen_contact_that_keeps_its_merges_is_noticed() {
    turns_red(properties::every_live_merge_can_be_undone, "law d", Break::FrozenContactsKeepTheirMerges, MANY, 7);
}

#[test]
fn a_release_recorded_at_the_root_is_noticed() {
    turns_red(properties::identities_lead_to_who_shows_them, "law e", Break::ReleasesRecordedAtTheRoot, MANY, 7);
}

#[test]
fn an_etag_of_the_root_alone_is_noticed() {
    turns_red(properties::positions_tell_bodies_apart, "law f", Break::EtagOfTheRootAlone, MANY, 7);
    turns_red(folder::etags_tell_bodies_apart, "law f", Break::EtagOfTheRootAlone, SOME, 5);
}

#[test]
fn what_one_key_seals_for_two_contacts_is_noticed() {
    turns_red(properties::nothing_of_the_erased_can_be_opened, "law g", Break::OneKeySealsAll, MANY, 7);
}

#[test]
fn rows_that_keep_what_was_erased_are_noticed() {
    let law: Law = |deeds| folder::rebuilding_gives_the_same_rows(1, deeds);
    turns_red(law, "law h", Break::RowsKeepWhatWasErased, SOME, 2);
}

#[test]
fn merges_that_act_newest_first_are_noticed() {
    let law = properties::composing_is_replaying_with_merges_as_edits;
    turns_red(law, "literally", Break::EdgesActNewestFirst, MANY, 7);
}

#[test]
fn tags_shown_though_they_were_removed_are_noticed() {
    turns_red(properties::composing_is_replaying_with_merges_as_edits, "literally", Break::TagRemovalsIgnored, MANY, 7);
}
