//! Own states put together: from a contact up to its root, and down to everything absorbed there.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use dossier_domain::compose::{Forest, View, view};
use dossier_domain::ids::{ContactId, MergeId, Stream};
use dossier_domain::state::{Contact, Life, evolve};

use crate::app::AppError;
use crate::house::House;
use crate::ports::read_store::{Projection, StoredContact};
use crate::ports::{Direction, KeyState};

/// Events read at once from a stream.
pub(super) const PAGE: usize = 1_000;
/// How often a tree is read again because something was projected meanwhile, before the projections are held still.
const ATTEMPTS: usize = 8;

/// Where own states are found: now, or in the past.
#[async_trait]
pub(in crate::house) trait States: Sync {
    /// The own state; `None` if the contact has no history.
    async fn own(&self, id: ContactId) -> Result<Option<Arc<Contact>>, AppError>;
}

/// A contact in its tree.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    /// The contact that was looked for and all above it; the root is the last.
    chain: Vec<Arc<Contact>>,
    /// Everything below the root, and the guests of each: see [`Contact::guests`].
    pub(super) forest: Forest,
    /// Those of the forest that are guests alone.
    guests: HashSet<ContactId>,
    /// Position of the removal that freed the root, where its own stream does not have it yet.
    pub(super) freed: Option<u64>,
}

impl Tree {
    /// Reads the tree around a contact; `None` if there is no such contact.
    pub(super) async fn find(states: &dyn States, id: ContactId) -> Result<Option<Tree>, AppError> {
        match states.own(id).await? {
            Some(contact) if exists(&contact) => Tree::around(states, contact).await.map(Some),
            _ => Ok(None),
        }
    }

    async fn around(states: &dyn States, contact: Arc<Contact>) -> Result<Tree, AppError> {
        let mut known = HashMap::from([(contact.id, contact.clone())]);
        let (chain, freed) = climb(states, contact, &mut known).await?;
        let root = &chain[chain.len() - 1];
        let mut forest = Forest::new();
        let mut next: Vec<ContactId> = root.live_edges().map(|edge| edge.secondary).collect();
        while let Some(id) = next.pop() {
            if forest.contains_key(&id) || id == root.id {
                continue;
            }
            if let Some(below) = look(states, id, &mut known).await? {
                next.extend(below.live_edges().map(|edge| edge.secondary));
                forest.insert(id, below);
            }
        }
        let mut guests = HashSet::new();
        let invited = std::iter::once(root).chain(forest.values()).flat_map(|contact| contact.guests.clone());
        for id in invited.collect::<Vec<_>>() {
            if forest.contains_key(&id) || id == root.id {
                continue;
            }
            if let Some(guest) = look(states, id, &mut known).await? {
                guests.insert(id);
                forest.insert(id, guest);
            }
        }
        Ok(Tree { chain, forest, guests, freed })
    }

    /// The contact that was looked for.
    pub(super) fn asked(&self) -> &Arc<Contact> {
        &self.chain[0]
    }

    /// The contact at the end of the chain of merges.
    pub(super) fn root(&self) -> &Arc<Contact> {
        &self.chain[self.chain.len() - 1]
    }

    /// The contact that was looked for and all above it, the root last.
    pub(super) fn chain(&self) -> &[Arc<Contact>] {
        &self.chain
    }

    /// The merge by which the contact that was looked for is absorbed, if it is.
    pub(super) fn absorbed_by(&self) -> Option<MergeId> {
        (self.chain.len() > 1).then(|| self.chain[0].lock.as_ref().map(|lock| lock.merge)).flatten()
    }

    /// Whether it, or anything above it, is erased: then so is it (merging.md, composition).
    pub(super) fn is_erased(&self) -> bool {
        self.chain.iter().any(|contact| contact.life == Life::Erased)
    }

    /// Every contact of the tree, the root first.
    pub(super) fn members(&self) -> impl Iterator<Item = &Arc<Contact>> {
        let absorbed = self.forest.values().filter(|contact| !self.guests.contains(&contact.id));
        std::iter::once(self.root()).chain(absorbed)
    }

    /// What the root shows.
    pub(super) fn view(&self) -> View {
        view(&self.forest, self.root(), self.freed)
    }
}

/// A contact without a history, or one that never will have any, does not exist.
fn exists(contact: &Contact) -> bool {
    matches!(contact.life, Life::Live | Life::Erased)
}

