//! What holds of any JSON, any line and any bytes.

use proptest::prelude::*;

use super::*;

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
