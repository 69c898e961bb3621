//! Logs to count: written by hand as one line an event, or grown at random by a small model of the store.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::event::*;
use dossier_domain::fields::FieldType;
use dossier_domain::ids::{ContactId, IdentityId, Mark, MergeId, Stream};
use dossier_domain::personal::Personal;
use proptest::prelude::*;
use uuid::Uuid;

use crate::mac::Fact;

/// An event with all that counting looks at.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) stream: Stream,
    pub(super) position: u64,
    pub(super) recorded_at: DateTime<Utc>,
    pub(super) event: Event,
}

impl Line {
    pub(super) fn fact(&self) -> Fact<'_> {
        Fact { stream: &self.stream, position: self.position, recorded_at: self.recorded_at, event: &self.event }
    }
}

pub(super) fn contact(number: u8) -> ContactId {
    ContactId(Uuid::from_bytes([number; 16]))
}

pub(super) fn mark(number: u64) -> Mark {
    Mark(u128::from(number).to_be_bytes())
}

fn merge_id(number: u64) -> MergeId {
    MergeId(Uuid::from_u128(u128::from(number)))
}

fn identity() -> IdentityId {
    IdentityId(Uuid::nil())
}

/// A log under construction, with as much of the store's state as keeps it possible.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) lines: Vec<Line>,
    now: DateTime<Utc>,
    above: HashMap<u8, (u64, u8)>,
    blocked: HashMap<u8, bool>,
    /// Messages out: the contact that recorded each.
    sent: Vec<(u64, u8)>,
    merges: u64,
}

impl Log {
    pub(super) fn starting(now: &str) -> Self {
        Log { now: now.parse().unwrap(), ..Log::default() }
    }

    pub(super) fn at(&mut self, now: &str) -> &mut Self {
        self.now = now.parse().unwrap();
        self
    }

    fn push(&mut self, stream: Stream, event: impl Into<Event>) -> u64 {
        let position = self.lines.len() as u64 + 1;
        self.lines.push(Line { stream, position, recorded_at: self.now, event: event.into() });
        position
    }

    fn tell(&mut self, of: u8, event: impl Into<Event>) -> u64 {
        self.push(Stream::Contact(contact(of)), event)
    }

    pub(super) fn root(&self, of: u8) -> u8 {
        self.above.get(&of).map_or(of, |(_, primary)| self.root(*primary))
    }

    fn is_blocked(&self, of: u8) -> bool {
        self.blocked.get(&of).copied().unwrap_or(false)
    }

    pub(super) fn edit(&mut self, of: u8) -> u64 {
        self.tell(of, ProfileEdited { holder: None, personal: Personal::Erased })
    }

    /// Something comes in for the contact: it stands in the stream of its root.
    pub(super) fn receive(&mut self, of: u8, kind: InteractionKind) -> u64 {
        let (root, channel, at) = (self.root(of), "sms".into(), self.now);
        if self.is_blocked(root) {
            return self.tell(root, MessageSuppressed { identity: identity(), channel, at, kind });
        }
        let event =
            MessageReceived { identity: identity(), channel, at, kind, holder: None, personal: Personal::Erased };
        self.tell(root, event)
    }

    pub(super) fn send(&mut self, of: u8, sender: Sender, kind: InteractionKind) -> u64 {
        let (root, message) = (self.root(of), self.lines.len() as u64);
        self.sent.push((message, root));
        let event = MessageSent {
            identity: identity(),
            channel: "sms".into(),
            at: self.now,
            kind,
            sender,
            message: mark(message),
            holder: None,
            personal: Personal::Erased,
        };
        self.tell(root, event)
    }

    /// A report on the message sent so many messages ago.
    pub(super) fn report(&mut self, ago: usize, status: DeliveryStatus) {
        let Some((message, by)) = self.sent.iter().rev().nth(ago).copied() else { return };
        let event = MessageStatusChanged {
            message: mark(message),
            recorded_by: contact(by),
            status,
            at: self.now,
            personal: Personal::Erased,
        };
        self.tell(self.root(by), event);
    }

    pub(super) fn block(&mut self, of: u8) {
        let root = self.root(of);
        if self.blocked.insert(root, true) != Some(true) {
            self.tell(root, ContactBlocked { personal: Personal::Erased });
        }
    }

    pub(super) fn unblock(&mut self, of: u8) {
        let root = self.root(of);
        if self.blocked.insert(root, false) == Some(true) {
            self.tell(root, ContactUnblocked { personal: Personal::Erased });
        }
    }

    /// Nothing, where the store would refuse.
    pub(super) fn merge(&mut self, primary: u8, secondary: u8) {
        let live = |of: &u8| !self.above.contains_key(of) && !self.is_blocked(*of);
        if primary == secondary || !live(&primary) || !live(&secondary) {
            return;
        }
        self.merges += 1;
        let (merge, policy) = (merge_id(self.merges), 1);
        self.above.insert(secondary, (self.merges, primary));
        self.tell(
            secondary,
            MergePrepared { merge, primary: contact(primary), policy, expected: None, personal: Personal::Erased },
        );
        let (secondary, personal) = (contact(secondary), Personal::Erased);
        self.tell(primary, ContactMerged { merge, secondary, policy, personal });
    }

