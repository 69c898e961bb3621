//! What every adapter of a port keeps: each case once, run against each adapter. A failure reads
//! `sqlite::a_stale_writer_is_told_the_actual_revision`.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

/// Says what came instead.
macro_rules! assert_matches {
    ($value:expr, $($pattern:pat_param)|+ $(if $guard:expr)? $(, $($words:tt)+)?) => {
        match $value {
            $($pattern)|+ $(if $guard)? => {}
            other => panic!("{other:?} is not {}{}", stringify!($($pattern)|+), String::new() $(+ " - " + &format!($($words)+))?),
        }
    };
}

mod event_store;
mod fixtures;
mod keyring;
#[path = "../support/postgres.rs"]
mod private;
mod read_store;
mod support;

/// Makes a module of tests for each adapter: each case and each adapter is named once. Who has no log, or no keyring, leaves
/// the place empty.
macro_rules! adapters {
    (
        adapters { $($adapter:ident: $($log:ident)?, $($keys:ident)?;)+ }
        event_store $cases:tt
        keyring $key_cases:tt
    ) => {
        adapters!(@each [$($adapter, [$($log)?], [$($keys)?];)+] $cases $key_cases);
    };
    (@each [] $cases:tt $key_cases:tt) => {};
    (@each [$adapter:ident, $logs:tt, $keys:tt; $($rest:tt)*] $cases:tt $key_cases:tt) => {
        mod $adapter {
            adapters!(@suite event_store $logs $cases);
            adapters!(@suite keyring $keys $key_cases);
        }
        adapters!(@each [$($rest)*] $cases $key_cases);
    };
    (@suite $suite:ident [] $cases:tt) => {};
    (@suite $suite:ident [$fixture:ident] { $($case:ident)+ }) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
            async fn $case() {
                crate::$suite::$case(&mut <crate::fixtures::$fixture>::default()).await;
            }
        )+
    };
}

adapters! {
    adapters {
        memory: MemoryLog, MemoryKeys;
        sqlite: SqliteLog, SqliteKeys;
        eventstore: EventStoreLog,;
        postgres: , PostgresKeys;
    }
    event_store {
        an_empty_store_has_nothing_to_read
        the_first_event_has_revision_0_and_a_position_above_0
        an_event_comes_back_as_it_was_appended
        a_huge_payload_survives
        streams_never_mix
        a_stale_writer_is_told_the_actual_revision
        an_append_is_all_or_nothing
        an_empty_append_is_refused
        a_mark_belongs_to_one_event_for_ever
        one_mark_twice_in_one_append_is_refused
        of_two_writers_with_one_expectation_exactly_one_wins
        of_two_writers_with_one_mark_exactly_one_wins
        many_writers_come_into_one_order
        a_stream_is_read_from_anywhere_in_both_directions
        reading_beyond_the_end_answers_nothing
        all_events_are_read_in_one_order
        long_reads_are_complete
        events_to_be_flushed_are_seen_in_their_stream_and_by_mark_at_most
        a_stream_half_staged_is_read_without_gap_or_doubling
        reading_while_others_commit_neither_skips_nor_doubles
        durable_waits_for_the_flush
        durable_of_a_position_to_come_waits_for_it
        waiting_past_the_head_wakes_with_the_next_durable_event
        whoever_gives_up_waiting_harms_nobody
        reopening_finds_everything
    }
    keyring {
        a_key_is_made_once_for_each_holder
        a_holder_without_a_key_is_missing
        a_destroyed_key_never_comes_back
        destroying_again_changes_nothing
        who_never_had_a_key_gets_a_tombstone_too
        the_destroyed_are_listed
        a_flushed_key_survives_reopening
        a_key_destroyed_before_its_flush_stays_destroyed
        many_who_create_one_key_get_the_same
        a_key_created_while_it_is_destroyed_ends_destroyed
        what_is_at_hand_is_what_is_found
    }
}
