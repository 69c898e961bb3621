//! Search (rule 39).

use dossier_domain::filter::Search;
use dossier_domain::values::Invalid;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::generate::{contact, setting};

fn finds(query: &str, contact: &Json) -> bool {
    let search = Search::read(query, Some("MY")).unwrap().expect("it asks for something");
    search.matches(&setting().person(contact).subject)
}

fn ada() -> Json {
    json!({
        "first_name": "Ada", "last_name": "Lovelace-Straße", "email": "Ada@Example.com", "phone": "+60123456789",
        "company": "Analytical Engines", "tags": ["VIP", "Early Bird"], "other_emails": ["countess@old.example"],
        "other_phones": ["+442079460018"], "handles": ["@ada_l", "14155552671"], "country": "MY", "assignee": "user:9",
        "custom": {
            "text": "Likes \"poetical\" science", "number": 1815.5, "boolean": true, "date": "2026-12-10",
            "datetime": "2026-03-01T09:30:00+08:00", "time": "07:45", "list": "Gold", "multi_list": ["Silver", "Bronze"],
            "email": "ada@work.example", "phone": "+12125550123", "url": "https://ada.example/notes",
        },
    })
}

#[test]
fn a_term_lies_somewhere_in_a_value_folded() {
    for query in [
        "ADA",
        "lace",
        "STRASSE",
        "ada lovelace",
        "example.COM",
        "engines",
        "vip",
        "early bird",
        "countess",
        "@ada_l",
        "poetical",
        "1815.5",
        "2026-12-10",
        "t01:30:00z",
        "07:45",
        "gold",
        "bronze",
        "work.example",
        "ada.example/notes",
        "lovelace ada vip",
        "+60",
    ] {
        assert!(finds(query, &ada()), "{query}");
    }
}

#[test]
fn every_term_must_lie_somewhere_and_other_fields_are_not_searched() {
    for query in ["ada byron", "true", "user:9", "\"ada vip\"", "silverbronze", "Lovelace Ada Gauss", "t09:30"] {
        assert!(!finds(query, &ada()), "{query}");
    }
}

#[test]
fn quotes_hold_a_term_together() {
    assert!(finds("\"early bird\"", &ada()) && finds("bird early", &ada()));
    assert!(!finds("\"bird early\"", &ada()));
    assert!(finds("\"ada lovelace", &ada()), "a quote that is not closed holds what follows");
    assert_eq!(
        Search::read("a \"b  c\" d\"e f\"", None),
        Ok(Some(Search::Terms(vec!["a".into(), "b  c".into(), "de f".into()])))
    );
}

#[test]
fn digits_are_a_part_of_a_phone_number_however_they_are_typed() {
    for query in [
        "012-345 6789",
        "+60 12 345",
        "3456",
        "(345) 67",
        "345.67",
        "٣٤٥٦",
        "0123",
        "7946 0018",
        "555-26",
        "5550",
        "012",
    ] {
        assert!(finds(query, &ada()), "{query}");
    }
    assert!(!finds("+0212", &ada()) && finds("0212", &ada()), "after a plus there is no national prefix");
    assert!(!finds("0 7946 0019", &ada()));
    assert!(!finds("999", &ada()));
    assert!(!finds("\"345 67\"", &ada()), "quotes make it text");
}

#[test]
fn digits_lie_in_text_too_as_they_were_typed() {
    let order = json!({"company": "Order 12345", "custom": {"number": 777, "date": "2026-12-10"}});
    assert!(finds("12345", &order) && finds("777", &order) && finds("2026-12", &order));
    assert!(!finds("123-45", &order), "only phone numbers lose their hyphens");
    assert!(!finds("20261210", &order));
}

#[test]
fn without_a_default_region_there_is_no_national_prefix() {
    let search = |region| Search::read("0212 555", region).unwrap().unwrap();
    let person = setting().person(&ada());
    assert!(search(Some("MY")).matches(&person.subject) && !search(None).matches(&person.subject));
}

#[test]
fn a_query_has_up_to_eight_terms_and_no_control_characters() {
    assert_eq!(Search::read(" \t ", None), Ok(None));
    assert_eq!(Search::read("\"\" \" \"", None), Ok(None));
    assert!(Search::read("a b c d e f g h", None).is_ok());
    assert_eq!(Search::read("a b c d e f g h i", None), Err(Invalid::TooManyTerms));
    assert_eq!(Search::read("a\0", None), Err(Invalid::Nul));
    assert!(matches!(Search::read(&"x".repeat(1_001), None), Err(Invalid::TooLong { .. })));
}

proptest! {
    #[test]
    fn whoever_is_found_by_more_is_found_by_less(contact in contact(), terms in prop::collection::vec("[a-zß%_ ]{1,3}", 1..4)) {
        let subject = setting().person(&contact).subject;
        let all = Search::read(&terms.join(" "), None).unwrap();
        if all.is_some_and(|search| search.matches(&subject)) {
            for term in terms {
                prop_assert!(Search::read(&term, None).unwrap().is_none_or(|search| search.matches(&subject)));
            }
        }
    }

    #[test]
    fn reading_a_query_never_panics(query in prop_oneof![any::<String>(), "[0-9+() \"-]{0,12}"]) {
        if let Ok(Some(search)) = Search::read(&query, Some("US")) {
            search.matches(&setting().person(&ada()).subject);
        }
    }
}
