//! `dossier search`: filters as people type them; tables, JSON and CSV.

use super::*;

const PEOPLE: &str = r#"{"command":"define_field","field":"tier","name":"Tier","type":"list","options":["gold","silver"]}
{"command":"create_contact","first_name":"Ada","country":"MY","email":"ada@example.com","tags":["VIP"],"custom":{"tier":"gold"}}
{"command":"create_contact","first_name":"Bob","country":"MY","tags":["VIP","=cmd"]}
{"command":"create_contact","first_name":"Eve","country":"GB","custom":{"tier":"silver"}}
"#;

impl Place {
    fn with_people() -> Self {
        let place = Place::new();
        place.file("people.ndjson", PEOPLE);
        place.run("ingest people.ndjson").good();
        place
    }

    /// Searches with arguments that hold spaces.
    fn search(&self, arguments: &[&str]) -> Run {
        let mut command = self.command("search");
        let output = command.args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

#[test]
fn a_filter_is_typed_and_a_table_printed() {
    let place = Place::with_people();
    let sorted = ["--sort", "-display_name", "--columns", "country,custom.tier,tags"];
    let table = place.search(&[&["country = MY and (tier is set or tags any \"=cmd\")"], &sorted[..]].concat()).good();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert_eq!(lines[0], "2 contacts");
    assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["display", "name", "country", "custom.tier", "tags"]);
    assert!(lines[2].starts_with("Bob ") && lines[3].starts_with("Ada ") && lines[3].contains("gold"), "{table}");
    let everyone = place.run("search").good();
    assert!(everyone.starts_with("3 contacts\n"), "{everyone}");
    assert_eq!(place.run("search --search nobody").good(), "0 contacts\n");
}

#[test]
fn json_is_what_the_server_answers_and_csv_what_a_spreadsheet_reads() {
    let place = Place::with_people();
    let page = place.search(&[r#"{"field": "country", "op": "eq", "value": "GB"}"#, "--json"]).json();
    assert_eq!((&page["count"], &page["contacts"][0]["display_name"]), (&1.into(), &"Eve".into()));
    let csv = place.run("search --csv --all --limit 1 --sort display_name --columns email,tags").good();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4, "id,display_name,email,tags"));
    assert!(lines[1].ends_with(",Ada,ada@example.com,VIP") && lines[2].ends_with(",Bob,,\"'=cmd, VIP\""), "{csv}");
}

#[test]
fn what_is_not_understood_is_shown_under_its_place() {
    let place = Place::with_people();
    let error = place.search(&["country = MY and teer is set"]).failed(1);
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[1], "  country = MY and teer is set");
    assert!(lines[2].starts_with("                   ^ ") && lines[2].contains("tier"), "{error}");
    let error = place.run("search --sort nothing").failed(1);
    assert!(error.contains("/sort/0/by"), "{error}");
}

#[test]
fn the_next_page_is_told_and_given() {
    let place = Place::with_people();
    let first = place.run("search --limit 2 --sort display_name");
    let cursor = first.err.trim().strip_prefix("there is more: --cursor ").unwrap().to_owned();
    let rest = place.run(&format!("search --limit 2 --sort display_name --cursor {cursor}")).good();
    assert!(rest.lines().last().unwrap().starts_with("Eve"), "{rest}");
}
