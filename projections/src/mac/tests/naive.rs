//! The rules 27-31 said once more, with no thought for speed: every question is answered by reading the whole log.

use chrono::{DateTime, Utc};
use dossier_domain::billing::calendar::{Cycle, Settings};
use dossier_domain::event::{DeliveryStatus, Event, InteractionKind, Sender};
use dossier_domain::ids::{ContactId, Stream};

use super::history::Line;
use crate::mac::{Member, Statement};

/// The running maximum of recording times, from the first event on that does more than configure.
pub(super) fn clock(log: &[Line]) -> Option<DateTime<Utc>> {
    let started = log.iter().position(|line| !matches!(line.stream, Stream::Workspace(_)))?;
    log[started..].iter().map(|line| line.recorded_at).max()
}

/// The clock at the event at an index.
fn clock_at(log: &[Line], index: usize) -> DateTime<Utc> {
    clock(&log[..=index]).unwrap()
}

/// The last readable settings before a place in the log.
fn settings(log: &[Line]) -> Settings {
    let mut settings = Settings::default();
    for line in log {
        if let Event::WorkspaceConfigured(event) = &line.event {
            settings = Settings::new(&event.time_zone, event.billing_anchor_day).unwrap_or(settings);
        }
    }
    settings
}

/// Every cycle from the first contact event on, each with the index of the event that closes it, if one does.
pub(super) fn cycles(log: &[Line]) -> Vec<(Cycle, Option<usize>)> {
    let Some(first) = log.iter().position(|line| matches!(line.stream, Stream::Contact(_))) else {
        return Vec::new();
    };
    let mut cycle = Cycle::holding(settings(&log[..first]), clock_at(log, first));
    let mut cycles = Vec::new();
    loop {
        let closed_by = (first..log.len()).find(|index| clock_at(log, *index) >= cycle.end);
        cycles.push((cycle.clone(), closed_by));
        let Some(index) = closed_by else { return cycles };
        cycle = cycle.next(settings(&log[..index]));
    }
}

fn root(log: &[Line], of: ContactId) -> ContactId {
    let mut above = None;
    for line in log {
        match (&line.stream, &line.event) {
            (Stream::Contact(primary), Event::ContactMerged(event)) if event.secondary == of => above = Some(*primary),
            (_, Event::ContactUnmerged(event)) if event.secondary == of => above = None,
            _ => {}
        }
    }
    above.map_or(of, |primary| root(log, primary))
}

/// Whether the event at an index counts in a cycle of which `log` is all until its close.
fn counts(log: &[Line], index: usize, cycle: &Cycle) -> bool {
    match &log[index].event {
        Event::MessageReceived(_) => true,
        Event::MessageSent(sent) => {
            let failed = log[index..].iter().any(|line| match &line.event {
                Event::MessageStatusChanged(report) => {
                    report.status == DeliveryStatus::Failed && report.message == sent.message
                }
                _ => false,
            });
            sent.kind == InteractionKind::Message && sent.sender != Sender::Broadcast && !failed
        }
        Event::MessageSuppressed(_) => {
            let same_stream = |at: &usize| log[*at].stream == log[index].stream;
            let mut blocks = (0..index).rev().filter(same_stream);
            let block = blocks.find(|at| matches!(log[*at].event, Event::ContactBlocked(_))).unwrap();
            cycle.holds(clock_at(log, block))
        }
        _ => false,
    }
}

/// The members of a cycle, from all of the log until its close.
pub(super) fn members(log: &[Line], cycle: &Cycle) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for (index, line) in log.iter().enumerate() {
        let Stream::Contact(recorded_by) = line.stream else { continue };
        let contact = root(log, recorded_by);
        let known = members.iter().any(|member| member.contact == contact);
        if !known && cycle.holds(clock_at(log, index)) && counts(log, index, cycle) {
            members.push(Member { contact, position: line.position, recorded_by });
        }
    }
    members.sort_by_key(|member| member.contact);
    members
}

/// Every statement of the log.
pub(super) fn statements(log: &[Line]) -> Vec<Statement> {
    let closed = cycles(log).into_iter().filter_map(|(cycle, closed_by)| Some((cycle, closed_by?)));
    closed.map(|(cycle, index)| Statement { members: members(&log[..index], &cycle), cycle }).collect()
}

/// The members of the open cycle.
pub(super) fn open_members(log: &[Line]) -> Vec<Member> {
    cycles(log).last().map(|(cycle, _)| members(log, cycle)).unwrap_or_default()
}
