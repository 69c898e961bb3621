//! The contract of the read models: each case once, run against each adapter.

mod active;
mod beside;
mod contacts;
mod feed;
mod lease;
mod place;
mod unfinished;
mod writing;

use active::*;
use beside::*;
use contacts::*;
use feed::*;
use lease::*;
use place::Place;
use unfinished::*;
use writing::*;

/// Makes a module of tests for each adapter: each case is named once.
macro_rules! read_stores {
    ($($adapter:ident)+: $cases:tt) => {
        $(read_stores!(@one $adapter $cases);)+
    };
    (@one $adapter:ident [$($case:ident)+]) => {
        mod $adapter {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
                async fn $case() {
                    super::$case(&mut super::Place::$adapter().await).await;
                }
            )+
        }
    };
}

read_stores! {
    sqlite postgres: [
        a_new_store_stands_at_the_beginning_and_holds_nothing
        a_batch_moves_its_checkpoint_and_no_other
        a_batch_that_begins_elsewhere_is_refused_and_nothing_of_it_is_applied
        of_two_batches_from_one_checkpoint_exactly_one_is_applied
        a_large_batch_is_applied_whole
        a_state_comes_back_as_it_was_stored_last
        a_state_is_unreadable_once_a_key_that_guards_it_is_destroyed
        an_erased_contact_that_nobody_else_guards_needs_no_key
        contacts_are_read_in_parts_ascending
        a_value_finds_every_contact_that_shows_it_now
        the_rows_of_the_count_are_put_and_removed_in_order
        what_ends_with_a_cycle_goes_from_its_workspace_alone
        a_closed_cycle_is_told_with_its_members_in_parts
        a_feed_begins_with_the_first_that_is_written
        entries_are_numbered_by_segment_without_gaps
        a_feed_is_read_from_any_number_on
        a_removed_segment_leaves_no_entry
        trimming_keeps_the_last_entry_of_a_segment
        the_list_of_what_stands_unfinished_is_replaced_whole
        reopening_finds_everything
        a_store_beside_is_empty_and_out_of_sight
        a_swapped_store_serves_its_projection_alone
        reads_go_on_while_stores_are_swapped
        whatever_is_discarded_or_dropped_changes_nothing
        stores_that_were_told_the_same_hold_the_same_rows
        whoever_holds_the_lease_keeps_it_by_renewing
        of_two_processes_only_the_holder_of_the_lease_writes
        a_lease_that_is_given_back_is_had_at_once
        nothing_is_written_under_a_lease_once_another_has_it
        what_another_process_stores_is_heard_of
        whoever_is_paused_within_a_transaction_keeps_nobody_waiting
        a_read_model_held_still_by_one_process_is_not_moved_by_another
    ]
}
