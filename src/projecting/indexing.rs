//! Keeping the directory, and the feed of segments that comes of it.
//!
//! The directory goes ahead: it learns what contacts show, and tells who entered and left which segment, before anything
//! is stored. Contacts, checkpoint, feed and the time up to which it tells are then stored together or not at all, so that
//! a crash at any point neither loses nor doubles a crossing: members follow from the stored contacts and that time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use dossier_domain::ids::SegmentId;
use dossier_domain::sabotage::{Break, armed};
use dossier_projections::directory::{Directory, Findable, Meaning};
use dossier_projections::documents::{Changed, DocumentChange, Shown};
use dossier_projections::segments::Crossing;
use tokio::sync::watch;

use super::filling::fill;
use super::projectors::Projectors;
use super::runner::Runner;
use crate::app::AppError;
use crate::ports::read_store::{FeedWrite, Projection};

/// How long entries of the feed are kept.
const KEPT: TimeDelta = TimeDelta::days(30);

/// What is told of each workspace, and the segments that it has no more.
#[derive(Default)]
struct Feed(BTreeMap<Arc<str>, (Vec<Crossing>, Vec<SegmentId>)>);

impl Feed {
    fn tell(&mut self, workspace: &Arc<str>, crossings: Vec<Crossing>) {
        self.0.entry(workspace.clone()).or_default().0.extend(crossings);
    }

    fn remove(&mut self, workspace: &Arc<str>, before: &Meaning, after: &Meaning) {
        let is_gone = |id: &SegmentId| !after.segments.iter().any(|(other, _)| other == id);
        let gone: Vec<SegmentId> = before.segments.iter().map(|(id, _)| *id).filter(is_gone).collect();
        if !gone.is_empty() {
            self.0.entry(workspace.clone()).or_default().1.extend(gone);
        }
    }

    fn writes(self, as_of: DateTime<Utc>, position: u64) -> Vec<FeedWrite> {
        let (named, members) = (Vec::new(), Vec::new());
        let write = |(workspace, (crossings, removed))| FeedWrite {
            workspace,
            as_of,
            position,
            crossings,
            removed,
            named: named.clone(),
            members: members.clone(),
        };
        self.0.into_iter().map(write).collect()
    }
}

impl Runner {
    /// Stores the contacts that changed, and brings the directory to where they are.
    pub(super) async fn store_contacts(&self, projectors: &mut Projectors) -> Result<(), AppError> {
        self.be_filled(projectors).await?;
        if projectors.folded_of(Projection::Contacts) == projectors.checkpoint(Projection::Contacts) {
            return Ok(());
        }
        let changed = projectors.changed_contacts()?;
        let redefined = projectors.take_redefined();
        let feed = match self.is_filled() {
            true => self.index(&changed, redefined, projectors.folded_of(Projection::Contacts)).await?,
            false => Vec::new(),
        };
        let tells = feed.iter().any(|write| !write.crossings.is_empty());
        self.note_erased(&changed.rows);
        if armed(Break::FeedIsWrittenLater) {
            projectors.store_contacts(changed, Vec::new()).await?;
            return Err(AppError::Unavailable("broken between the contacts and the feed".to_owned()));
        }
        projectors.store_contacts(changed, feed).await?;
        self.told(tells);
        Ok(())
    }

    /// What is only in memory is stored; whoever waits for the feed looks again.
    fn told(&self, tells: bool) {
        self.ahead.store(false, Ordering::Relaxed);
        if tells {
            self.told.send_modify(|count| *count += 1);
        }
    }

    /// Fills the directory anew if what it learned last was not stored; and fills it before contacts are stored that
    /// change without it, where there are segments: who was in them before would not be known afterwards.
    async fn be_filled(&self, projectors: &mut Projectors) -> Result<(), AppError> {
        if self.ahead.load(Ordering::Relaxed) {
            return self.fill_anew(projectors).await;
        }
        if self.is_filled() || projectors.checkpoint(Projection::Contacts) == 0 {
            return Ok(());
        }
        if projectors.segments_come() || !self.inputs.read.feed_states().await?.is_empty() {
            return self.fill_anew(projectors).await;
        }
        Ok(())
    }

