//! The oracle is naive by its size: whoever doubts it can read it at one sitting.

/// All that works out expected answers; the generator and its coverage do not.
const ORACLE: [(&str, &str); 4] = [
    ("oracle.rs", include_str!("../../src/oracle.rs")),
    ("replay.rs", include_str!("../../src/replay.rs")),
    ("billing.rs", include_str!("../../src/billing.rs")),
    ("values.rs", include_str!("../../src/values.rs")),
];
const WIDTH: usize = 120;

fn is_code(line: &&str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with("//")
}

#[test]
fn the_oracle_has_fewer_than_400_lines_of_code() {
    let lines = ORACLE.iter().flat_map(|(_, text)| text.lines()).filter(is_code).count();
    assert!((200..400).contains(&lines), "{lines} lines");
}

#[test]
fn it_does_without_long_lines_and_without_the_rest_of_the_crate() {
    for (name, text) in ORACLE {
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{name}: {line}");
            let foreign = line.trim_start().strip_prefix("use crate::").map(|it| it.split("::").next());
            let own = |module: Option<&str>| ORACLE.iter().any(|(file, _)| file.strip_suffix(".rs") == module);
            assert!(foreign.is_none_or(own), "{name}: {line}");
        }
    }
}
