//! Deliberate breaks. Each makes the product disobey one law or one protocol, so that a test can show that it notices.
//!
//! Only tests build the feature `sabotage`; without it [`armed`] is always false and every break compiles to nothing.

use crate::compose::Shown;
use crate::event::{ContactMerged, Event};
use crate::field::{Choice, Field};
use crate::personal::Personal;

/// One deliberate break, named after what then goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Personal parts of events and of documents are stored in the clear (decision 9).
    NothingIsSealed,
    /// In a chain of merges the inner primaries are not read again after the root (P0).
    InnerPrimariesAreReadOnce,
    /// One read of a primary shows the edge, a later one gives the revision (P0).
    RevisionOfAnotherRead,
    /// A locked contact is taken for absorbed before its primary has decided (P0).
    RoutedBeforeDecided,
    /// Who meets an undecided merge waits until somebody else decides it (P0).
    UnfinishedIsWaitedFor,
    /// A merge is refused in the secondary's stream, and not in the primary's (P1).
    RefusedInTheSecondary,
    /// A contact that is locked itself takes an edge (P1).
    LockedPrimaryTakesAnEdge,
    /// The edge is made before the secondary is locked (P2).
    EdgeBeforeLock,
    /// A merge reads its primary before its secondary (P2).
    PrimaryIsReadFirst,
    /// An unmerge does not tell those above (P3).
    NobodyAboveIsTold,
    /// The secondary is freed before the edge is out (P3).
    FreedBeforeTheEdgeIsOut,
    /// A claim older than the one its holder knows is connected (P4).
    OldClaimIsConnected,
    /// What stands claimed for a contact that does not exist is taken over, and that contact may still come (P4, P5).
    AbsentOwnerIsTakenOver,
    /// A contact says that it holds an identity before the identity says so (P5).
    ConnectedBeforeClaimed,
    /// Whoever connects another command's claim drops that command's key (P5).
    HelperDropsTheKey,
    /// An identity is released before its holder has let go (P6).
    ReleasedBeforeLetGo,
    /// What is absorbed is erased before the root (P7).
    TreeIsErasedBeforeItsRoot,
    /// A key is destroyed before its contact is erased (P7).
    KeyIsDestroyedFirst,
    /// The keys of a tree are destroyed, and only the root has an erased event (P7).
    OnlyTheRootIsErased,
    /// The first event of a contact is sealed before its key is stored (decision 9).
    FirstEventBeforeItsKey,
    /// What a command appends does not bear the mark of its key (decision 10).
    KeyLeavesNoMark,
    /// Custom values are stored as they come, whatever their fields say (api.md, fields).
    CustomValuesUnchecked,
    /// Contacts are stored before what they come to in the feed of segments, and a crash comes between (rule 40).
    FeedIsWrittenLater,
    /// The conversation that a merge closed runs on after the unmerge (rule 20).
    MergedConversationRunsOn,
    /// An edit changes nothing where the contact shows the value, though it would not without its merges (rule 10).
    EditsJudgedByWhatIsShown,
    /// A field without a choice is settled when the merge is made, for ever (rule 20).
    ChoicesFrozenAtMerge,
    /// A message delivered again is recorded again (rule 14).
    MessagesAreForgotten,
    /// A contact that is absorbed itself lets nobody out (rule 23).
    FrozenContactsKeepTheirMerges,
    /// A release is recorded by the root and not by the holder of the identity (rule 3).
    ReleasesRecordedAtTheRoot,
    /// The ETag is made of the root's own stream and not of its tree's (rule 26).
    EtagOfTheRootAlone,
    /// What two contacts' keys should seal is sealed with one (rule 18).
    OneKeySealsAll,
    /// What an erased contact brought to others stays in their rows (rule 26).
    RowsKeepWhatWasErased,
    /// Of two merges the later acts first (rule 22).
    EdgesActNewestFirst,
    /// A tag removed after a merge is shown all the same (rule 22).
    TagRemovalsIgnored,
    /// Contacts count one by one and not by their roots (rule 30).
    CountedByContact,
    /// What comes after a cycle's end still changes its statement (rule 30).
    ClosedCyclesMove,
    /// The workspace's clock goes back with a recording time that does (rule 27).
    ClockFollowsEveryEvent,
    /// An erasure leaves the key of a snapshot that knows the contact (rule 18).
    SnapshotsOutliveErasures,
    /// What a removed contact held stays in the bitmaps of the index.
    RemovedContactsKeepTheirBits,
    /// A needle is found across two values of a contact (rule 39).
    NeedlesMatchAcrossValues,
    /// The next page leaves out who ties with the last of the page before (rule 38).
    PagesSkipThoseThatTie,
    /// Projections go on after a store that failed, without what it should have stored.
    ProjectorsGoOnUnsound,
    /// A process writes read models though another one has taken the lease.
    StaleHoldersWrite,
    /// What a process remembers of streams is believed though others write to them.
    OthersAreForgotten,
    /// Keys in memory are believed without asking whether others destroyed them.
    DestructionsGoUnheard,
    /// A process does not look at what another one has stored since it began.
    NewsGoUnheard,
    /// An erasure ends with the event, as if its process had been killed before the key was destroyed.
    ErasuresAreCutOff,
}

