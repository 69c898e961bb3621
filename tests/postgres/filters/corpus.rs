//! Every case of the corpus, over the tables.

use std::collections::BTreeSet;

use dossier_domain::filter::Sort;
use dossier_domain::ids::ContactId;
use uuid::Uuid;

use super::stage::{Asked, Stage};
use crate::sheet::sheets;

#[test]
fn every_case_of_the_corpus_matches_whom_it_says() {
    let (mut stage, mut cases) = (Stage::new(), 0);
    for (file, sheet) in sheets() {
        for case in &sheet.cases {
            let setting = sheet.setting(case);
            let mut names = Vec::new();
            stage.clear(setting.fields.clone());
            for (name, mut person) in sheet.people(&setting) {
                names.push(name);
                person.subject.id = ContactId(Uuid::from_u128(names.len() as u128));
                stage.put(&person);
            }
            let filter = Stage::read(&setting, &case.filter);
            let asked = Asked { filter, search: None, sort: Sort::default(), now: setting.now, limit: 1_000 };
            let found = stage.found(&asked);
            let found: BTreeSet<String> =
                found.iter().map(|id| names[id.0.as_u128() as usize - 1].to_owned()).collect();
            assert_eq!(found, case.matches, "{file}: {}", case.filter);
            cases += 1;
        }
    }
    assert!(cases > 100, "only {cases} cases");
}
