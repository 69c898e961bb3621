//! The tables for analysts: what contacts show, in the clear. A contact that shows nothing any more, because it was erased
//! or absorbed, leaves no row.

use bytes::Bytes;
use deadpool_postgres::Transaction;
use dossier_domain::compose::View;
use dossier_projections::documents::Shown;
use uuid::Uuid;

use super::Trouble;
use super::copying::{Row, encoded};
use super::staging::{put, remove_the_others, stage};

mod contact;
mod parts;

pub(super) use self::contact::ContactRow;
pub(super) use self::parts::{ChannelRow, MergeRow, TagRow};

/// Contacts whose rows are sent at once.
const AT_ONCE: usize = 1_000;

/// Some contacts as they are shown.
type Views<'s> = &'s mut (dyn Iterator<Item = &'s View> + 's);

/// How what some contacts show is sent for one table.
pub(super) type Encode = for<'s> fn(Views<'s>) -> Result<Bytes, Trouble>;

pub(super) fn contacts(views: Views<'_>) -> Result<Bytes, Trouble> {
    encoded(views.map(ContactRow::of))
}

pub(super) fn tags(views: Views<'_>) -> Result<Bytes, Trouble> {
    encoded(views.flat_map(parts::tags))
}

pub(super) fn channels(views: Views<'_>) -> Result<Bytes, Trouble> {
    encoded(views.flat_map(parts::channels))
}

pub(super) fn merges(views: Views<'_>) -> Result<Bytes, Trouble> {
    encoded(views.flat_map(parts::merges))
}

/// Makes these what these contacts show.
pub(super) async fn write(batch: &Transaction<'_>, shown: &[Shown]) -> Result<(), Trouble> {
    if shown.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = shown.iter().map(|shown| shown.contact.0).collect();
    replace::<ContactRow<'_>>(batch, &ids, shown, contacts).await?;
    replace::<TagRow<'_>>(batch, &ids, shown, tags).await?;
    replace::<ChannelRow<'_>>(batch, &ids, shown, channels).await?;
    replace::<MergeRow<'_>>(batch, &ids, shown, merges).await
}

/// Makes these the rows of these contacts in a table.
async fn replace<R: Row>(
    batch: &Transaction<'_>,
    ids: &[Uuid],
    shown: &[Shown],
    encode: Encode,
) -> Result<(), Trouble> {
    let part = |shown: &[Shown]| encode(&mut shown.iter().filter_map(|shown| shown.view.as_deref()));
    stage::<R>(batch, shown.chunks(AT_ONCE).map(part)).await?;
    remove_the_others::<R>(batch, ids).await?;
    put::<R>(batch).await
}