async fn look(
    states: &dyn States,
    id: ContactId,
    known: &mut HashMap<ContactId, Arc<Contact>>,
) -> Result<Option<Arc<Contact>>, AppError> {
    if let Some(contact) = known.get(&id) {
        return Ok(Some(contact.clone()));
    }
    let found = states.own(id).await?;
    known.extend(found.iter().map(|contact| (id, contact.clone())));
    Ok(found)
}

/// Up the chain of locks, as far as their edges are live in the primaries: the edge alone is the truth.
async fn climb(
    states: &dyn States,
    contact: Arc<Contact>,
    known: &mut HashMap<ContactId, Arc<Contact>>,
) -> Result<(Vec<Arc<Contact>>, Option<u64>), AppError> {
    let mut chain = vec![contact];
    while let Some(lock) = &chain[chain.len() - 1].lock {
        let Some(primary) = look(states, lock.primary, known).await? else { break };
        match primary.edge(lock.merge) {
            // No protocol makes a circle; a damaged log must not hang us.
            Some(edge) if edge.is_live() && chain.iter().all(|below| below.id != primary.id) => chain.push(primary),
            Some(edge) => return Ok((chain, edge.removed.map(|removed| removed.position))),
            None => break,
        }
    }
    Ok((chain, None))
}

#[async_trait]
impl States for House {
    /// As projected. What can't be opened any more, for a key is gone, is folded from the log.
    async fn own(&self, id: ContactId) -> Result<Option<Arc<Contact>>, AppError> {
        match self.read.contact(id).await? {
            StoredContact::Found(state) => Ok(Some(Arc::from(state))),
            StoredContact::Absent => Ok(None),
            StoredContact::Unreadable => self.folded(id).await.map(Some),
        }
    }
}

impl House {
    /// The tree around a contact, all of it as of one position.
    pub(super) async fn tree(&self, id: ContactId) -> Result<Option<Tree>, AppError> {
        let Some(contact) = self.own(id).await?.filter(|contact| exists(contact)) else { return Ok(None) };
        if contact.lock.is_none() && contact.live_edges().next().is_none() && contact.guests.is_empty() {
            let (forest, guests) = (Forest::new(), HashSet::new());
            return Ok(Some(Tree { chain: vec![contact], forest, guests, freed: None }));
        }
        self.steady(|| Tree::find(self, id)).await
    }

    /// Reads several rows as of one position: again if something was projected meanwhile, in the end with the
    /// projections held still.
    pub(super) async fn steady<T, F>(&self, read: impl Fn() -> F) -> Result<T, AppError>
    where
        F: Future<Output = Result<T, AppError>>,
    {
        for _ in 0..ATTEMPTS {
            let before = self.read.checkpoint(Projection::Contacts).await?;
            let found = read().await?;
            if self.read.checkpoint(Projection::Contacts).await? == before {
                return Ok(found);
            }
        }
        let _still = self.still().await?;
        read().await
    }

    /// The state folded from the log, as far as the read model is. One whose own key is gone is erased, even if the
    /// read model does not know it yet.
    async fn folded(&self, id: ContactId) -> Result<Arc<Contact>, AppError> {
        let up_to = match self.keyring.find(id.0).await? {
            KeyState::Destroyed => self.store.head().await?,
            KeyState::Live(_) | KeyState::Missing => self.read.checkpoint(Projection::Contacts).await?,
        };
        self.fold_while(id, |position, _| position <= up_to).await
    }

