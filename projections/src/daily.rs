//! Interactions per day, for whoever looks at workspaces as a whole: sums that only grow, so that merges, unmerges and
//! erasures move none of them. Nothing here is personal.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use dossier_domain::event::{Event, InteractionKind, Sender};
use serde::{Deserialize, Serialize};

/// What interactions of a workspace are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Alike {
    /// The day on which they happened, in the zone that the workspace had when they were recorded.
    pub day: NaiveDate,
    /// Their channel.
    pub channel: Arc<str>,
    /// What they were.
    pub kind: InteractionKind,
    /// Who sent them; `None` if they came in.
    pub sender: Option<Sender>,
}

/// Interactions that were counted and not given out yet.
#[derive(Clone, Debug, Default)]
pub struct Daily(HashMap<(Arc<str>, Alike), u64>);

impl Daily {
    /// Counts an event of a workspace whose zone this is. What a block keeps out of sight is in no timeline, and is not
    /// counted here either.
    pub fn count(&mut self, workspace: &Arc<str>, zone: Tz, event: &Event) {
        let alike = |at: DateTime<Utc>, channel: &Arc<str>, kind, sender| Alike {
            day: at.with_timezone(&zone).date_naive(),
            channel: channel.clone(),
            kind,
            sender,
        };
        let alike = match event {
            Event::MessageReceived(came) => alike(came.at, &came.channel, came.kind, None),
            Event::MessageSent(sent) => alike(sent.at, &sent.channel, sent.kind, Some(sent.sender)),
            _ => return,
        };
        *self.0.entry((workspace.clone(), alike)).or_default() += 1;
    }

    /// How many came since the last call, by workspace: to be added to what was told before.
    pub fn take(&mut self) -> impl Iterator<Item = (Arc<str>, Alike, u64)> {
        std::mem::take(&mut self.0).into_iter().map(|((workspace, alike), count)| (workspace, alike, count))
    }
}

#[cfg(test)]
mod tests {
    use dossier_domain::event::MessageReceived;
    use dossier_domain::ids::IdentityId;
    use dossier_domain::personal::Personal;
    use uuid::Uuid;

    use super::*;

    fn came(at: &str, channel: &str) -> Event {
        Event::MessageReceived(MessageReceived {
            identity: IdentityId(Uuid::nil()),
            channel: channel.into(),
            at: at.parse().unwrap(),
            kind: InteractionKind::Message,
            holder: None,
            personal: Personal::Erased,
        })
    }

    #[test]
    fn a_day_is_that_of_the_zone_in_which_it_was_recorded() {
        let (home, mut daily) = (Arc::from("home"), Daily::default());
        let late = came("2026-03-01T23:30:00Z", "sms");
        for zone in [Tz::UTC, Tz::UTC, Tz::Asia__Kuala_Lumpur] {
            daily.count(&home, zone, &late);
        }
        daily.count(&home, Tz::UTC, &came("2026-03-01T10:00:00Z", "web"));
        let told = daily.take().map(|(_, alike, count)| (alike.day.to_string(), alike.channel.to_string(), count));
        let mut told: Vec<_> = told.collect();
        told.sort();
        let expected = [("2026-03-01", "sms", 2), ("2026-03-01", "web", 1), ("2026-03-02", "sms", 1)];
        assert_eq!(told, expected.map(|(day, channel, count)| (day.to_owned(), channel.to_owned(), count)));
        assert_eq!(daily.take().count(), 0);
    }
}