    /// Reads the directory from what is stored.
    pub(super) async fn fill_anew(&self, projectors: &mut Projectors) -> Result<(), AppError> {
        self.must_lead()?;
        let filled = fill(&self.inputs, projectors.checkpoint(Projection::Contacts), self.wall.now()).await?;
        self.take_directory(projectors, filled).await
    }

    /// Takes a directory of what is stored. Who is in which segment follows from it and from the time up to which the feed
    /// tells.
    pub(super) async fn take_directory(
        &self,
        projectors: &mut Projectors,
        mut filled: Directory,
    ) -> Result<(), AppError> {
        let (now, up_to) = (self.wall.now(), projectors.checkpoint(Projection::Contacts));
        let states: HashMap<_, _> = self.inputs.read.feed_states().await?.into_iter().collect();
        filled.begin_segments(|name| states.get(name).map_or(now, |state| state.as_of));
        let mut begun = Feed::default();
        filled
            .segmented()
            .iter()
            .filter(|name| !states.contains_key(*name))
            .for_each(|name| begun.tell(name, Vec::new()));
        if !begun.0.is_empty() {
            let mut writes = begun.writes(now, up_to);
            for write in &mut writes {
                write.members = filled.get(&write.workspace).map(Findable::members).unwrap_or_default();
                write.named = self.segment_names(&write.workspace, up_to).await?;
            }
            self.inputs.read.write_feed(writes).await?;
        }
        // What was folded and not stored yet is shown when it is stored; nothing is left out.
        projectors.show(true);
        *self.directory_mut() = filled;
        self.directory_at.store(up_to, Ordering::Relaxed);
        self.filled.store(true, Ordering::Relaxed);
        self.told(true);
        Ok(())
    }

    /// Tells the directory what contacts show and what their workspaces mean, as of a position of the log that is not
    /// stored yet.
    async fn index(
        &self,
        Changed { rows, shown }: &Changed,
        redefined: BTreeSet<Arc<str>>,
        position: u64,
    ) -> Result<Vec<FeedWrite>, AppError> {
        let states = rows.iter().filter_map(|row| match row {
            DocumentChange::State(state) => Some(state),
            DocumentChange::Lookups { .. } | DocumentChange::Field { .. } => None,
        });
        let mut concerned: BTreeSet<Arc<str>> = redefined.clone();
        concerned.extend(shown.iter().map(|shown| shown.workspace.clone()));
        let is_unknown = |name: &&Arc<str>| redefined.contains(*name) || self.directory.read().get(name).is_none();
        let mut meanings = Vec::new();
        for workspace in concerned.iter().filter(is_unknown) {
            meanings.push((workspace.clone(), self.inputs.meaning(workspace, position).await?));
        }
        // Values that were stored before their field was defined: who shows them is known by reading everybody.
        let has_strays = meanings.iter().any(|(name, meaning)| self.directory.read().has_strays(name, meaning));
        let mut names = BTreeMap::new();
        for workspace in &redefined {
            names.insert(workspace.clone(), self.segment_names(workspace, position).await?);
        }
        let now = self.wall.now();
        let anew = if has_strays { Some(fill(&self.inputs, position, now).await?) } else { None };
        let mut directory = self.directory_mut();
        let feed = advance(&mut directory, anew, meanings, shown, &concerned, now);
        states.for_each(|state| directory.note(state));
        self.directory_at.store(position, Ordering::Relaxed);
        self.ahead.store(!directory.segmented().is_empty() || !feed.0.is_empty(), Ordering::Relaxed);
        let mut writes = feed.writes(now, position);
        writes.iter_mut().for_each(|write| write.named = names.remove(&write.workspace).unwrap_or_default());
        Ok(writes)
    }

