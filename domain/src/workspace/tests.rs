use proptest::prelude::*;

use super::*;
use crate::event::FieldNamed;
use crate::rejection::Rejection;

fn texts(texts: &[&str]) -> Vec<Arc<str>> {
    texts.iter().map(|text| Arc::from(*text)).collect()
}

fn new_field(key: &str, kind: FieldType, options: &[&str]) -> WorkspaceCommand {
    let (key, name) = (Arc::from(key), Arc::from(format!("The {key}")));
    WorkspaceCommand::DefineField(NewField { key, kind, name, options: texts(options), order: None })
}

fn options_of(key: &str, options: &[&str]) -> WorkspaceCommand {
    let edit = FieldEdit { key: key.into(), name: None, options: Some(texts(options)), order: None };
    WorkspaceCommand::ChangeField(edit)
}

fn retired(key: &str) -> WorkspaceCommand {
    WorkspaceCommand::RetireField(FieldNamed { key: key.into() })
}

/// Decides and folds; answers how many events it came to.
fn done(workspace: &mut Workspace, command: &WorkspaceCommand) -> usize {
    let events = decide(workspace, command).unwrap();
    events.iter().for_each(|event| fold(workspace, event));
    events.len()
}

fn fold(workspace: &mut Workspace, event: &Event) {
    let next = workspace.next_revision;
    workspace.evolve(event, next, workspace.position + 3);
}

fn rejected(workspace: &Workspace, command: &WorkspaceCommand) -> Rejection {
    match decide(workspace, command) {
        Err(Refusal::Rejected(rejection)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

fn invalid(workspace: &Workspace, command: &WorkspaceCommand) -> Vec<(String, &'static str)> {
    match decide(workspace, command) {
        Err(Refusal::Invalid(found)) => found.into_iter().map(|problem| (problem.pointer, problem.code)).collect(),
        other => panic!("not invalid: {other:?}"),
    }
}

#[test]
fn fields_come_after_each_other_unless_they_have_a_place() {
    let mut workspace = Workspace::default();
    for key in ["b", "a"] {
        done(&mut workspace, &new_field(key, FieldType::Text, &[]));
    }
    let place = FieldEdit { key: "c".into(), name: None, options: None, order: Some(1) };
    done(&mut workspace, &new_field("c", FieldType::Number, &[]));
    done(&mut workspace, &WorkspaceCommand::ChangeField(place));
    let keys: Vec<_> = workspace.in_order().iter().map(|field| field.definition.key.to_string()).collect();
    assert_eq!(keys, ["b", "c", "a"], "ties go by key");
    assert_eq!((workspace.fields["c"].revision, workspace.fields["c"].position), (3, 12));
}

#[test]
fn a_key_is_taken_for_ever() {
    let mut workspace = Workspace::default();
    done(&mut workspace, &new_field("tier", FieldType::Text, &[]));
    let taken = |retired| Rejection::FieldExists { key: "tier".into(), retired };
    assert_eq!(rejected(&workspace, &new_field("tier", FieldType::Number, &[])), taken(false));
    assert_eq!(done(&mut workspace, &retired("tier")), 1);
    assert_eq!(done(&mut workspace, &retired("tier")), 0, "it is retired already");
    assert_eq!(rejected(&workspace, &new_field("tier", FieldType::Text, &[])), taken(true));
    assert_eq!(rejected(&workspace, &options_of("tier", &["a"])), Rejection::FieldNotFound { retired: true });
    assert_eq!(rejected(&workspace, &retired("other")), Rejection::FieldNotFound { retired: false });
    assert!(workspace.definitions().in_use("tier").is_none() && workspace.definitions().get("tier").is_some());
}

#[test]
fn options_come_and_go_and_keep_their_spelling() {
    let mut workspace = Workspace::default();
    done(&mut workspace, &new_field("tier", FieldType::List, &["Gold", "Silver"]));
    assert_eq!(done(&mut workspace, &options_of("tier", &["GOLD", "silver"])), 0, "nothing is new");
    done(&mut workspace, &options_of("tier", &["Silver", "bronze"]));
    assert_eq!(workspace.fields["tier"].definition.options, texts(&["Silver", "bronze"]));
    done(&mut workspace, &options_of("tier", &["gold", "Bronze"]));
    assert_eq!(workspace.fields["tier"].definition.options, texts(&["Gold", "bronze"]));
    assert_eq!(workspace.fields["tier"].former, texts(&["Silver"]));
    assert_eq!(invalid(&workspace, &options_of("tier", &[])), [("/options".into(), "empty")]);
    assert_eq!(invalid(&workspace, &options_of("tier", &["a", "A"])), [("/options/1".into(), "duplicate_option")]);
    done(&mut workspace, &new_field("score", FieldType::Number, &[]));
    assert_eq!(invalid(&workspace, &options_of("score", &["a"])), [("/options".into(), "unexpected_options")]);
}

#[test]
fn five_hundred_fields_are_in_use_and_no_more() {
    let mut workspace = Workspace::default();
    for index in 0..FIELDS_MAX {
        done(&mut workspace, &new_field(&format!("f{index}"), FieldType::Text, &[]));
    }
    let one_more = new_field("one_more", FieldType::Text, &[]);
    assert_eq!(rejected(&workspace, &one_more), Rejection::TooManyFields);
    done(&mut workspace, &retired("f7"));
    assert_eq!(done(&mut workspace, &one_more), 1);
}

#[test]
fn settings_are_recorded_where_they_are_new_and_the_first_time() {
    let mut workspace = Workspace::default();
    let same = WorkspaceCommand::Configure(WorkspaceConfigured::clone(&workspace.settings));
    assert_eq!((done(&mut workspace, &same), done(&mut workspace, &same)), (1, 0));
}

fn commands() -> impl Strategy<Value = WorkspaceCommand> {
    let key = || prop::sample::select(vec!["a", "b", "c"]);
    let options = || prop::sample::subsequence(vec!["x", "X", "y", "Z", "z"], 0..4);
    prop_oneof![
        (key(), prop::sample::select(FieldType::ALL.to_vec()), options())
            .prop_map(|(key, kind, options)| new_field(key, kind, &options)),
        (key(), options()).prop_map(|(key, options)| options_of(key, &options)),
        key().prop_map(retired),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_types_stay_options_differ_and_again_it_changes_nothing(
        commands in prop::collection::vec(commands(), 0..60),
    ) {
        let mut workspace = Workspace::default();
        for command in commands {
            let before = workspace.clone();
            let Ok(events) = decide(&workspace, &command) else { continue };
            for event in &events {
                // It is stored and read as the very same.
                let (public, personal) = (event.public_json().unwrap(), event.personal_json().unwrap());
                let read = Event::read(event.name(), &public, personal.as_deref()).unwrap();
                prop_assert_eq!(&read, event);
                fold(&mut workspace, &read);
            }
            if !matches!(command, WorkspaceCommand::DefineField(_)) {
                prop_assert_eq!(decide(&workspace, &command), Ok(Vec::new()));
            }
            for (key, field) in &before.fields {
                let now = &workspace.fields[key].definition;
                prop_assert_eq!(now.kind, field.definition.kind);
                prop_assert!(now.retired || !field.definition.retired);
            }
            for field in workspace.fields.values() {
                let Definition { key, kind, options, .. } = &field.definition;
                prop_assert!(Definition::new(key, *kind, options).is_ok());
            }
        }
    }
}
