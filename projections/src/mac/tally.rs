//! The countable interactions of the open cycle, and how many trees have one.
//!
//! Of what came in, a contact's first is enough: it can't be undone. What went out before that may still be reported
//! failed, so each is kept until then; what went out after it can't matter any more.

use std::collections::HashMap;

use dossier_domain::ids::{ContactId, Mark};

use super::forest::Forest;
use super::rows::Interaction;
use super::statement::Member;

/// What one contact's own stream holds.
#[derive(Clone, Debug, Default, PartialEq)]
struct Own {
    /// Position of the first that can't fail.
    sure: Option<u64>,
    /// Those before it that may be reported failed, ascending by position.
    may_fail: Vec<(u64, Mark)>,
}

impl Own {
    fn is_empty(&self) -> bool {
        self.sure.is_none() && self.may_fail.is_empty()
    }

    fn earliest(&self) -> Option<u64> {
        self.may_fail.first().map(|(position, _)| *position).or(self.sure)
    }
}

/// The open cycle, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// No contact without an interaction is in here.
    own: HashMap<ContactId, Own>,
    /// By root: how many contacts of its tree are in `own`. None is 0, so that the length is the count.
    trees: HashMap<ContactId, usize>,
}

impl Tally {
    /// The tally that the rows tell of.
    pub(super) fn restore(mut interactions: Vec<Interaction>, forest: &Forest) -> Self {
        interactions.sort_unstable_by_key(|interaction| interaction.position);
        let mut tally = Tally::default();
        for interaction in interactions {
            tally.count(interaction, forest);
        }
        tally
    }

    pub(super) fn is_empty(&self) -> bool {
        self.own.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.own.clear();
        self.trees.clear();
    }

    /// How many trees have an interaction.
    pub(super) fn active(&self) -> usize {
        self.trees.len()
    }

    /// How many contacts of a root's tree have one.
    pub(super) fn of_root(&self, root: ContactId) -> usize {
        self.trees.get(&root).copied().unwrap_or(0)
    }

    /// How many of a contact and those absorbed in it have one. Walks them.
    pub(super) fn of_tree(&self, contact: ContactId, forest: &Forest) -> usize {
        forest.tree(contact).filter(|contact| self.own.contains_key(contact)).count()
    }

    /// Takes an interaction later than all before; false if it can never matter.
    pub(super) fn count(&mut self, interaction: Interaction, forest: &Forest) -> bool {
        let own = self.own.entry(interaction.contact).or_default();
        if own.sure.is_some() {
            return false;
        }
        let first = own.is_empty();
        match interaction.may_fail {
            Some(mark) => own.may_fail.push((interaction.position, mark)),
            None => own.sure = Some(interaction.position),
        }
        if first {
            *self.trees.entry(forest.root(interaction.contact)).or_default() += 1;
        }
        true
    }

    /// Takes a message out off again; its position, if it was kept.
    pub(super) fn fail(&mut self, contact: ContactId, mark: Mark, forest: &Forest) -> Option<u64> {
        let own = self.own.get_mut(&contact)?;
        // Most failures are reported soon, so the search begins at the end.
        let place = own.may_fail.iter().rposition(|(_, other)| *other == mark)?;
        let (position, _) = own.may_fail.remove(place);
        if own.is_empty() {
            self.own.remove(&contact);
            self.shrink(forest.root(contact), 1);
        }
        Some(position)
    }

    /// The tree of `secondary` becomes part of that of `root`.
    pub(super) fn join(&mut self, root: ContactId, secondary: ContactId) {
        if let Some(moved) = self.trees.remove(&secondary) {
            *self.trees.entry(root).or_default() += moved;
        }
    }

    /// The tree of `secondary` left that of `root`; `forest` is without the edge already.
    pub(super) fn cut(&mut self, root: ContactId, secondary: ContactId, forest: &Forest) {
        let moved = self.of_tree(secondary, forest);
        if moved > 0 {
            self.shrink(root, moved);
            self.trees.insert(secondary, moved);
        }
    }

    fn shrink(&mut self, root: ContactId, by: usize) {
        if let Some(left) = self.trees.get_mut(&root) {
            *left = left.saturating_sub(by);
            if *left == 0 {
                self.trees.remove(&root);
            }
        }
    }

    /// Every root with an interaction, and the earliest of its tree; ascending by root.
    pub(super) fn members(&self, forest: &Forest) -> Vec<Member> {
        let mut members: HashMap<ContactId, Member> = HashMap::with_capacity(self.trees.len());
        for (recorded_by, own) in &self.own {
            let Some(position) = own.earliest() else { continue };
            let contact = forest.root(*recorded_by);
            let member = Member { contact, position, recorded_by: *recorded_by };
            let earliest = members.entry(contact).or_insert(member);
            if position < earliest.position {
                *earliest = member;
            }
        }
        let mut members: Vec<_> = members.into_values().collect();
        members.sort_unstable_by_key(|member| member.contact);
        members
    }
}
