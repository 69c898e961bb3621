//! Monthly active contacts: one fold of a workspace's events in global order (rules 27-31).
//!
//! It counts by the log alone: no clock but that of the events, no rounding, no sampling. What it keeps is what the
//! running cycle and later ones can still need; a closed cycle leaves as a [`Statement`] among the changes and is
//! never touched again. Nothing here is personal, so that an erasure moves no statement.

mod forest;
mod rows;
mod statement;
mod tally;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::event::{
    DeliveryStatus, Event, InteractionKind, MessageSent, MessageStatusChanged, Sender, WorkspaceConfigured,
};
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::sabotage::{Break, armed};

use forest::Forest;
pub use rows::{Edge, Head, Interaction, MacChange, MacKey, MacRow};
pub use statement::{Member, Statement};
use tally::Tally;

/// One event, as far as counting looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// Where it stands.
    pub stream: &'a Stream,
    /// Its place in the whole log; rises from fact to fact.
    pub position: u64,
    /// When it was recorded, by whatever clock; may fall from fact to fact.
    pub recorded_at: DateTime<Utc>,
    /// What it says.
    pub event: &'a Event,
}

/// The count of one workspace, as of the last fact applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mac {
    head: Head,
    tally: Tally,
    forest: Forest,
    /// Contacts whose block began in the running cycle; an older block makes nothing count.
    blocked: HashSet<ContactId>,
    changes: Vec<MacChange>,
    head_changed: bool,
}

impl Mac {
    /// The count of a workspace without events.
    pub fn new() -> Self {
        Mac::default()
    }

    /// The state that the rows tell of, in whatever order; it goes on as if it had never been put away.
    pub fn restore(rows: impl IntoIterator<Item = MacRow>) -> Self {
        let mut mac = Mac::new();
        let mut interactions = Vec::new();
        for row in rows {
            match row {
                MacRow::Head(head) => mac.head = head,
                MacRow::Interaction(interaction) => interactions.push(interaction),
                MacRow::Edge(edge) => mac.forest.restore(edge),
                MacRow::Block(contact) => _ = mac.blocked.insert(contact),
            }
        }
        mac.tally = Tally::restore(interactions, &mac.forest);
        mac
    }

    /// What changed since the last call, to be done to the rows in this order and in one transaction with the
    /// checkpoint.
    pub fn take_changes(&mut self) -> Vec<MacChange> {
        if std::mem::take(&mut self.head_changed) {
            self.changes.push(MacChange::Put(MacRow::Head(self.head.clone())));
        }
        std::mem::take(&mut self.changes)
    }

    /// Counts one more event. Every event of the workspace must come by, those of identities too: each moves the clock.
    pub fn apply(&mut self, fact: &Fact<'_>) {
        let late = armed(Break::ClosedCyclesMove);
        if !late {
            self.tick(fact);
        }
        match (fact.stream, fact.event) {
            (Stream::Contact(contact), event) => self.apply_to(*contact, fact.position, event),
            (_, Event::WorkspaceConfigured(settings)) => self.configure(settings),
            _ => {}
        }
        if late {
            self.tick(fact);
        }
    }

    /// The workspace's clock (rule 27); `None` before its first event. Configuring the workspace does not start it.
    pub fn clock(&self) -> Option<DateTime<Utc>> {
        self.head.clock
    }

    /// The zone of the workspace.
    pub fn zone(&self) -> Tz {
        self.head.settings.zone
    }

    /// The cycle that is open; `None` before the first event of a contact. It is due to be closed at its end.
    pub fn running(&self) -> Option<&Cycle> {
        self.head.running.as_ref()
    }

    /// How many are active in the open cycle, as of now.
    pub fn active_now(&self) -> usize {
        self.tally.active()
    }

    /// Who is active in the open cycle, each with the interaction that makes it count, ascending by contact. Walks all
    /// of them.
    pub fn members_now(&self) -> Vec<Member> {
        self.tally.members(&self.forest)
    }

    /// How many would be active with `secondary` absorbed in `primary` (rule 25). What no merge can do changes nothing.
    pub fn active_if_merged(&self, primary: ContactId, secondary: ContactId) -> usize {
        let root = self.forest.root(primary);
        let possible = self.forest.can_join(primary, secondary);
        let one_less = possible && self.tally.of_root(root) > 0 && self.tally.of_root(secondary) > 0;
        self.active_now() - usize::from(one_less)
    }

    /// How many would be active with the edge above `secondary` taken out (rule 25).
    pub fn active_if_unmerged(&self, secondary: ContactId) -> usize {
        if self.forest.edge_above(secondary).is_none() {
            return self.active_now();
        }
        let leaving = self.tally.of_tree(secondary, &self.forest);
        let staying = self.tally.of_root(self.forest.root(secondary)) - leaving;
        self.active_now() + usize::from(leaving > 0 && staying > 0)
    }

