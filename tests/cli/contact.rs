//! `dossier contact`: cards and entries for people, bodies for programs.

use super::*;

#[test]
fn a_card_shows_what_is_known_and_no_more() {
    let place = Place::with_ada();
    let card = place.run("contact show channel:telegram:@ada").good();
    let lines: Vec<&str> = card.lines().collect();
    assert_eq!(lines[0], "Ada");
    for line in ["first name    Ada", "email         ada@example.com", "tags          VIP", "custom.tier   gold"] {
        assert!(lines.iter().any(|own| own.trim() == line), "{line} is not in\n{card}");
    }
    assert!(
        card.contains("asked for     ") && card.contains("absorbed      ") && card.contains("1 comments"),
        "{card}"
    );
    for absent in ["last name", "phone", "blocked", "assignee", "last out", "null", " suppressed"] {
        assert!(!card.contains(absent), "{absent} is in\n{card}");
    }
    assert!(lines.iter().all(|line| !line.ends_with(' ')));
}

#[test]
fn json_is_what_the_server_answers() {
    let place = Place::with_ada();
    let shown = place.run("contact show email:ada@example.com --json").json();
    assert_eq!((&shown["first_name"], &shown["company"]), (&"Ada".into(), &"Analytical Engines".into()));
    assert_eq!((&shown["phone"], &shown["counts"]["messages_in"]), (&Value::Null, &2.into()));
    let page = place.run("contact timeline email:ada@example.com --limit 1 --json").json();
    assert_eq!(page["entries"][0]["data"]["text"], "a regular");
    assert!(page["next_cursor"].is_string());
}

#[test]
fn the_past_is_shown_with_the_merges_of_then() {
    let place = Place::with_ada();
    let now = place.run("contact show channel:telegram:@ada --json").json();
    let then = now["absorbed"][0]["merged_at"].as_str().unwrap();
    let events = place.run("events --json --type merge_prepared").good();
    let merge: Value = serde_json::from_str(&events).unwrap();
    let before = merge["position"].as_u64().unwrap() - 1;
    let past = place.run(&format!("contact show channel:telegram:@ada --as-of-position {before} --json")).json();
    assert_eq!((&past["id"], &past["company"]), (&now["absorbed"][0]["contact_id"], &Value::Null));
    let early = place.run("contact show channel:telegram:@ada --as-of 2001-01-01T00:00:00Z");
    assert!(early.failed(1).contains("no contact is found"));
    let at = place.run(&format!("contact show channel:telegram:@ada --as-of {then} --json")).json();
    assert_eq!(at["id"], now["id"]);
}

#[test]
fn entries_are_lines_newest_first() {
    let place = Place::with_ada();
    let timeline = place.run("contact timeline channel:telegram:@ada").good();
    let lines: Vec<&str> = timeline.lines().collect();
    assert!(lines[0].ends_with("a regular") && lines[1].ends_with("company: Analytical Engines"), "{timeline}");
    assert!(timeline.contains("message_received") && timeline.contains("me\\nagain"), "{timeline}");
    let positions: Vec<u64> = lines.iter().map(|line| line.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(positions.is_sorted_by(|a, b| a > b), "{positions:?}");
    let messages = place.run("contact timeline channel:telegram:@ada --kind message,comment").good();
    assert_eq!(messages.lines().count(), 3);
    let history = place.run("contact history channel:telegram:@ada --kind event").good();
    assert!(history.contains("company: Acme -> Analytical Engines") && history.contains("user:7"), "{history}");
    assert!(history.contains("merge_prepared") && !history.contains("hello"), "{history}");
    let own = place.run("contact history channel:telegram:@ada --own").good();
    assert!(own.contains("me\\nagain") && !own.contains("hello") && !own.contains("VIP"), "{own}");
}

#[test]
fn pages_follow_each_other() {
    let place = Place::with_ada();
    let all = place.run("contact timeline channel:telegram:@ada").good();
    let (mut told, mut more) = (String::new(), String::new());
    loop {
        // The last columns are aligned over a page, so only the first are compared.
        let page = place.run(&format!("contact timeline channel:telegram:@ada --limit 4 {more}"));
        assert_eq!(page.code, Some(0), "{page:?}");
        told.push_str(&page.out);
        match page.err.split("there is more: ").nth(1) {
            Some(next) => more = next.trim().to_owned(),
            None => break,
        }
    }
    let positions =
        |text: &str| text.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(positions(&told), positions(&all));
    for nonsense in ["nonsense", "-nonsense", "--"] {
        let wrong = place.run(&format!("contact timeline channel:telegram:@ada --cursor {nonsense}"));
        assert!(wrong.failed(1).contains("the cursor is not one of this list"), "{nonsense}");
    }
}

#[test]
fn who_is_not_found_is_told_clearly() {
    let place = Place::with_ada();
    for (line, told) in [
        ("contact show email:nobody@example.com", "no contact is found by this reference"),
        ("contact timeline channel:telegram:@nobody", "no contact is found by this reference"),
        ("contact history 0197f3a2-0000-7000-8000-000000000001", "no contact is found by this reference"),
        ("contact show ada", "refer to a contact by id:<uuid>"),
        ("contact show email:ada", "ada: "),
        ("contact show email:ada@example.com --workspace nowhere", "there is no such workspace"),
        ("contact show email:ada@example.com --workspace Not_One!", "--workspace"),
        ("contact show email:ada@example.com --data nowhere", "there is no log in nowhere"),
    ] {
        let said = place.run(line).failed(1);
        assert!(said.starts_with("dossier: ") && said.contains(told), "{line}: {said}");
    }
    assert!(!place.0.path().join("nowhere").exists());
}

#[test]
fn several_who_answer_to_a_reference_are_named() {
    let place = Place::new();
    let twice = r#"{"command":"create_contact","email":"a@example.com"}"#;
    place.file("two.ndjson", &format!("{twice}\n{twice}\n"));
    place.run("ingest two.ndjson").good();
    let said = place.run("contact show email:a@example.com").failed(1);
    let ids: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(ids.len(), 2, "{said}");
    assert!(place.run(&format!("contact show {}", ids[0])).good().contains("a@example.com"));
}

#[test]
fn of_an_erased_contact_the_history_stays_without_its_words() {
    let place = Place::with_ada();
    let id = place.run("contact show email:ada@example.com --json").json()["id"].as_str().unwrap().to_owned();
    place.file("gone.ndjson", &format!(r#"{{"command":"delete_contact","contact":"{id}"}}"#));
    place.run("ingest gone.ndjson").good();
    assert!(place.run(&format!("contact show {id}")).failed(1).contains("the contact was erased"));
    let history = place.run(&format!("contact history {id}")).good();
    assert!(history.contains("contact_erased") && history.contains("message_received"), "{history}");
    for word in ["hello", "Ada", "Acme", "VIP", "60123456789", "user:7"] {
        assert!(!history.contains(word), "{word} is in\n{history}");
    }
}

#[test]
fn nobody_who_reads_on_is_no_failure() {
    let place = Place::with_ada();
    for line in ["contact history channel:telegram:@ada", "events", "schemas", "projections list"] {
        let mut child = place.command(line).stdout(std::process::Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert!(child.wait().unwrap().success(), "{line}");
    }
}
