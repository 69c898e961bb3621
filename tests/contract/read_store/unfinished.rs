//! What stands unfinished, and what a store finds when it is opened again.

use std::sync::Arc;

use dossier::ports::read_store::{Changes, Projection};
use dossier_domain::ids::{IdentityId, MergeId};
use dossier_projections::documents::DocumentChange;
use dossier_projections::mac::MacChange;
use dossier_projections::unfinished::{OpenClaim, OpenMerge, Unfinished};
use uuid::Uuid;

use super::active::{closed, head};
use super::place::{HOME, Place, crosses, email, id, named, segment, shows, tells};

/// A list with one merge.
pub(crate) fn open_merge(number: u128) -> Unfinished {
    let open = OpenMerge { secondary: id(number), primary: id(number + 1), since: 5 };
    Unfinished { merges: [(MergeId(Uuid::from_u128(number)), open)].into(), ..Unfinished::default() }
}

pub(crate) async fn the_list_of_what_stands_unfinished_is_replaced_whole(place: &mut Place) {
    let claim = |number: u128| {
        let open = OpenClaim { owner: id(number), epoch: 3, since: u64::from(u32::MAX) + 7 };
        (IdentityId(Uuid::from_u128(number)), open)
    };
    let mut both = open_merge(1);
    both.merges.extend(open_merge(4).merges);
    both.claims = [claim(1), claim(2)].into();
    let only_claims = Unfinished { claims: [claim(2)].into(), ..Unfinished::default() };
    for (at, list) in (0..).zip([both, open_merge(1), only_claims, Unfinished::default()]) {
        place.apply(Changes::Unfinished(list.clone()), at, at + 1).await;
        assert_eq!(place.store.unfinished().await.unwrap(), list);
    }
}

pub(crate) async fn reopening_finds_everything(place: &mut Place) {
    let rows = vec![DocumentChange::State(Arc::new(named(1, "Ada", 1))), shows(1, HOME, &[email("ada@example.com")])];
    place.apply(Changes::Contacts(rows, vec![tells(vec![crosses(1, 1, true, 1)])], Vec::new()), 0, 7).await;
    let put = MacChange::Put(head(chrono_tz::Tz::UTC, 1, true));
    place.apply(Changes::Mac(vec![(HOME.into(), closed("2024-01-01", &[1])), (HOME.into(), put)]), 0, 8).await;
    place.apply(Changes::Unfinished(open_merge(1)), 0, 9).await;
    let epoch = place.store.feed_states().await.unwrap()[0].1.epoch;
    place.reopen().await;
    for (projection, at) in Projection::ALL.into_iter().zip([7, 8, 9]) {
        assert_eq!(place.store.checkpoint(projection).await.unwrap(), at);
    }
    assert_eq!(place.state(1).await, named(1, "Ada", 1));
    assert_eq!(place.store.by_value(HOME, &email("ada@example.com")).await.unwrap(), [id(1)]);
    assert_eq!(place.store.mac_rows().await.unwrap().len(), 1);
    assert_eq!(place.store.closed_cycles(HOME).await.unwrap().len(), 1);
    assert_eq!(place.store.members(HOME, "2024-01-01", None, 10).await.unwrap().len(), 1);
    let part = place.store.feed(HOME, segment(1), 0, 10).await.unwrap();
    assert_eq!((part.epoch, part.entries.len()), (epoch, 1));
    assert_eq!(place.store.unfinished().await.unwrap(), open_merge(1));
}
