//! `dossier projections`: what they are at, and a rebuild.

use super::*;

#[test]
fn projections_are_listed_with_their_positions() {
    let place = Place::with_ada();
    let listed = place.run("projections list").good();
    assert_eq!(listed.lines().count(), 3);
    assert!(listed.lines().all(|line| line.contains("position ") && line.ends_with("up to date")), "{listed}");
    let page = place.run("projections list --json").json();
    let head = page["projections"][0]["checkpoint"].as_u64().unwrap();
    std::fs::remove_file(place.data().join("read-mac.db")).unwrap();
    let listed = place.run("projections list").good();
    assert!(listed.contains(&format!("position 0   {head} events behind")), "{listed}");
}

#[test]
fn a_rebuild_says_how_far_it_came() {
    let place = Place::with_ada();
    let said = place.run("projections rebuild contacts").good();
    assert!(said.starts_with("contacts: rebuilt up to position ") && said.contains(" events a second"), "{said}");
    let rebuilt = place.run("projections rebuild unfinished --json").json();
    assert_eq!(
        (&rebuilt["name"], &rebuilt["state"], &rebuilt["lag"]),
        (&"unfinished".into(), &"live".into(), &0.into())
    );
    place.run("verify").good();
    assert!(place.run("projections rebuild contacts --data nowhere").failed(1).contains("there is no log"));
}