    /// Moves the clock, opens the first cycle, and closes those that the clock has left behind.
    fn tick(&mut self, fact: &Fact<'_>) {
        let clock = match self.head.clock {
            // Rule 32: making or configuring a workspace, its fields too, does not start its clock, or nothing older could
            // be replayed.
            None if matches!(fact.stream, Stream::Workspace(_)) => return,
            Some(clock) if clock >= fact.recorded_at && !armed(Break::ClockFollowsEveryEvent) => clock,
            _ => {
                self.head.clock = Some(fact.recorded_at);
                self.head_changed = true;
                fact.recorded_at
            }
        };
        match &self.head.running {
            None if matches!(fact.stream, Stream::Contact(_)) => {
                self.head.running = Some(Cycle::holding(self.head.settings, clock));
                self.head_changed = true;
            }
            Some(cycle) if cycle.end <= clock => self.close_until(clock),
            _ => {}
        }
    }

    /// Closes cycle after cycle until one holds the clock. The event that closes them is not counted in any, nor do
    /// settings that it brings shape the cycle it falls in.
    fn close_until(&mut self, clock: DateTime<Utc>) {
        while let Some(cycle) = self.head.running.take_if(|cycle| cycle.end <= clock) {
            self.head.running = Some(cycle.next(self.head.settings));
            let members = self.tally.members(&self.forest);
            self.changes.push(MacChange::Closed(Statement { cycle, members }));
            if !self.tally.is_empty() || !self.blocked.is_empty() {
                self.changes.push(MacChange::CycleEnded);
                self.tally.clear();
                self.blocked.clear();
            }
        }
        self.head_changed = true;
    }

    /// Settings count from the next cycle on. The fold never fails: settings that can't be read leave the old ones.
    fn configure(&mut self, configured: &WorkspaceConfigured) {
        if let Ok(settings) = Settings::new(&configured.time_zone, configured.billing_anchor_day) {
            self.head_changed |= settings != self.head.settings;
            self.head.settings = settings;
        }
    }

    /// Rule 29, event by event. Whatever is not named here counts for nothing.
    fn apply_to(&mut self, contact: ContactId, position: u64, event: &Event) {
        match event {
            Event::MessageReceived(_) => self.count(Interaction { contact, position, may_fail: None }),
            Event::MessageSuppressed(_) if self.blocked.contains(&contact) => {
                self.count(Interaction { contact, position, may_fail: None });
            }
            Event::MessageSent(sent) if is_countable(sent) => {
                self.count(Interaction { contact, position, may_fail: Some(sent.message) });
            }
            Event::MessageStatusChanged(report) if report.status == DeliveryStatus::Failed => self.fail(report),
            Event::ContactBlocked(_) => self.block(contact),
            Event::ContactUnblocked(_) => self.unblock(contact),
            Event::ContactMerged(merged) => {
                self.join(Edge { merge: merged.merge, primary: contact, secondary: merged.secondary });
            }
            Event::ContactUnmerged(unmerged) => {
                self.cut(Edge { merge: unmerged.merge, primary: contact, secondary: unmerged.secondary });
            }
            _ => {}
        }
    }

    fn count(&mut self, interaction: Interaction) {
        if self.tally.count(interaction, &self.forest) {
            self.changes.push(MacChange::Put(MacRow::Interaction(interaction)));
        }
    }

    fn fail(&mut self, report: &MessageStatusChanged) {
        let contact = report.recorded_by;
        if let Some(position) = self.tally.fail(contact, report.message, &self.forest) {
            self.changes.push(MacChange::Remove(MacKey::Interaction { contact, position }));
        }
    }

    fn block(&mut self, contact: ContactId) {
        if self.blocked.insert(contact) {
            self.changes.push(MacChange::Put(MacRow::Block(contact)));
        }
    }

    fn unblock(&mut self, contact: ContactId) {
        if self.blocked.remove(&contact) {
            self.changes.push(MacChange::Remove(MacKey::Block(contact)));
        }
    }

    fn join(&mut self, edge: Edge) {
        if self.forest.can_join(edge.primary, edge.secondary) {
            self.tally.join(self.forest.root(edge.primary), edge.secondary);
            self.forest.join(edge);
            self.changes.push(MacChange::Put(MacRow::Edge(edge)));
        }
    }

    fn cut(&mut self, edge: Edge) {
        let above = self.forest.root(edge.primary);
        if self.forest.cut(edge) {
            self.tally.cut(above, edge.secondary, &self.forest);
            self.changes.push(MacChange::Remove(MacKey::Edge { secondary: edge.secondary }));
        }
    }
}

/// Whether a message out counts, unless it is reported failed. A reaction or a call out is not named in rule 29.
fn is_countable(sent: &MessageSent) -> bool {
    let by_someone = match sent.sender {
        Sender::User | Sender::Workflow | Sender::Api | Sender::Ai => true,
        Sender::Broadcast => false,
    };
    by_someone && sent.kind == InteractionKind::Message
}