impl Break {
    /// Every one of them.
    pub const ALL: &[Break] = &[
        Break::NothingIsSealed,
        Break::InnerPrimariesAreReadOnce,
        Break::RevisionOfAnotherRead,
        Break::RoutedBeforeDecided,
        Break::UnfinishedIsWaitedFor,
        Break::RefusedInTheSecondary,
        Break::LockedPrimaryTakesAnEdge,
        Break::EdgeBeforeLock,
        Break::PrimaryIsReadFirst,
        Break::NobodyAboveIsTold,
        Break::FreedBeforeTheEdgeIsOut,
        Break::OldClaimIsConnected,
        Break::AbsentOwnerIsTakenOver,
        Break::ConnectedBeforeClaimed,
        Break::HelperDropsTheKey,
        Break::ReleasedBeforeLetGo,
        Break::TreeIsErasedBeforeItsRoot,
        Break::KeyIsDestroyedFirst,
        Break::OnlyTheRootIsErased,
        Break::FirstEventBeforeItsKey,
        Break::KeyLeavesNoMark,
        Break::MergedConversationRunsOn,
        Break::EditsJudgedByWhatIsShown,
        Break::ChoicesFrozenAtMerge,
        Break::MessagesAreForgotten,
        Break::FrozenContactsKeepTheirMerges,
        Break::ReleasesRecordedAtTheRoot,
        Break::EtagOfTheRootAlone,
        Break::OneKeySealsAll,
        Break::RowsKeepWhatWasErased,
        Break::EdgesActNewestFirst,
        Break::TagRemovalsIgnored,
        Break::CountedByContact,
        Break::ClosedCyclesMove,
        Break::ClockFollowsEveryEvent,
        Break::SnapshotsOutliveErasures,
        Break::RemovedContactsKeepTheirBits,
        Break::NeedlesMatchAcrossValues,
        Break::PagesSkipThoseThatTie,
        Break::ProjectorsGoOnUnsound,
        Break::StaleHoldersWrite,
        Break::OthersAreForgotten,
        Break::DestructionsGoUnheard,
        Break::NewsGoUnheard,
        Break::ErasuresAreCutOff,
    ];
}

/// What [`Break::ChoicesFrozenAtMerge`] does: a choice for every field, by what the primary shows when the merge is made.
pub fn freeze(event: &mut Event, primary: &Shown) {
    let Event::ContactMerged(ContactMerged { personal: Personal::Open(terms), .. }) = event else { return };
    for field in Field::STANDARD {
        let side = if primary.fields.contains_key(&field) { Choice::Primary } else { Choice::Secondary };
        terms.choices.entry(field).or_insert(side);
    }
}

/// Whether a break is to be made, in this thread or in this whole process.
#[cfg(not(feature = "sabotage"))]
#[inline(always)]
pub const fn armed(_: Break) -> bool {
    false
}

#[cfg(feature = "sabotage")]
pub use switch::{Armed, arm, armed};

#[cfg(feature = "sabotage")]
mod switch {
    use std::cell::Cell;
    use std::sync::OnceLock;

    use super::Break;

    /// Names the break that a whole process makes.
    const VARIABLE: &str = "DOSSIER_SABOTAGE";

    thread_local! {
        static ARMED: Cell<Option<Break>> = const { Cell::new(None) };
    }

    /// Whether a break is to be made, in this thread or in this whole process.
    pub fn armed(one: Break) -> bool {
        static PROCESS: OnceLock<Option<String>> = OnceLock::new();
        ARMED.get() == Some(one)
            || PROCESS
                .get_or_init(|| std::env::var(VARIABLE).ok())
                .as_ref()
                .is_some_and(|name| *name == format!("{one:?}"))
    }

    /// A break that this thread makes until this is dropped.
    #[must_use]
    pub struct Armed(Option<Break>);

    /// Makes a break in this thread.
    pub fn arm(one: Break) -> Armed {
        Armed(ARMED.replace(Some(one)))
    }

    impl Drop for Armed {
        fn drop(&mut self) {
            ARMED.set(self.0);
        }
    }
}
