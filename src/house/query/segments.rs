//! Segments: which there are, how many are in them, and who came and went (rule 40).

use std::collections::HashMap;
use std::time::Duration;

use dossier_domain::ids::SegmentId;
use dossier_domain::rejection::Rejection;
use dossier_domain::values::text::fold;
use dossier_domain::workspace::Segment;
use dossier_projections::directory::Findable;
use dossier_projections::index::Segments;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::cursor::Pages;
use super::search::not_there;
use crate::api::bodies::{CrossingBody, SegmentBody, SegmentChangeBody, SegmentChangePage, SegmentPage};
use crate::app::AppError;
use crate::house::House;
use crate::ports::read_store::{FeedEntry, FeedPart};

impl House {
    /// The segments by their names, at most `limit` after the cursor, with counts as of now.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; there is no such workspace; nothing can be counted yet; a store failed.
    pub async fn segments(&self, workspace: &str, cursor: Option<&str>, limit: usize) -> Result<SegmentPage, AppError> {
        let known = self.known_workspace(workspace).await?;
        self.know_members(workspace).await?;
        let wanted: Vec<Segment> = known.state.segments_by_name().into_iter().cloned().collect();
        let pages = Pages::of(&self.marks, &["segments", workspace]);
        let place_of = |segment: &Segment| fold(&segment.name).into_bytes();
        let (page, next_cursor) = pages.page(wanted, place_of, cursor, limit)?;
        let counts = self.segment_counts(workspace, &page).await?;
        let segments = page.iter().zip(counts).map(|(segment, count)| segment_body(segment, count)).collect();
        Ok(SegmentPage { segments, next_cursor })
    }

    /// A segment by its id or its name, and the place in the log of the last event about it.
    ///
    /// # Errors
    /// There is no such segment or workspace; nothing can be counted yet; a store failed.
    pub async fn segment(&self, workspace: &str, named: &str) -> Result<(SegmentBody, u64), AppError> {
        let known = self.known_workspace(workspace).await?;
        let segment = known.state.segment(named).ok_or(Rejection::SegmentNotFound)?;
        self.know_members(workspace).await?;
        let counts = self.segment_counts(workspace, std::slice::from_ref(segment)).await?;
        Ok((segment_body(segment, counts.first().copied().unwrap_or_default()), segment.position))
    }

    /// The id of a segment that is named by it or by its name.
    ///
    /// # Errors
    /// There is no such segment or workspace; a store failed.
    pub async fn segment_named(&self, workspace: &str, named: &str) -> Result<SegmentId, AppError> {
        let known = self.known_workspace(workspace).await?;
        Ok(known.state.segment(named).ok_or(Rejection::SegmentNotFound)?.id)
    }

    /// How many are in each of some segments.
    async fn segment_counts(&self, workspace: &str, segments: &[Segment]) -> Result<Vec<u64>, AppError> {
        if self.sharing.is_shared {
            let stored = self.read.tables().ok_or_else(not_there)?.segment_counts(workspace).await?;
            let stored: HashMap<SegmentId, u64> = stored.into_iter().collect();
            return Ok(segments.iter().map(|segment| stored.get(&segment.id).copied().unwrap_or_default()).collect());
        }
        let directory = self.directory()?;
        let members = directory.get(workspace).map(Findable::memberships);
        let count = |segment: &Segment| members?.members(&segment.id.to_string()).map(|members| members.len());
        Ok(segments.iter().map(|segment| count(segment).unwrap_or_default()).collect())
    }

    /// Waits until the segments know every command that this process has answered, and what time has come to.
    pub(super) async fn know_members(&self, workspace: &str) -> Result<(), AppError> {
        self.wait_for_own().await?;
        self.runner.tick(Some(workspace)).await
    }

    /// Who entered and left a segment after the cursor, at most `limit`; where nobody did, waits a while for it.
    ///
    /// # Errors
    /// [`AppError::BadCursor`]; [`AppError::FeedReset`]; there is no such segment or workspace; a store failed.
    pub async fn segment_changes(
        &self,
        workspace: &str,
        named: &str,
        cursor: Option<&str>,
        limit: usize,
        wait: Duration,
    ) -> Result<SegmentChangePage, AppError> {
        let segment = self.segment_named(workspace, named).await?;
        let id = segment.to_string();
        let pages = Pages::of(&self.marks, &["segment changes", workspace, &id]);
        let after = cursor.map(|cursor| place_of(&pages.place(cursor)?)).transpose()?;
        let (mut told, until) = (self.runner.follow_feed(), Instant::now() + wait);
        self.know_members(workspace).await?;
        loop {
            told.mark_unchanged();
            let from = after.map_or(0, |(_, number)| number);
            let part = self.read.feed(workspace, segment, from, limit).await?;
            let cursor_at = |number: u64| pages.after(&[&part.epoch.as_bytes()[..], &number.to_be_bytes()].concat());
            if after.is_some_and(|after| misses(&part, after)) {
                return Err(AppError::FeedReset { next_cursor: cursor_at(part.next) });
            }
            // Nothing came, and the time is over or the house is.
            let mut over = async || !matches!(timeout_at(until, told.changed()).await, Ok(Ok(())));
            if !part.entries.is_empty() || over().await {
                let next = part.entries.last().map_or(part.next, |last| last.number + 1);
                let changes = part.entries.iter().map(change).collect();
                return Ok(SegmentChangePage { changes, next_cursor: cursor_at(next) });
            }
        }
    }
}

fn segment_body(segment: &Segment, count: u64) -> SegmentBody {
    SegmentBody { id: segment.id, name: segment.name.clone(), filter: segment.filter.to_json(), count }
}

/// The feed and the number that a cursor holds.
fn place_of(place: &[u8]) -> Result<(Uuid, u64), AppError> {
    let (epoch, number) = place.split_first_chunk::<16>().ok_or(AppError::BadCursor)?;
    let number = number.try_into().map_err(|_| AppError::BadCursor)?;
    Ok((Uuid::from_bytes(*epoch), u64::from_be_bytes(number)))
}

/// Whether entries after the cursor are gone, or it is one of another feed.
fn misses(part: &FeedPart, (epoch, number): (Uuid, u64)) -> bool {
    epoch != part.epoch || number < part.oldest || number > part.next
}

fn change(entry: &FeedEntry) -> SegmentChangeBody {
    let change = if entry.entered { CrossingBody::Entered } else { CrossingBody::Left };
    SegmentChangeBody { contact_id: entry.contact, change, at: entry.at, position: entry.position }
}
