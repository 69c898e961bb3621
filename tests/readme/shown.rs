//! What the page shows against what was printed: ids, times, positions, counts of rows and rates may differ.

use crate::page::Block;

/// Stands on the page for more of the line or, alone on a line, for more lines.
const MORE: &str = "…";

/// What a number that differs from run to run comes after.
const BEFORE_NUMBERS: &[&str] = &["\"position\":", "position ", "rejected, in ", "POSITION in ", " s (", " events, "];

/// Both texts where they differ.
pub(crate) fn difference(block: &Block, shown: &str, printed: &str) -> Option<String> {
    let (expected, found) = (neutral(shown), neutral(&without_logs(printed)));
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let same = all_match(&lines(&expected), &lines(&found));
    let told = || format!("line {}: the page shows\n{expected}\nbut this is printed:\n{found}", block.line);
    (!same).then(told)
}

fn all_match(expected: &[String], found: &[String]) -> bool {
    match expected {
        [] => found.is_empty(),
        [more, rest @ ..] if more == MORE => (0..=found.len()).any(|skipped| all_match(rest, &found[skipped..])),
        [line, rest @ ..] => found.first().is_some_and(|own| is_like(line, own)) && all_match(rest, &found[1..]),
    }
}

/// Whether the parts of a line that are shown stand in the printed one, in their order, from its start to its end.
fn is_like(shown: &str, printed: &str) -> bool {
    let parts: Vec<&str> = shown.split(MORE).collect();
    let ([first, middle @ .., last], true) = (&parts[..], parts.len() > 1) else { return shown == printed };
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    for part in middle {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

/// The server's log lines, which go to stderr, are not what the page is about.
fn without_logs(printed: &str) -> String {
    printed.lines().filter(|line| !line.starts_with("{\"timestamp\"")).map(|line| format!("{line}\n")).collect()
}

/// The text with names in the place of what differs from run to run.
fn neutral(text: &str) -> String {
    let mut named = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let shape: String = rest.chars().take(36).map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        if shape == "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" {
            named.push_str("ID");
            rest = &rest[36..];
        } else if shape.starts_with("xxxx-xx-xxTxx:xx:xx") {
            named.push_str("TIME");
            rest = rest.split_once('Z').map_or("", |(_, after)| after);
        } else {
            named.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    named.lines().map(|line| without_numbers(line) + "\n").collect()
}

/// A line without its positions and rates.
fn without_numbers(line: &str) -> String {
    let number = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let mut line = line.to_owned();
    let start = number(&line);
    if [" events, ", "  TIME"].iter().any(|next| line[start..].starts_with(next)) {
        line.replace_range(..start, "POSITION");
    }
    for before in BEFORE_NUMBERS {
        let mut from = 0;
        while let Some(found) = line[from..].find(before) {
            let place = from + found + before.len();
            let place = place + line[place..].len() - line[place..].trim_start().len();
            let digits = number(&line[place..]);
            line.replace_range(place..place + digits, if digits > 0 { "POSITION" } else { "" });
            from = place;
        }
    }
    line
}