    /// What the segments of a workspace are called as of a position of the log, where the read store wants to know.
    async fn segment_names(&self, workspace: &Arc<str>, position: u64) -> Result<Vec<(SegmentId, Arc<str>)>, AppError> {
        if !self.inputs.read.wants_shown() {
            return Ok(Vec::new());
        }
        let state = self.inputs.workspace(workspace, position).await?;
        Ok(state.segments.values().map(|segment| (segment.id, segment.name.clone())).collect())
    }

    /// Time passed: tells who entered and left segments by it, in all workspaces when its turn comes, or at once in the
    /// one that somebody waits for.
    ///
    /// # Errors
    /// A store failed.
    pub async fn tick(&self, workspace: Option<&str>) -> Result<(), AppError> {
        let waits = workspace.is_none() && self.storing.load(Ordering::Relaxed);
        if waits || !self.is_filled() || !self.has_segments(workspace) {
            return Ok(());
        }
        let mut projectors = match workspace {
            Some(_) => self.projectors().await,
            None => self.projectors.lock().await,
        };
        self.be_filled(&mut projectors).await?;
        let (now, mut feed) = (self.wall.now(), Feed::default());
        {
            let mut directory = self.directory_mut();
            for name in directory.segmented() {
                if workspace.is_none_or(|only| *only == *name) {
                    let crossings = directory.tick(&name, now);
                    if !crossings.is_empty() {
                        feed.tell(&name, crossings);
                    }
                }
            }
        }
        if !feed.0.is_empty() {
            self.ahead.store(true, Ordering::Relaxed);
            let writes = feed.writes(now, projectors.checkpoint(Projection::Contacts));
            self.inputs.read.write_feed(writes).await?;
            self.told(true);
        }
        Ok(())
    }

    /// Forgets what stands in the feed for too long.
    ///
    /// # Errors
    /// The read store failed.
    pub async fn trim_feed(&self) -> Result<(), AppError> {
        match self.has_segments(None) {
            true => Ok(self.inputs.read.trim_feed(self.wall.now() - KEPT).await?),
            false => Ok(()),
        }
    }

    /// Whether a workspace, or any, has segments.
    pub fn has_segments(&self, workspace: Option<&str>) -> bool {
        let directory = self.directory.read();
        match workspace {
            Some(name) => directory.get(name).is_some_and(|known| !known.memberships().is_empty()),
            None => directory.iter().any(|(_, known)| !known.memberships().is_empty()),
        }
    }

    /// Tells whoever follows a feed that something was written in one.
    pub fn follow_feed(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }
}

/// First time passes, then workspaces change their meaning, then contacts change: all of it now.
fn advance(
    directory: &mut Directory,
    anew: Option<Directory>,
    meanings: Vec<(Arc<str>, Meaning)>,
    shown: &[Shown],
    concerned: &BTreeSet<Arc<str>>,
    now: DateTime<Utc>,
) -> Feed {
    let mut feed = Feed::default();
    for name in concerned {
        let crossings = directory.tick(name, now);
        if directory.get(name).is_some_and(|known| !known.memberships().is_empty()) {
            feed.tell(name, crossings);
        }
    }
    for (name, meaning) in &meanings {
        if let Some(known) = directory.get(name) {
            feed.remove(name, known.meaning(), meaning);
        }
    }
    match anew {
        Some(mut anew) => {
            let told = anew.carry_segments(directory, now);
            told.into_iter()
                .filter(|(name, _)| concerned.contains(name))
                .for_each(|(name, told)| feed.tell(&name, told));
            *directory = anew;
        }
        None => {
            for (name, meaning) in meanings {
                let has_segments = !meaning.segments.is_empty();
                let crossings = directory.define(&name, meaning, now);
                if has_segments {
                    feed.tell(&name, crossings);
                }
            }
        }
    }
    for (name, crossings) in directory.put(shown, now) {
        feed.tell(&name, crossings);
    }
    feed
}
