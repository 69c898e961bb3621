//! The index answers as the reference evaluator does, whatever happened before.

use proptest::prelude::*;

use crate::steps::steps;
use crate::taking::take;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_index_and_the_reference_agree_while_contacts_come_change_and_go(steps in steps(10..60)) {
        take(&steps)?;
    }
}
