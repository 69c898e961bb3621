//! The laws of counting turn red under deliberate breaks of what they protect.

use dossier_domain::sabotage::{self, Break};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::history::any_log;
use super::laws::counts_what_the_log_says;

/// The same logs every time.
const SEED: [u8; 32] = [7; 32];

#[track_caller]
fn turns_red(broken: Break, word: &str) {
    let _armed = sabotage::arm(broken);
    let config = Config { cases: 500, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    match runner.run(&any_log(), |log| counts_what_the_log_says(&log)) {
        Err(TestError::Fail(why, _)) => assert!(why.message().contains(word), "for another reason: {why}"),
        other => panic!("{broken:?} goes unnoticed: {other:?}"),
    }
}

#[test]
fn contacts_counted_one_by_one_are_noticed() {
    turns_red(Break::CountedByContact, "members");
}

#[test]
fn a_closed_cycle_that_moves_is_noticed() {
    turns_red(Break::ClosedCyclesMove, "statements");
}

#[test]
fn a_clock_that_goes_back_is_noticed() {
    turns_red(Break::ClockFollowsEveryEvent, "the clock");
}