    /// The state folded from the first events of its stream, up to the first that is not wanted: by its position and
    /// recording time.
    pub(super) async fn fold_while(
        &self,
        id: ContactId,
        wanted: impl Fn(u64, chrono::DateTime<chrono::Utc>) -> bool + Send,
    ) -> Result<Arc<Contact>, AppError> {
        let mut contact = Contact::absent(id);
        loop {
            let page =
                self.store.read_stream(&Stream::Contact(id), contact.next_revision, Direction::Forward, PAGE).await?;
            for recorded in &page {
                let opened = self.codec.open(recorded).await?;
                if !wanted(recorded.position, opened.meta.recorded_at) {
                    return Ok(Arc::new(contact));
                }
                evolve(&mut contact, &opened.fact(recorded));
            }
            if page.len() < PAGE {
                return Ok(Arc::new(contact));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::DateTime;
    use dossier_domain::event::MergeTerms;
    use dossier_domain::personal::Personal;
    use dossier_domain::state::{Edge, Latest, Lock};
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> ContactId {
        ContactId(Uuid::from_u128(number))
    }

    fn merge(number: u128) -> MergeId {
        MergeId(Uuid::from_u128(number))
    }

    #[derive(Default)]
    struct Kept {
        states: HashMap<ContactId, Contact>,
        reads: AtomicUsize,
    }

    #[async_trait]
    impl States for Kept {
        async fn own(&self, id: ContactId) -> Result<Option<Arc<Contact>>, AppError> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            Ok(self.states.get(&id).cloned().map(Arc::new))
        }
    }

    impl Kept {
        fn contacts(numbers: impl IntoIterator<Item = u128>) -> Self {
            let live = |number| Contact { life: Life::Live, ..Contact::absent(id(number)) };
            let states = numbers.into_iter().map(|number| (id(number), live(number))).collect();
            Kept { states, reads: AtomicUsize::new(0) }
        }

        fn at(&mut self, number: u128) -> &mut Contact {
            self.states.get_mut(&id(number)).unwrap()
        }

        fn lock(&mut self, secondary: u128, primary: u128) {
            let meta = crate::app::act::Act::system(
                "w".into(),
                DateTime::UNIX_EPOCH,
                false,
                dossier_domain::meta::Cause::Timer,
            )
            .draft(None, dossier_domain::event::ContactCreated {})
            .meta;
            self.at(secondary).lock = Some(Box::new(Lock {
                merge: merge(secondary),
                primary: id(primary),
                policy: 1,
                terms: Personal::Open(MergeTerms::default()),
                expected: None,
                meta: Arc::new(meta),
            }));
        }

        fn edge(&mut self, secondary: u128, primary: u128, removed: Option<u64>) {
            self.at(primary).edges.push(Edge {
                revision: 1,
                merge: merge(secondary),
                secondary: id(secondary),
                policy: 1,
                terms: Personal::Open(MergeTerms::default()),
                merged_at: DateTime::UNIX_EPOCH,
                removed: removed.map(|position| Latest { at: DateTime::UNIX_EPOCH, position }),
            });
        }
    }

    #[tokio::test]
    async fn each_contact_of_a_tree_is_read_once() {
        let mut kept = Kept::contacts(1..=4);
        for (secondary, primary) in [(3, 2), (4, 2), (2, 1)] {
            kept.lock(secondary, primary);
            kept.edge(secondary, primary, None);
        }
        let tree = Tree::find(&kept, id(3)).await.unwrap().unwrap();
        assert_eq!((tree.asked().id, tree.root().id, tree.chain().len()), (id(3), id(1), 3));
        assert_eq!((tree.absorbed_by(), tree.members().count()), (Some(merge(3)), 4));
        assert_eq!(kept.reads.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn a_lock_without_an_edge_leads_nowhere() {
        let mut kept = Kept::contacts(1..=2);
        kept.lock(2, 1);
        let tree = Tree::find(&kept, id(2)).await.unwrap().unwrap();
        assert_eq!((tree.root().id, tree.absorbed_by(), tree.freed), (id(2), None, None));
    }

    #[tokio::test]
    async fn a_removed_edge_leads_nowhere_and_says_what_freed_the_contact() {
        let mut kept = Kept::contacts(1..=2);
        kept.lock(2, 1);
        kept.edge(2, 1, Some(7));
        let tree = Tree::find(&kept, id(2)).await.unwrap().unwrap();
        assert_eq!((tree.root().id, tree.freed), (id(2), Some(7)));
    }

    #[tokio::test]
    async fn an_erased_contact_above_erases_what_is_below() {
        let mut kept = Kept::contacts(1..=2);
        kept.lock(2, 1);
        kept.edge(2, 1, None);
        kept.at(1).life = Life::Erased;
        assert!(Tree::find(&kept, id(2)).await.unwrap().unwrap().is_erased());
    }

    #[tokio::test]
    async fn a_circle_in_a_damaged_log_ends() {
        let mut kept = Kept::contacts(1..=2);
        for (secondary, primary) in [(2, 1), (1, 2)] {
            kept.lock(secondary, primary);
            kept.edge(secondary, primary, None);
        }
        assert!(Tree::find(&kept, id(2)).await.unwrap().is_some());
    }
}
