//! The log folded from its first event, and the reference evaluator over what comes out.

use std::collections::HashMap;
use std::sync::Arc;

use dossier::api::read::search;
use dossier::house::House;
use dossier_domain::compose::{Forest, View, view};
use dossier_domain::filter::{Setting, Subject, matches};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::{Contact, Edge, Life, evolve};
use serde_json::{Value, json};

use crate::{HOME, all_pages, segments};

/// The time at which everything is asked.
const NOW: &str = "2026-10-26T12:00:00Z";

/// Every search finds whom the evaluator finds, in its order, and counts them; and so does every segment.
pub(crate) async fn compare(house: &House, searches: &[Value]) {
    let views = views(house).await;
    assert!(views.len() > 20, "{} contacts are left", views.len());
    let (known, now) = (house.app().workspace(HOME).await.unwrap(), NOW.parse().unwrap());
    let setting = Setting { fields: &known.fields, active_days: known.state.settings.active_days };
    segments::compare(house, setting, &views, &known.state).await;
    let memberships = segments::memberships(&known.state, setting, &views);
    let subjects: Vec<Subject> = views.iter().map(|view| Subject::new(view, setting, now)).collect();
    let mut found_some = 0;
    for body in searches {
        let mut body = body.clone();
        body["now"] = json!(NOW);
        let text = body.to_string();
        let read = house.with_vocabulary(HOME, |vocabulary| search(text.as_bytes(), vocabulary)).await.unwrap();
        let query = read.unwrap();
        let matching = subjects.iter().zip(&memberships);
        let matching = matching.filter(|(subject, member_of)| matches(&query.filter, subject, now, *member_of));
        let mut expected: Vec<&Subject> = matching.map(|(subject, _)| subject).collect();
        expected.sort_by(|one, other| query.sort.compare(one, other));
        let expected: Vec<String> = expected.iter().map(|subject| subject.id.to_string()).collect();
        let (found, count) = all_pages(house, body.clone()).await;
        assert_eq!((&found, count), (&expected, expected.len() as u64), "{body}");
        found_some += usize::from(!found.is_empty() && found.len() < subjects.len());
    }
    assert!(found_some > searches.len() / 3, "{found_some} of {} searches find some and not all", searches.len());
}

/// What every live root shows, by the log alone.
async fn views(house: &House) -> Vec<View> {
    let mut folded: HashMap<ContactId, Contact> = HashMap::new();
    for recorded in house.store().read_all(0, usize::MAX).await.unwrap() {
        let opened = house.codec().open(&recorded).await.unwrap();
        if let Stream::Contact(id) = recorded.stream {
            evolve(folded.entry(id).or_insert_with(|| Contact::absent(id)), &opened.fact(&recorded));
        }
    }
    let forest: Forest = folded.into_iter().map(|(id, contact)| (id, Arc::new(contact))).collect();
    let is_root = |contact: &&Arc<Contact>| {
        let above = contact.lock.as_ref().and_then(|lock| forest.get(&lock.primary)?.edge(lock.merge));
        contact.life == Life::Live && !above.is_some_and(Edge::is_live)
    };
    let freed = |contact: &Contact| {
        let lock = contact.lock.as_ref()?;
        Some(forest.get(&lock.primary)?.edge(lock.merge)?.removed.as_ref()?.position)
    };
    forest.values().filter(is_root).map(|root| view(&forest, root, freed(root))).collect()
}
