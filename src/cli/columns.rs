//! Text for people: columns that are aligned, on lines that no value can break.

use std::io::{ErrorKind, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use console::{Term, measure_text_width, truncate_str};

/// Between two columns.
const GAP: &str = "  ";
/// A line is cut no shorter than this, however narrow the terminal says it is.
const NARROWEST: usize = 40;

/// Rows as lines, each column as wide as its widest cell; what would only be space is left out. Where standard output is
/// a terminal, lines end where it ends.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let term = Term::stdout();
    let width = term.is_term().then(|| usize::from(term.size().1).max(NARROWEST));
    within(rows, width)
}

fn within(rows: &[Vec<String>], width: Option<usize>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |text| measure_text_width(text));
    let widest = |column| rows.iter().map(|row| cell(row, column)).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, value) in row.iter().enumerate().filter(|(column, _)| widths[*column] > 0) {
            line.push_str(value);
            line.extend(std::iter::repeat_n(' ', widths[column] - cell(row, column)));
            line.push_str(GAP);
        }
        let line = line.trim_end();
        text.push_str(&width.map_or(line.into(), |width| truncate_str(line, width, "…")));
        text.push('\n');
    }
    text
}

/// The text without what would break its line, or turn it around: such characters are written out.
pub(super) fn on_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => {
                line.extend(character.escape_unicode());
            }
            control if control.is_control() => line.extend(control.escape_default()),
            plain => line.push(plain),
        }
    }
    line
}

/// A time to the second.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes to standard output. That nobody reads on is no failure.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be_and_lines_end_where_their_text_does() {
        let table = rows(&[&["a", "", "long", "x"], &["李白", "", "b"]]);
        assert_eq!(within(&table, None), "a     long  x\n李白  b\n");
    }

    #[test]
    fn a_line_is_cut_where_the_terminal_ends() {
        assert_eq!(within(&rows(&[&["name", "李白李白"]]), Some(10)), "name  李…\n");
        assert_eq!(within(&rows(&[&["name", "x"]]), Some(10)), "name  x\n");
    }

    #[test]
    fn no_value_breaks_a_line_or_turns_it_around() {
        assert_eq!(on_one_line("a\nb\u{1b}[31m\u{202e}é"), "a\\nb\\u{1b}[31m\\u{202e}é");
    }
}
