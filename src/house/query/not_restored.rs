//! What an unmerge does not bring back: identities released since the merge, interactions that stay, a block (rule 23).

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use dossier_domain::compose::tree_of;
use dossier_domain::event::Event;
use dossier_domain::ids::{ContactId, Stream};
use dossier_domain::state::{Contact, OwnIdentity};

use super::preview_unmerge::Undoing;
use super::tree::{PAGE, States};
use crate::api::bodies::{ChannelBody, NotRestored};
use crate::app::AppError;
use crate::house::House;
use crate::ports::Direction;

impl House {
    /// What does not come back when this merge is undone.
    pub(super) async fn not_restored(&self, undoing: &Undoing) -> Result<NotRestored, AppError> {
        let (_, merged) = self.opened_at(undoing.primary().id, undoing.edge_revision()).await?;
        let freed: Vec<&Contact> = tree_of(&undoing.secondary.forest, undoing.secondary.asked());
        let mut channels = Vec::new();
        for contact in &freed {
            for event in self.events_since(contact, merged).await? {
                let Event::IdentityDisconnected(gone) = event else { continue };
                let released = contact.identity(gone.identity).filter(|own| !own.connected);
                channels.extend(released.map(|own| released_channel(contact, own)));
            }
        }
        channels.dedup();
        let holders: HashSet<ContactId> = freed.iter().map(|contact| contact.id).collect();
        let mut interactions = 0;
        for contact in self.ever_above(undoing).await? {
            let events = self.events_since(&contact, merged).await?;
            interactions += events.iter().filter(|event| came_by(event, &holders)).count() as u64;
        }
        let blocked = undoing.secondary.root().blocked.is_some();
        Ok(NotRestored { channels, interactions, blocked })
    }

    /// The events of a contact's stream after a position, newest first, as far as anyone may read them.
    async fn events_since(&self, contact: &Contact, position: u64) -> Result<Vec<Event>, AppError> {
        let stream = Stream::Contact(contact.id);
        let mut events = Vec::new();
        let mut next = contact.revision();
        while let Some(from) = next {
            for recorded in self.store.read_stream(&stream, from, Direction::Backward, PAGE).await? {
                if recorded.position <= position {
                    return Ok(events);
                }
                events.push(self.codec.glance(&recorded)?.event);
            }
            next = from.checked_sub(PAGE as u64);
        }
        Ok(events)
    }

    /// The primary and every contact that it was ever absorbed in: what came by the secondary landed in one of them.
    async fn ever_above(&self, undoing: &Undoing) -> Result<Vec<Arc<Contact>>, AppError> {
        let mut seen = BTreeSet::from([undoing.primary().id]);
        let mut above = vec![undoing.primary().clone()];
        let mut next = 0;
        while next < above.len() {
            for id in above[next].above.clone() {
                if seen.insert(id) {
                    above.extend(self.own(id).await?);
                }
            }
            next += 1;
        }
        Ok(above)
    }
}

/// Whether an event is an interaction by an identity of these absorbed contacts.
fn came_by(event: &Event, holders: &HashSet<ContactId>) -> bool {
    let holder = match event {
        Event::MessageReceived(event) => event.holder,
        Event::MessageSent(event) => event.holder,
        _ => None,
    };
    holder.is_some_and(|holder| holders.contains(&holder))
}

fn released_channel(contact: &Contact, own: &OwnIdentity) -> ChannelBody {
    let traffic = contact.activity.traffic.iter().find(|seen| seen.identity == own.identity);
    ChannelBody {
        channel: own.channel.clone(),
        external_id: own.external_id.open().cloned(),
        connected_at: own.connected_at,
        last_in: traffic.and_then(|seen| seen.last_in),
        last_out: traffic.and_then(|seen| seen.last_out),
        contact_id: contact.id,
    }
}