    pub(super) fn unmerge(&mut self, secondary: u8) {
        let Some((merge, primary)) = self.above.remove(&secondary) else { return };
        let merge = merge_id(merge);
        self.tell(primary, ContactUnmerged { merge, secondary: contact(secondary) });
        self.tell(secondary, MergeEnded { merge, outcome: MergeOutcome::Unmerged });
    }

    pub(super) fn erase(&mut self, of: u8) -> u64 {
        self.tell(self.root(of), ContactErased { with: None })
    }

    pub(super) fn claim(&mut self, by: u8) -> u64 {
        let claimed = IdentityClaimed { contact: contact(by), channel: "chat".into(), personal: Personal::Erased };
        self.push(Stream::Identity(identity()), claimed)
    }

    pub(super) fn define_field(&mut self) -> u64 {
        let event = FieldDefined { kind: FieldType::Text, personal: Personal::Erased };
        self.push(Stream::Workspace("default".into()), event)
    }

    pub(super) fn configure(&mut self, zone: &str, anchor_day: u8) -> u64 {
        let event = WorkspaceConfigured {
            time_zone: zone.into(),
            billing_anchor_day: anchor_day,
            default_region: None,
            active_days: 30,
        };
        self.push(Stream::Workspace("default".into()), event)
    }

    pub(super) fn close(&mut self) -> u64 {
        let event = CycleClosed { cycle: "2026-01-01".into(), end: self.now };
        self.push(Stream::Workspace("default".into()), event)
    }
}

/// One thing that happens, to contacts 0 to 5.
#[derive(Clone, Debug)]
enum Step {
    Receive(u8, InteractionKind),
    Send(u8, Sender, InteractionKind),
    Report(usize, DeliveryStatus),
    Block(u8),
    Unblock(u8),
    Merge(u8, u8),
    Unmerge(u8),
    Edit(u8),
    Erase(u8),
    Claim(u8),
    Configure(&'static str, u8),
    Close,
}

impl Step {
    fn take(self, log: &mut Log) {
        match self {
            Step::Receive(of, kind) => _ = log.receive(of, kind),
            Step::Send(of, sender, kind) => _ = log.send(of, sender, kind),
            Step::Report(ago, status) => log.report(ago, status),
            Step::Block(of) => log.block(of),
            Step::Unblock(of) => log.unblock(of),
            Step::Merge(primary, secondary) => log.merge(primary, secondary),
            Step::Unmerge(secondary) => log.unmerge(secondary),
            Step::Edit(of) => _ = log.edit(of),
            Step::Erase(of) => _ = log.erase(of),
            Step::Claim(by) => _ = log.claim(by),
            Step::Configure(zone, anchor_day) => _ = log.configure(zone, anchor_day),
            Step::Close => _ = log.close(),
        }
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let of = || 0u8..6;
    let kind =
        || prop::sample::select(vec![InteractionKind::Message, InteractionKind::Reaction, InteractionKind::Call]);
    let sender = prop::sample::select(vec![Sender::User, Sender::Workflow, Sender::Ai, Sender::Api, Sender::Broadcast]);
    let status = prop::sample::select(vec![DeliveryStatus::Failed, DeliveryStatus::Failed, DeliveryStatus::Read]);
    let zone = prop::sample::select(vec!["UTC", "Asia/Kuala_Lumpur", "America/Sao_Paulo", "no zone"]);
    prop_oneof![
        6 => (of(), kind()).prop_map(|(of, kind)| Step::Receive(of, kind)),
        8 => (of(), sender, prop_oneof![4 => Just(InteractionKind::Message), 1 => kind()])
            .prop_map(|(of, sender, kind)| Step::Send(of, sender, kind)),
        6 => (0usize..5, status).prop_map(|(ago, status)| Step::Report(ago, status)),
        3 => of().prop_map(Step::Block),
        2 => of().prop_map(Step::Unblock),
        5 => (of(), of()).prop_map(|(primary, secondary)| Step::Merge(primary, secondary)),
        4 => of().prop_map(Step::Unmerge),
        1 => of().prop_map(Step::Edit),
        1 => of().prop_map(Step::Erase),
        1 => of().prop_map(Step::Claim),
        1 => (zone, 1u8..=31).prop_map(|(zone, anchor_day)| Step::Configure(zone, anchor_day)),
        1 => Just(Step::Close),
    ]
}

/// How far the recording clock moves before a step, in hours: mostly little, at times back, at times over whole cycles.
fn any_hours() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 0i64..48, 2 => -72i64..0, 2 => 100i64..400, 1 => 800i64..4_000]
}

/// What may come before the first contact, at a clock of its own.
fn any_prelude() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![Just(Step::Configure("UTC", 9)), Just(Step::Claim(1))];
    prop::collection::vec((-2_000i64..2_000, step), 0..3)
}

prop_compose! {
    /// A possible log.
    pub(super) fn any_log()(
        prelude in any_prelude(),
        steps in prop::collection::vec((any_hours(), any_step()), 0..60),
    ) -> Vec<Line> {
        let mut log = Log::starting("2026-01-20T00:00:00Z");
        let start = log.now;
        for (hours, step) in prelude {
            log.now = start + TimeDelta::hours(hours);
            step.take(&mut log);
        }
        log.now = start;
        for (hours, step) in steps {
            log.now += TimeDelta::hours(hours);
            step.take(&mut log);
        }
        log.lines
    }
}
