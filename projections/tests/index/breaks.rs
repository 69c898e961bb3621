//! The agreement turns red under deliberate breaks of the index.

use dossier_domain::sabotage::{self, Break};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::steps::steps;
use crate::taking::take;

/// The same steps every time.
const SEED: [u8; 32] = [7; 32];

#[track_caller]
fn turns_red(broken: Break) {
    let _armed = sabotage::arm(broken);
    let config = Config { cases: 400, failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let result = runner.run(&steps(10..60), |steps| take(&steps));
    assert!(matches!(result, Err(TestError::Fail(..))), "{broken:?} goes unnoticed");
}

#[test]
fn bits_that_a_removed_contact_left_are_noticed() {
    turns_red(Break::RemovedContactsKeepTheirBits);
}

#[test]
fn a_needle_that_is_found_across_two_values_is_noticed() {
    turns_red(Break::NeedlesMatchAcrossValues);
}

#[test]
fn a_page_that_skips_those_that_tie_is_noticed() {
    turns_red(Break::PagesSkipThoseThatTie);
}
