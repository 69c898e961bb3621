//! Billing cycles, their statements and their members (rules 27-31): the closed ones as stored, the open one as it is
//! being counted.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use dossier_domain::billing::calendar::Cycle;
use dossier_domain::event::Event;
use dossier_domain::ids::ContactId;
use dossier_projections::mac::{Mac, Member};
use uuid::Uuid;

use super::cursor::{Pages, descending};
use crate::api::bodies::{CycleBody, CyclePage, CycleState, EntryKind, InteractionBody, MemberBody, MemberPage};
use crate::app::AppError;
use crate::house::House;
use crate::ports::read_store::ClosedCycle;

impl House {
    /// The cycles of a workspace, newest first, at most `limit` after the cursor; none before its first contact event.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn cycle_page(&self, workspace: &str, cursor: Option<&str>, limit: usize) -> Result<CyclePage, AppError> {
        let cycles = self.cycles(workspace).await?;
        let pages = Pages::of(&self.marks, &["cycles", workspace]);
        let (cycles, next_cursor) = pages.page(cycles, |cycle| descending(cycle.cycle.as_bytes()), cursor, limit)?;
        Ok(CyclePage { cycles, next_cursor })
    }

    /// All cycles of a workspace, newest first.
    ///
    /// # Errors
    /// There is no such workspace; a store failed.
    pub async fn cycles(&self, workspace: &str) -> Result<Vec<CycleBody>, AppError> {
        self.settings(workspace).await?;
        // While the projections are held still, no cycle moves from open to closed.
        let still = self.still().await?;
        let closed = self.read.closed_cycles(workspace).await?;
        let mut cycles: Vec<CycleBody> = closed.into_iter().map(closed_body).collect();
        cycles.extend(self.counting(&still, workspace).await?.as_deref().and_then(open_body));
        cycles.reverse();
        Ok(cycles)
    }

    /// A cycle by its name, the local date of its start.
    ///
    /// # Errors
    /// [`AppError::UnknownCycle`]; there is no such workspace; a store failed.
    pub async fn cycle(&self, workspace: &str, name: &str) -> Result<CycleBody, AppError> {
        let cycles = self.cycles(workspace).await?;
        cycles.into_iter().find(|cycle| cycle.cycle == name).ok_or(AppError::UnknownCycle)
    }

    /// The contacts that count in a cycle, each with the interaction that makes it count, by id; at most `limit` after
    /// the cursor.
    ///
    /// # Errors
    /// [`AppError::UnknownCycle`], [`AppError::BadCursor`]; there is no such workspace; a store failed.
    pub async fn cycle_members(
        &self,
        workspace: &str,
        name: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<MemberPage, AppError> {
        let cycle = self.cycle(workspace, name).await?;
        let pages = Pages::of(&self.marks, &["members", workspace, name]);
        let after = cursor.map(|cursor| place(&pages, cursor)).transpose()?;
        let mut members = match cycle.state {
            CycleState::Open => self.open_members(workspace, name, after, limit + 1).await?,
            CycleState::Closed => None,
        };
        if members.is_none() {
            members = Some(self.read.members(workspace, name, after, limit + 1).await?);
        }
        let mut members = members.unwrap_or_default();
        let more = members.len() > limit;
        members.truncate(limit);
        let next = members.last().filter(|_| more).map(|last| pages.after(last.contact.0.as_bytes()));
        let mut contacts = Vec::with_capacity(members.len());
        for member in members {
            let interaction = self.interaction(&member).await?;
            contacts.push(MemberBody { contact_id: member.contact, interaction });
        }
        Ok(MemberPage { contacts, next_cursor: next })
    }

    /// Of the open cycle; `None` if it was closed meanwhile.
    async fn open_members(
        &self,
        workspace: &str,
        name: &str,
        after: Option<ContactId>,
        limit: usize,
    ) -> Result<Option<Vec<Member>>, AppError> {
        let still = self.still().await?;
        let mac = self.counting(&still, workspace).await?;
        let mac = mac.filter(|mac| mac.running().is_some_and(|running| *running.name == *name));
        let Some(mac) = mac else { return Ok(None) };
        let all = mac.members_now();
        let from = after.map_or(0, |after| all.partition_point(|member| member.contact <= after));
        Ok(Some(all[from..].iter().take(limit).copied().collect()))
    }

    /// The interaction that makes a contact count. Nothing of it is personal, so an erasure takes nothing away.
    async fn interaction(&self, member: &Member) -> Result<InteractionBody, AppError> {
        let missing = || AppError::Internal(format!("there is no interaction at position {}", member.position));
        let recorded = self.store.read_at(member.position).await?.ok_or_else(missing)?;
        let seen = self.codec.glance(&recorded)?;
        let (at, channel) = passed(&seen.event).ok_or_else(missing)?;
        Ok(InteractionBody {
            id: recorded.event.id,
            kind: EntryKind::Message,
            event_type: seen.event.name().to_owned(),
            at,
            recorded_at: seen.meta.recorded_at,
            contact_id: member.recorded_by,
            position: member.position,
            channel,
        })
    }
}

/// When an interaction happened, and by which channel.
fn passed(event: &Event) -> Option<(DateTime<Utc>, Arc<str>)> {
    match event {
        Event::MessageReceived(event) => Some((event.at, event.channel.clone())),
        Event::MessageSent(event) => Some((event.at, event.channel.clone())),
        Event::MessageSuppressed(event) => Some((event.at, event.channel.clone())),
        _ => None,
    }
}

fn place(pages: &Pages<'_>, cursor: &str) -> Result<ContactId, AppError> {
    Uuid::from_slice(&pages.place(cursor)?).map(ContactId).map_err(|_| AppError::BadCursor)
}

fn closed_body(cycle: ClosedCycle) -> CycleBody {
    CycleBody {
        cycle: cycle.cycle.to_string(),
        start: cycle.start,
        end: cycle.end,
        time_zone: cycle.time_zone.to_string(),
        state: CycleState::Closed,
        active: cycle.active,
        digest: Some(cycle.digest.to_string()),
    }
}

fn open_body(mac: &Mac) -> Option<CycleBody> {
    let Cycle { name, start, end, zone } = mac.running()?;
    Some(CycleBody {
        cycle: name.to_string(),
        start: *start,
        end: *end,
        time_zone: zone.name().to_owned(),
        state: CycleState::Open,
        active: mac.active_now() as u64,
        digest: None,
    })
}
