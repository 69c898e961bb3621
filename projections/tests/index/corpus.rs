//! Every case of the corpus, over the index.

use std::collections::BTreeSet;

use dossier_domain::filter::Source;
use dossier_domain::ids::ContactId;
use uuid::Uuid;

use crate::model::Model;
use crate::sheet::sheets;

#[test]
fn every_case_of_the_corpus_matches_whom_it_says() {
    let mut cases = 0;
    for (file, sheet) in sheets() {
        for case in &sheet.cases {
            let setting = sheet.setting(case);
            let (mut model, mut names) = (Model::default(), Vec::new());
            for (name, mut person) in sheet.people(&setting) {
                names.push(name);
                person.subject.id = ContactId(Uuid::from_u128(names.len() as u128));
                model.put(person);
            }
            let filter = setting.read(&case.filter, Source::Given).unwrap();
            let found = model.index_finds(&filter, None, setting.now, None);
            let found: BTreeSet<String> =
                found.iter().map(|id| names[id.0.as_u128() as usize - 1].to_owned()).collect();
            assert_eq!(found, case.matches, "{file}: {}", case.filter);
            cases += 1;
        }
    }
    assert!(cases > 100, "only {cases} cases");
}
