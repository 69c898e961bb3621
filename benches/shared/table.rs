//! Markdown tables, and bars that a run is held to.

use std::process::ExitCode;

/// Prints the head of a table; columns of figures stand to the right.
pub(crate) fn head(columns: &[&str]) {
    println!("\n| {} |", columns.join(" | "));
    let rules: Vec<&str> =
        columns.iter().enumerate().map(|(place, _)| if place == 0 { "---" } else { "---:" }).collect();
    println!("| {} |", rules.join(" | "));
}

/// Prints a row.
pub(crate) fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

/// A number with its thousands apart.
pub(crate) fn figure(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut apart = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// What a run is held to.
#[derive(Default)]
pub(crate) struct Bars {
    missed: usize,
}

impl Bars {
    /// At least so much.
    pub(crate) fn at_least(&mut self, what: &str, measured: f64, bar: f64) {
        self.told(what, measured, "at least", bar, measured >= bar);
    }

    /// At most so much.
    pub(crate) fn at_most(&mut self, what: &str, measured: f64, bar: f64) {
        self.told(what, measured, "at most", bar, measured <= bar);
    }

    fn told(&mut self, what: &str, measured: f64, side: &str, bar: f64, held: bool) {
        let shown = |number: f64| if number < 100.0 { format!("{number:.2}") } else { figure(number) };
        let verdict = if held { "met" } else { "MISSED" };
        println!("\nbar {verdict}: {what}: {} ({side} {})", shown(measured), shown(bar));
        self.missed += usize::from(!held);
    }

    /// Success if every bar was met.
    pub(crate) fn verdict(&self) -> ExitCode {
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
