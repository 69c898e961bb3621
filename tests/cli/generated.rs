//! The workspace that is measured with: every line of it is taken, and it holds what it says.

use super::workspace::{Draw, write};
use super::*;

#[test]
fn a_generated_workspace_is_taken_line_by_line() {
    for draw in [Draw::Zipf, Draw::Uniform] {
        let place = Place::new();
        let mut lines = Vec::new();
        let written = write(&mut lines, 600, draw).unwrap();
        place.file("in.ndjson", std::str::from_utf8(&lines).unwrap());
        let summary = place.run("ingest in.ndjson --replay-clock --json").json();
        assert_eq!((&summary["lines"], &summary["rejected"]), (&written.into(), &0.into()), "{}", draw.name());
        for phrase in ["blocked is true", "has_absorbed is true", "plan = pro", "country = TH", "status = closed"] {
            let asked = place.command("search --json").arg(phrase).output().unwrap();
            assert!(asked.status.success(), "{asked:?}");
            let page: Value = serde_json::from_slice(&asked.stdout).unwrap();
            assert!(!page["contacts"].as_array().unwrap().is_empty(), "{phrase}");
        }
        let events = summary["position"].as_u64().unwrap();
        assert!((5_000..7_500).contains(&events), "about ten events a contact: {events} of 600");
    }
}

#[test]
fn who_is_drawn_by_zipf_is_drawn_by_rank() {
    let mut dice = super::dice::Dice::seeded(3);
    let mut drawn = vec![0_u32; 1_000];
    for _ in 0..200_000 {
        drawn[Draw::Zipf.contact(&mut dice, 1_000)] += 1;
    }
    drawn.sort_unstable_by(|one, other| other.cmp(one));
    let ratio = f64::from(drawn[0]) / f64::from(drawn[9]);
    // ln(2/1) over ln(11/10): 7.3, of which chance takes or gives little.
    assert!((6.5..8.0).contains(&ratio), "{ratio}");
    assert!(drawn.iter().filter(|times| **times > 0).count() > 990);
}
