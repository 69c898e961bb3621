//! The reader, through its two doors. Bodies and lines are data; what they are read into is shown by its errors, its
//! canonical bytes or its debug text.

use std::borrow::Cow;

use dossier_domain::event::Content;
use dossier_domain::field::{Choice, Field, Origin, Value};
use proptest::prelude::*;
use serde_json::{Value as Tree, json};

use super::line::{Input, Line};
use super::*;
use crate::app::ask::{Clock, Edit, IfExists, UnmergeTarget};

const ADA: &str = "0197f3a2-0000-7000-8000-000000000001";

fn setting() -> Setting {
    Setting {
        workspace: "default".into(),
        region: Some("MY".into()),
        actor: envelope::anonymous(),
        cause: Cause::Api,
        correlation_id: None,
    }
}

fn path(parts: &[(&'static str, &str)]) -> Vec<(Cow<'static, str>, String)> {
    parts.iter().map(|(name, text)| (Cow::Borrowed(*name), (*text).to_owned())).collect()
}

fn body(name: CommandName, parts: &[(&'static str, &str)], body: &Tree) -> Result<Ask, ReadError> {
    ask(name, &path(parts), body.to_string().as_bytes(), &setting())
}

fn line(line: &Tree) -> Result<Line, ReadError> {
    line_text(&line.to_string(), false)
}

fn line_text(text: &str, replay: bool) -> Result<Line, ReadError> {
    let mut input = Input::default();
    input.take(text.as_bytes());
    line::read(text.as_bytes(), &setting(), &input, replay)
}

/// Pointer and code of all that is wrong.
#[track_caller]
fn errors<T: std::fmt::Debug>(read: Result<T, ReadError>) -> Vec<(String, &'static str)> {
    match read.expect_err("it was taken") {
        ReadError::Invalid(found) => found.into_iter().map(|error| (error.pointer, error.code)).collect(),
        ReadError::Malformed(malformed) => vec![(malformed.to_string(), "malformed")],
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(read: Result<T, ReadError>, expected: &[(&str, &str)]) {
    let found = errors(read);
    let found: Vec<(&str, &str)> = found.iter().map(|(pointer, code)| (&**pointer, *code)).collect();
    assert_eq!(found, expected);
}

mod contacts {
    use super::*;
    use crate::app::ask::CreateContact;

    fn create(tree: &Tree) -> Result<CreateContact, ReadError> {
        body(CommandName::CreateContact, &[], tree).map(|ask| match ask {
            Ask::Create(create) => create,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_new_contact_is_normalised() {
        let read = create(&json!({
            "first_name": " Ada ", "email": "ada@example.com", "phone": "012-345 6789", "country": "my", "last_name": null,
            "custom": {"tier": "gold", "score": 3, "vip": false, "topics": ["a", "b"], "gone": null, "empty": []},
            "tags": ["VIP", "vip", "new"],
            "channels": [{"channel": "whatsapp", "external_id": "60123456789"}],
            "if_exists": "fill_empty",
        }));
        let read = read.unwrap();
        let value = |name: &str| {
            let field: Field = name.parse().unwrap();
            read.values.values.iter().find(|(own, _)| *own == field).and_then(|(_, value)| value.clone())
        };
        assert_eq!(value("first_name"), Some("Ada".into()));
        assert_eq!(value("phone"), Some("+60123456789".into()));
        assert_eq!(value("country"), Some("MY".into()));
        assert_eq!(value("custom.tier"), Some("gold".into()));
        assert_eq!(value("custom.score"), Some(Value::Number(3.0)));
        assert_eq!(value("custom.vip"), Some(Value::Boolean(false)));
        assert_eq!(value("custom.topics"), Some(Value::List(vec!["a".into(), "b".into()])));
        assert_eq!(read.values.values.len(), 8, "nothing is cleared on a new contact");
        assert_eq!(read.tags.iter().map(|tag| &*tag.name).collect::<Vec<_>>(), ["VIP", "new"]);
        assert_eq!(read.if_exists, IfExists::FillEmpty);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = json!({
            "first_name": 7, "email": "ada", "phone": "+1", "country": "ZZ", "custom": {"Bad Key": 1, "deep": {}},
            "tags": ["ok", " "], "channels": [{"channel": "SMS", "external_id": ""}, {"channel": "sms", "x": 1}],
            "if_exists": "replace", "nickname": "Countess",
        });
        refused(
            create(&wrong),
            &[
                ("/first_name", "wrong_type"),
                ("/email", "invalid_email"),
                ("/phone", "invalid_phone"),
                ("/country", "invalid_country"),
                ("/custom/Bad Key", "invalid_field_key"),
                ("/custom/deep", "wrong_type"),
                ("/tags/1", "empty"),
                ("/channels/0/channel", "invalid_channel"),
                ("/channels/0/external_id", "empty"),
                ("/channels/1/external_id", "required"),
                ("/channels/1/x", "unknown_member"),
                ("/if_exists", "unknown_value"),
                ("/nickname", "unknown_member"),
            ],
        );
    }

    #[test]
    fn a_contact_without_anything_to_know_it_by_is_refused() {
        for nobody in [json!({}), json!({"company": "Acme"}), json!({"first_name": "  "}), json!({"channels": []})] {
            refused(create(&nobody), &[("", "nothing_to_know_it_by")]);
        }
    }

    #[test]
    fn a_member_given_twice_is_refused_at_any_depth() {
        let twice = ask(CommandName::CreateContact, &[], br#"{"email":"a@b.co","email":"c@d.co"}"#, &setting());
        refused(twice, &[("/email", "duplicate_member")]);
        let twice = ask(CommandName::CreateContact, &[], br#"{"email":"a@b.co","custom":{"k":1,"k":1}}"#, &setting());
        refused(twice, &[("/custom/k", "duplicate_member")]);
    }

    #[test]
    fn a_patch_clears_what_is_null_and_leaves_what_is_absent() {
        let patch = json!({"first_name": null, "company": "  ", "custom": {"tier": null}});
        let read = body(CommandName::UpdateContact, &[("contact", ADA)], &patch).unwrap();
        let Ask::Edit(_, Edit::Profile(values)) = read else { panic!("{read:?}") };
        let cleared = [Field::FirstName, Field::Company, Field::Custom("tier".into())];
        assert_eq!(values.values, cleared.map(|field| (field, None)));
        assert_eq!(values.origin, Origin::Api);
    }

    #[test]
    fn custom_fields_are_cleared_one_by_one() {
        let patch = json!({"custom": null});
        refused(body(CommandName::UpdateContact, &[("contact", ADA)], &patch), &[("/custom", "wrong_type")]);
    }

    #[test]
    fn numbers_that_no_double_holds_are_refused() {
        let patch = |text: &str| {
            let patch = format!(r#"{{"custom":{{"n":{text}}}}}"#);
            ask(CommandName::UpdateContact, &path(&[("contact", ADA)]), patch.as_bytes(), &setting())
        };
        for taken in ["0", "-0", "-0.0", "9007199254740992", "-9007199254740992", "1e-3", "12.5"] {
            assert!(patch(taken).is_ok(), "{taken}");
        }
        for refused in ["9007199254740993", "-9007199254740993", "1e300", "18446744073709551616"] {
            assert_eq!(errors(patch(refused)), [("/custom/n".to_owned(), "number_too_large")], "{refused}");
        }
        assert_eq!(canonical(&patch("-0").unwrap()), canonical(&patch("0").unwrap()));
    }

    #[test]
    fn the_path_is_read_by_the_same_rules_and_stands_nowhere_in_the_body() {
        let read = body(CommandName::AddTag, &[("contact", "email:ada"), ("tag", "\0")], &json!({"tag": "x"}));
        refused(read, &[("", "invalid_email"), ("", "nul_character"), ("/tag", "unknown_member")]);
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        let read = ask(CommandName::BlockContact, &path(&[("contact", ADA)]), b"", &setting());
        assert!(matches!(read, Ok(Ask::Edit(_, Edit::Block(None)))));
    }
}

mod messages {
    use super::*;

    #[test]
    fn a_line_is_read_as_the_body_it_stands_for() {
        let tree = json!({"channel": "sms", "external_id": "+60", "message_id": "m1", "at": "2026-03-01T10:00:00+08:00",
            "content": {"type": "text", "text": "hi"}, "profile": {"first_name": "Ada"}});
        let by_body = body(CommandName::ReceiveMessage, &[], &tree).unwrap();
        let mut short = tree.clone();
        short["command"] = "receive_message".into();
        short["text"] = short.as_object_mut().unwrap().remove("content").unwrap()["text"].take();
        let by_line = line(&short).unwrap();
        assert_eq!(by_line.command.ask, by_body);
        assert_eq!(canonical(&by_line.command.ask), canonical(&by_body));
    }

    #[test]
    fn a_plain_text_is_short_for_content_on_lines_alone() {
        let tree = json!({"channel": "sms", "external_id": "1", "message_id": "m", "text": "hi"});
        refused(body(CommandName::ReceiveMessage, &[], &tree), &[("/text", "unknown_member")]);
        let both = json!({"command": "receive_message", "channel": "sms", "external_id": "1", "message_id": "m",
            "text": "hi", "content": {"type": "text", "text": "ho"}});
        refused(line(&both), &[("/text", "unknown_member")]);
    }

    #[test]
    fn content_that_is_no_text_or_too_long_is_refused() {
        let receive = |content: Tree| {
            let tree = json!({"channel": "sms", "external_id": "1", "message_id": "m", "content": content});
            body(CommandName::ReceiveMessage, &[], &tree)
        };
        refused(receive(json!({"type": "image", "text": "x"})), &[("/content/type", "unknown_value")]);
        refused(receive(json!({"type": "text"})), &[("/content/text", "required")]);
        refused(receive(json!("hi")), &[("/content", "wrong_type")]);
        refused(receive(json!({"type": "text", "text": "x".repeat(65_537)})), &[("/content/text", "too_long")]);
        let Ok(Ask::Receive(inbound)) = receive(json!({"type": "text", "text": " a\r\nb "})) else { panic!() };
        assert_eq!(inbound.content, Some(Content::Text { text: "a\nb".into() }));
    }

    #[test]
    fn absurd_times_are_refused() {
        let report = |at: &str| {
            let parts = [("contact", ADA), ("message_id", "m")];
            body(CommandName::UpdateMessageStatus, &parts, &json!({"status": "read", "at": at}))
        };
        refused(report("0001-01-01T00:00:00Z"), &[("/at", "time_out_of_range")]);
        refused(report("yesterday"), &[("/at", "invalid_time")]);
        assert!(report("2026-03-01T00:00:00.123456789Z").is_ok());
    }
}

mod merges {
    use super::*;

    #[test]
    fn choices_are_a_side_or_a_given_value_by_the_rule_of_the_field() {
        let tree = json!({"primary": ADA, "secondary": "email:b@c.co", "expected": {"primary": 3, "secondary": null},
            "choices": {"first_name": "secondary", "phone": {"value": "0123456789"}, "custom.tier": {"value": null}}});
        let Ok(Ask::Merge(merge)) = body(CommandName::MergeContacts, &[], &tree) else { panic!() };
        assert_eq!(merge.choices[&Field::FirstName], Choice::Secondary);
        assert_eq!(merge.choices[&Field::Phone], Choice::Given(Some("+60123456789".into())));
        assert_eq!(merge.choices[&Field::Custom("tier".into())], Choice::Given(None));
        assert_eq!((merge.expected.primary, merge.expected.secondary), (Some(3), None));
    }

    #[test]
    fn what_is_no_choice_is_refused() {
        let tree = json!({"primary": ADA, "secondary": "x", "expected": {"primary": -1},
            "choices": {"nick": "primary", "email": "both", "country": {"value": "ZZ"}, "company": {}}});
        refused(
            body(CommandName::MergeContacts, &[], &tree),
            &[
                ("/secondary", "invalid_reference"),
                ("/choices/company/value", "required"),
                ("/choices/country/value", "invalid_country"),
                ("/choices/email", "unknown_value"),
                ("/choices/nick", "unknown_field"),
                ("/expected/primary", "wrong_type"),
            ],
        );
    }

    #[test]
    fn an_unmerge_is_named_by_its_merge_or_by_both_contacts() {
        let by_merge = line(&json!({"command": "unmerge_contacts", "merge_id": ADA})).unwrap().command.ask;
        assert!(matches!(by_merge, Ask::Unmerge(unmerge) if matches!(unmerge.target, UnmergeTarget::Merge(_))));
        for above in ["primary", "contact"] {
            let mut tree = json!({"command": "unmerge_contacts", "secondary": ADA});
            tree[above] = "channel:sms:1".into();
            assert!(line(&tree).is_ok());
        }
        let mixed = body(CommandName::UnmergeContacts, &[("contact", ADA)], &json!({"merge_id": ADA}));
        refused(mixed, &[("/secondary", "required"), ("/merge_id", "unknown_member")]);
        refused(line(&json!({"command": "unmerge_contacts"})), &[("", "required")]);
        refused(line(&json!({"command": "unmerge_contacts", "secondary": ADA})), &[("/primary", "required")]);
    }
}

mod lines {
    use super::*;

    #[test]
    fn a_line_bears_its_envelope() {
        let read = line(&json!({"command": "add_tag", "contact": ADA, "tag": "x", "key": "k1", "actor": "user:7",
            "cause": "manual", "correlation_id": ADA, "at": "2026-03-01T00:00:00Z"}));
        let envelope = read.unwrap().command.envelope;
        assert_eq!(&*envelope.key.unwrap().text, "k1");
        assert_eq!(envelope.actor.to_string(), "user:7");
        assert_eq!((envelope.cause, envelope.clock), (Cause::Manual, Clock::Now));
        assert!(envelope.correlation_id.is_some());
    }

    #[test]
    fn a_wrong_envelope_and_a_wrong_command_are_told_together() {
        let wrong = json!({"command": "add_tag", "tag": "", "key": "", "actor": "system:x", "cause": "timer",
            "correlation_id": 4, "at": "soon", "batch": 1});
        refused(
            line(&wrong),
            &[
                ("/actor", "invalid_actor"),
                ("/cause", "unknown_value"),
                ("/correlation_id", "wrong_type"),
                ("/key", "empty"),
                ("/contact", "required"),
                ("/tag", "empty"),
                ("/at", "invalid_time"),
                ("/batch", "unknown_member"),
            ],
        );
    }

    #[test]
    fn unknown_commands_and_settings_are_no_lines() {
        refused(line(&json!({"command": "fly"})), &[("/command", "unknown_command")]);
        refused(line(&json!({"command": "configure_workspace"})), &[("/command", "unknown_command")]);
        refused(line(&json!({})), &[("/command", "required")]);
        refused(line(&json!([])), &[("", "wrong_type")]);
    }

    #[test]
    fn on_a_replay_the_time_of_a_line_is_required_and_stands_for_now() {
        let tag = json!({"command": "add_tag", "contact": ADA, "tag": "x"});
        refused(line_text(&tag.to_string(), true), &[("/at", "required")]);
        let message = json!({"command": "receive_message", "channel": "sms", "external_id": "1", "message_id": "m",
            "at": "2020-01-01T00:00:00Z"});
        let read = line_text(&message.to_string(), true).unwrap();
        assert!(matches!(read.command.envelope.clock, Clock::Replay(at) if at.timestamp() == 1_577_836_800));
    }

    #[test]
    fn a_line_without_a_key_gets_one_from_all_input_up_to_it() {
        let tag = json!({"command": "add_tag", "contact": ADA, "tag": "x"}).to_string();
        let key = |before: &[&str]| {
            let mut input = Input::default();
            before.iter().chain([&&*tag]).for_each(|line| input.take(line.as_bytes()));
            line::read(tag.as_bytes(), &setting(), &input, false).unwrap().command.envelope.key.unwrap().text
        };
        assert_eq!(key(&[]), key(&[]));
        assert_ne!(key(&[]), key(&[&tag]));
        assert_ne!(key(&["a", "b"]), key(&["ab", ""]));
    }

    #[test]
    fn a_message_with_an_id_needs_no_key() {
        let key = |tree: Tree| line(&tree).unwrap().command.envelope.key.map(|key| key.text);
        let receive = json!({"command": "receive_message", "channel": "sms", "external_id": "1", "message_id": "m"});
        assert_eq!(key(receive), None);
        let mut send = json!({"command": "send_message", "contact": ADA, "channel": "sms", "message_id": "m"});
        assert!(key(send.clone()).is_some(), "which identity it goes by is not said");
        send["external_id"] = "1".into();
        assert_eq!(key(send.clone()), None);
        send["key"] = "k".into();
        assert_eq!(key(send).as_deref(), Some("k"));
    }
}

mod retries {
    use super::*;

    #[test]
    fn who_asks_and_in_which_order_makes_no_difference() {
        let one = r#"{"command":"create_contact","email":"a@b.co","first_name":"A","key":"k","actor":"user:1"}"#;
        let other = r#"{"cause":"manual","first_name":" A","command":"create_contact","key":"k","email":"a@b.co"}"#;
        let bytes = |text| line_text(text, false).unwrap().command.envelope.key.unwrap().body;
        assert_eq!(bytes(one), bytes(other));
    }

    /// Kept for ever: if this test fails, retries of commands made before would be refused.
    #[test]
    fn the_canonical_bytes_of_a_command_never_change() {
        let ask = line(&json!({"command": "receive_message", "channel": "sms", "external_id": "1", "message_id": "m",
            "text": "hi", "at": "2026-03-01T00:00:00Z", "profile": {"first_name": "A"}}));
        assert_eq!(
            hex::encode(canonical(&ask.unwrap().command.ask)),
            "050300000000000000736d73010000000000000031010000000000000\
             06d0100020000000000000068690001000000000000000a0000000000000066697273745f6e616d65010001000000000000004101\
             0060c326eb4b0600"
        );
    }
}

/// JSON of any shape, its names often those of real members.
fn any_json() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i64>().prop_map(Tree::from),
        any::<f64>().prop_map(Tree::from),
        ".{0,6}".prop_map(Tree::from),
        proptest::sample::select(vec![ADA, "primary", "text", "sms", "2026-03-01T00:00:00Z", "a@b.co", "user:1", "\0"])
            .prop_map(Tree::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::from),
            prop::collection::btree_map(any_name(), inner, 0..8)
                .prop_map(|members| Tree::Object(members.into_iter().collect())),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    let known = vec![
        "first_name",
        "email",
        "phone",
        "custom",
        "tags",
        "channels",
        "channel",
        "external_id",
        "message_id",
        "content",
        "type",
        "text",
        "kind",
        "profile",
        "at",
        "primary",
        "secondary",
        "choices",
        "expected",
        "value",
        "contact",
        "tag",
        "status",
        "until",
        "assignee",
        "merge_id",
        "key",
        "actor",
        "cause",
        "time_zone",
        "active_days",
    ];
    prop_oneof![8 => proptest::sample::select(known).prop_map(str::to_owned), 1 => "[a-z~/]{0,4}"]
}

fn any_command() -> impl Strategy<Value = CommandName> {
    proptest::sample::select(CommandName::ALL)
}

/// A pointer leads to something, or to a member that its object lacks and is asked for.
fn leads_somewhere(tree: &Tree, error: &FieldError) -> bool {
    let missing = || {
        let above = error.pointer.rsplit_once('/').map_or("", |(above, _)| above);
        error.code == "required" && tree.pointer(above).is_some_and(Tree::is_object)
    };
    tree.pointer(&error.pointer).is_some() || missing()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_json_is_read_or_refused_with_pointers_that_lead_somewhere(tree in any_json(), name in any_command()) {
        let parts = path(&[("contact", ADA)]);
        match ask(name, &parts, tree.to_string().as_bytes(), &setting()) {
            Ok(ask) => prop_assert!(!canonical(&ask).is_empty()),
            Err(ReadError::Invalid(found)) => {
                prop_assert!(!found.is_empty());
                for error in found {
                    prop_assert!(leads_somewhere(&tree, &error), "{error:?} in {tree}");
                }
            }
            Err(ReadError::Malformed(malformed)) => prop_assert!(false, "{malformed}"),
        }
    }

    #[test]
    fn any_line_is_read_or_refused(tree in any_json(), name in any_command(), replay in any::<bool>()) {
        let mut tree = tree;
        if let Some(members) = tree.as_object_mut() {
            members.insert("command".into(), name.name().into());
        }
        match line_text(&tree.to_string(), replay) {
            Ok(_) => {}
            Err(ReadError::Invalid(found)) => prop_assert!(found.iter().all(|error| leads_somewhere(&tree, error))),
            Err(ReadError::Malformed(malformed)) => prop_assert!(false, "{malformed}"),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64), replay in any::<bool>()) {
        let mut input = Input::default();
        input.take(&bytes);
        if let Err(ReadError::Malformed(malformed)) = line::read(&bytes, &setting(), &input, replay) {
            prop_assert!(malformed.offset <= bytes.len());
        }
    }

    #[test]
    fn a_refusal_never_repeats_a_value(secret in "[A-Z]{12}", name in any_command()) {
        let tree = json!({"contact": secret, "email": secret, "channel": secret, "kind": secret, "status": secret,
            "primary": secret, "merge_id": secret, "until": secret, "at": secret, "content": {"type": secret}});
        if let Err(ReadError::Invalid(found)) = ask(name, &[], tree.to_string().as_bytes(), &setting()) {
            for error in found {
                prop_assert!(!error.message.contains(&secret) && !error.pointer.contains(&secret));
            }
        }
    }
}
