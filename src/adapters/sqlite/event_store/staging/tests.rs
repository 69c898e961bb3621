use dossier_domain::ids::ContactId;
use uuid::Uuid;

use super::*;

fn contact(number: u128) -> Stream {
    Stream::Contact(ContactId(Uuid::from_u128(number)))
}

fn event(marks: &[u8]) -> NewEvent {
    NewEvent {
        id: Uuid::nil(),
        event_type: "comment_added".into(),
        version: 1,
        data: vec![0; 10],
        meta: vec![],
        marks: marks.iter().map(|mark| Mark([*mark; 16])).collect(),
    }
}

/// A staging area that remembers one stream and one mark, before an empty file, with a filter that knows nothing.
fn forgetful() -> Staging {
    remembering_one(Arc::new(Filter::new()))
}

fn remembering_one(filter: Arc<Filter>) -> Staging {
    let options = Options { max_pending: 4, remembered: 1, recent_marks: 1, ..Options::default() };
    Staging::after(0, filter, &options)
}

/// What a file says that had nothing when the log was as far as this.
fn nothing_as_of(position: u64) -> Witness {
    Witness { found: LookUp { head: Some(None), taken: None }, as_of: position }
}

fn append(staging: &Staging, stream: u128, marks: &[u8], witness: Option<&Witness>) -> Outcome {
    staging.append(&contact(stream), Expected::NoStream, &mut vec![event(marks)], witness).expect("nothing is refused")
}

/// Commits whatever is staged.
fn commit(staging: &Staging) {
    let batch = staging.take(usize::MAX).expect("something is staged");
    staging.settle(&batch);
}

#[test]
fn a_look_up_that_began_before_a_commit_since_forgotten_is_asked_for_again() {
    let staging = forgetful();
    // Two appends look up stream 1 at the same time: the file has nothing. One of them lands and is forgotten.
    let slow = nothing_as_of(0);
    assert!(matches!(append(&staging, 1, &[], Some(&nothing_as_of(0))), Outcome::Staged(_)));
    commit(&staging);
    assert!(matches!(append(&staging, 2, &[], Some(&nothing_as_of(1))), Outcome::Staged(_)));
    commit(&staging);
    assert!(matches!(append(&staging, 1, &[], Some(&slow)), Outcome::Unknown { head: true }));
}

#[test]
fn so_is_a_mark() {
    let staging = forgetful();
    assert!(matches!(append(&staging, 1, &[7], Some(&nothing_as_of(0))), Outcome::Staged(_)));
    commit(&staging);
    assert!(matches!(append(&staging, 2, &[8], Some(&nothing_as_of(1))), Outcome::Staged(_)));
    commit(&staging);
    // The head of stream 3 is believed; what was said of the mark is too old.
    staging.learn(&contact(3), None, 2);
    assert!(matches!(append(&staging, 3, &[7], Some(&nothing_as_of(0))), Outcome::Unknown { head: false }));
}

#[test]
fn a_staged_event_is_known_whatever_the_file_says() {
    let staging = forgetful();
    assert!(matches!(append(&staging, 1, &[7], Some(&nothing_as_of(0))), Outcome::Staged(_)));
    let witness = nothing_as_of(0);
    let mut again = vec![event(&[])];
    let refused = staging.append(&contact(1), Expected::NoStream, &mut again, Some(&witness));
    assert!(matches!(refused, Err(AppendError::WrongRevision { actual: Some(0) })));
    let refused = staging.append(&contact(2), Expected::NoStream, &mut vec![event(&[7])], Some(&witness));
    assert!(matches!(refused, Err(AppendError::MarkTaken { position: 1 })));
}

#[test]
fn a_full_staging_area_names_the_position_to_wait_for() {
    let staging = forgetful();
    for stream in 1..=4 {
        assert!(matches!(append(&staging, stream, &[], Some(&nothing_as_of(0))), Outcome::Staged(_)));
    }
    assert!(matches!(append(&staging, 5, &[], Some(&nothing_as_of(0))), Outcome::Full(1)));
    commit(&staging);
    let mut many = vec![event(&[]); 9];
    let alone = staging.append(&contact(6), Expected::NoStream, &mut many, Some(&nothing_as_of(4)));
    assert!(matches!(alone, Ok(Outcome::Staged(_))), "more than ever fits is let in when nothing else is there");
    assert!(many.is_empty());
}

#[test]
fn a_batch_never_parts_an_append() {
    let staging = forgetful();
    let mut both = vec![event(&[]), event(&[])];
    let staged = staging.append(&contact(1), Expected::NoStream, &mut both, Some(&nothing_as_of(0)));
    assert!(matches!(staged, Ok(Outcome::Staged(Appended { revision: 1, position: 2, .. }))));
    append(&staging, 2, &[], Some(&nothing_as_of(0)));
    assert_eq!(staging.take(1).map(|batch| batch.len()), Some(2));
    assert_eq!(staging.take(1).map(|batch| batch.len()), Some(1));
    staging.close("it is closed");
    assert!(staging.take(1).is_none());
}

#[test]
fn a_filter_that_knows_all_spares_the_look_up() {
    let filter = Arc::new(Filter::new());
    filter.complete();
    let staging = remembering_one(filter);
    assert!(matches!(append(&staging, 1, &[7], None), Outcome::Staged(_)));
    assert!(staging.may_hold(Mark([7; 16])) && staging.may_hold_stream(&contact(1)));
    assert!(!staging.may_hold(Mark([8; 16])) && !staging.may_hold_stream(&contact(2)));
}
