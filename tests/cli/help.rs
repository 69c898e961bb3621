//! Help: every command has it, with an example, and with `--json` where it prints data.

use super::*;

/// Every command that can be given, and its help.
fn commands() -> Vec<(String, String)> {
    let (place, mut found) = (Place::new(), Vec::new());
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        let help = place.run(&format!("{path} --help")).good();
        let below = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
        let names = below.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        open.extend(names.filter(|name| !name.is_empty() && *name != "help").map(|name| format!("{path} {name}")));
        found.push((path.trim().to_owned(), help));
    }
    found
}

#[test]
fn every_command_has_help_with_an_example_of_itself() {
    let commands = commands();
    let names: Vec<&str> = commands.iter().map(|(name, _)| name.as_str()).collect();
    for known in ["serve", "ingest", "verify", "contact show", "contact timeline", "contact history", "events"] {
        assert!(names.contains(&known), "{known} is not among {names:?}");
    }
    for (name, help) in &commands {
        let example = format!("dossier {name}");
        let examples = help.split("Example").nth(1).unwrap_or_else(|| panic!("no example in\n{help}"));
        assert!(examples.lines().any(|line| line.contains(example.trim_end())), "{name}\n{help}");
    }
}

#[test]
fn what_prints_data_prints_it_as_json_too() {
    for (name, help) in commands() {
        let prints = !["", "serve", "contact", "projections", "keys", "keys rotate"].contains(&&*name);
        assert_eq!(help.contains("--json"), prints, "{name}\n{help}");
    }
}

#[test]
fn what_is_not_understood_ends_with_2() {
    let place = Place::new();
    for line in
        ["", "fly", "contact", "contact show", "contact show x --as-of yesterday", "projections rebuild nothing"]
    {
        assert!(!place.run(line).failed(2).is_empty(), "{line}");
    }
    let both = "contact show x --as-of 2026-01-01T00:00:00Z --as-of-position 3";
    assert!(place.run(both).failed(2).contains("cannot be used with"));
    assert!(!place.data().exists(), "nothing was made for it");
}
