//! Interactions per day: sums to which each batch adds.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use deadpool_postgres::Transaction;
use dossier_domain::event::{InteractionKind, Sender};
use dossier_projections::daily::Alike;

use super::Trouble;

const ADD: &str = "
    insert into interactions_daily as old (workspace, day, channel, direction, kind, sender, interactions)
    select * from unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
    on conflict (workspace, day, channel, direction, kind, sender)
    do update set interactions = old.interactions + excluded.interactions";

/// Workspace, day, channel, direction, kind and sender.
type Key = (Arc<str>, NaiveDate, Arc<str>, &'static str, &'static str, &'static str);

/// How many interactions came since the last batch.
#[derive(Default)]
pub(super) struct Counts(BTreeMap<Key, u64>);

impl Counts {
    pub(super) fn add(&mut self, workspace: Arc<str>, Alike { day, channel, kind, sender }: Alike, count: u64) {
        let (direction, sender) = sender.map_or(("in", "contact"), |sender| ("out", word_of(sender)));
        *self.0.entry((workspace, day, channel, direction, word_for(kind), sender)).or_default() += count;
    }

    pub(super) async fn write(self, batch: &Transaction<'_>) -> Result<(), Trouble> {
        if self.0.is_empty() {
            return Ok(());
        }
        let column = |of: fn(&Key) -> &str| self.0.keys().map(of).collect::<Vec<&str>>();
        let (workspaces, channels) = (column(|key| &key.0), column(|key| &key.2));
        let (directions, kinds, senders) = (column(|key| key.3), column(|key| key.4), column(|key| key.5));
        let days: Vec<NaiveDate> = self.0.keys().map(|key| key.1).collect();
        let counts: Vec<i64> = self.0.values().map(|count| count.cast_signed()).collect();
        let add = batch.prepare_cached(ADD).await?;
        batch.execute(&add, &[&workspaces, &days, &channels, &directions, &kinds, &senders, &counts]).await?;
        Ok(())
    }
}

fn word_for(kind: InteractionKind) -> &'static str {
    match kind {
        InteractionKind::Message => "message",
        InteractionKind::Reaction => "reaction",
        InteractionKind::Call => "call",
    }
}

fn word_of(sender: Sender) -> &'static str {
    match sender {
        Sender::User => "user",
        Sender::Workflow => "workflow",
        Sender::Api => "api",
        Sender::Ai => "ai",
        Sender::Broadcast => "broadcast",
    }
}
