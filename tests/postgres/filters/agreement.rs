//! The tables answer as the reference evaluator does, whatever was written before.

use dossier_domain::filter::{Search, Sort};
use dossier_domain::ids::ContactId;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use uuid::Uuid;

use super::stage::{Asked, Stage};
use crate::generate::setting;
use crate::steps::{Question, Step, steps};

#[test]
fn the_tables_and_the_reference_agree_while_contacts_come_change_and_go() {
    let stage = std::cell::RefCell::new(Stage::new());
    let config = ProptestConfig { cases: 64, max_shrink_iters: 500, ..ProptestConfig::default() };
    let taken = TestRunner::new(config).run(&steps(10..60), |steps| take(&mut stage.borrow_mut(), &steps));
    taken.unwrap_or_else(|error| panic!("{error}"));
}

fn take(stage: &mut Stage, steps: &[Step]) -> Result<(), TestCaseError> {
    stage.clear(setting().fields);
    for step in steps {
        match step {
            Step::Put(json) => stage.put(&setting().person(json)),
            Step::Remove(id) => stage.remove(ContactId(Uuid::from_u128(*id))),
            Step::Forget(key) => stage.forget(key),
            Step::Ask(question) => ask(stage, question)?,
        }
    }
    Ok(())
}

fn ask(stage: &mut Stage, question: &Question) -> Result<(), TestCaseError> {
    let asked = Asked {
        filter: Stage::read(&setting(), &question.filter),
        search: question.query.as_ref().and_then(|query| Search::read(query, Some("MY")).unwrap()),
        sort: Sort::read(&question.sort, &setting().fields).unwrap(),
        now: question.now,
        limit: question.limit,
    };
    let expected = stage.expected(&asked);
    prop_assert_eq!(stage.found(&asked), expected, "{:?}", asked);
    Ok(())
}
