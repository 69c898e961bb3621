//! What must hold at any moment of a run, and after everybody is gone at that moment.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use dossier::adapters::memory::MemoryEventStore;
use dossier::app::ask::Answer;
use dossier::app::{App, AppError};
use dossier::ports::EventStore;
use dossier_domain::event::Event;
use dossier_domain::ids::{Mark, MergeId};
use dossier_domain::rejection::Rejection;
use dossier_domain::state::{Contact, Life};
use dossier_projections::unfinished::Unfinished;
use futures::FutureExt;

use crate::run::{Run, drive, recover};
use crate::scene::{Deed, Scene, Task, log_of, reading};
use crate::stepped::{Floor, hash_of};
use crate::support::house::marks;
use crate::support::invariants;
use crate::support::keyring::{Keys, TestKeyring};
use crate::support::reading::Reading;

/// A law that does not hold, and the run that shows it.
pub struct Fault {
    pub what: Vec<String>,
    pub trace: String,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.trace)?;
        self.what.iter().try_for_each(|what| writeln!(f, "  FAULT: {what}"))
    }
}

/// What was looked at already: the same log by streams, the same keys and the same answers need no second look.
#[derive(Default)]
pub struct Seen {
    moments: HashSet<u64>,
    endings: HashSet<u64>,
}

impl Seen {
    /// How many different moments, and how many different endings.
    pub fn counts(&self) -> (usize, usize) {
        (self.moments.len(), self.endings.len())
    }
}

pub type Checked = Result<(), Vec<String>>;

fn none_of(faults: Vec<String>) -> Checked {
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

pub fn with_trace(run: &Run<'_>, checked: Checked) -> Result<(), Fault> {
    checked.map_err(|what| Fault { what, trace: run.trace() })
}

/// After a step: what is there is sound, and if all processes were gone now, nothing would be lost; neither would it if
/// the log had lost what nobody waited for.
pub fn moment(run: &Run<'_>, scene: &Scene, seen: &mut Seen) -> Result<(), Fault> {
    let last = run.steps.last().expect("a step");
    let wrote = last.done.as_ref().is_some_and(|done| done.wrote);
    if last.ended {
        with_trace(run, ended_well(run, last.who))?;
    }
    if wrote {
        sound(run, seen)?;
    }
    if wrote || last.ended {
        gone(run, scene, seen)?;
    }
    Ok(())
}

/// What is there now is sound, whoever is on the way.
pub fn sound(run: &Run<'_>, seen: &mut Seen) -> Result<(), Fault> {
    let last = run.steps.last().and_then(|step| step.done.as_ref());
    let thing = last.and_then(|done| done.touches.first()).map(|touch| touch.what);
    if !seen.moments.insert(hash_of((run.floor.content(run.head()), run.keys(), thing))) {
        return Ok(());
    }
    let now = reading(&run.log, &run.keyring);
    let mut faults = invariants::always(&now, &*run.keyring);
    faults.extend(out_of_order(&now));
    with_trace(run, none_of(faults))
}

/// If everybody were gone now, nothing would be lost; and whoever came to an end has left nothing unfinished.
pub fn gone(run: &Run<'_>, scene: &Scene, seen: &mut Seen) -> Result<(), Fault> {
    // A creation whose key turns out to be another command's leaves its claims to whoever comes next (P4, P5).
    let key_reused = |who: usize| matches!(run.answer(who), Some(Err(AppError::Rejected(Rejection::KeyReused))));
    let mut everyone = 0..run.deeds.len();
    if scene.is_whole && everyone.clone().all(|who| run.answer(who).is_some()) && !everyone.any(key_reused) {
        let now = reading(&run.log, &run.keyring);
        let mut unfinished = now.unfinished.clone();
        // Who was erased or abandoned before he could say that he holds it holds nothing: whoever comes next sees that.
        let is_gone = |owner: &Arc<Contact>| matches!(owner.life, Life::Erased | Life::Abandoned);
        unfinished.claims.retain(|_, open| !now.contacts.get(&open.owner).is_some_and(is_gone));
        if unfinished != Unfinished::default() {
            return with_trace(run, Err(vec![format!("all are answered, unfinished is {unfinished:?}")]));
        }
    }
    for position in [run.head(), run.floor.durable()] {
        with_trace(run, ending(run, scene, seen, position))?;
    }
    Ok(())
}

/// A task ends in an answer or is refused by the rules.
pub fn ended_well(run: &Run<'_>, who: usize) -> Checked {
    match run.answer(who) {
        Some(Err(error)) if !matches!(error, AppError::Rejected(_)) => {
            Err(vec![format!("{} failed: {error}", run.deeds[who].name)])
        }
        _ => Ok(()),
    }
}

/// Everybody is gone and the log ends at `position`: a new process recovers, and everyone who asked asks again; or they
/// ask first, and recovery comes later.
fn ending(run: &Run<'_>, scene: &Scene, seen: &mut Seen, position: u64) -> Checked {
    let answers: Vec<Option<Key>> =
        (0..run.deeds.len()).map(|who| Some(key_of(run.answer(who)?.as_ref().ok()?))).collect();
    let keys = run.keys();
    let names: Vec<_> = run.deeds.iter().map(|deed| &deed.name).collect();
    if !seen.endings.insert(hash_of((run.floor.content(position), &keys, &answers, names))) {
        return Ok(());
    }
    let orders = if position == run.head() { &[true, false][..] } else { &[true] };
    for recovers_first in orders.iter().copied() {
        let end = Ending::new(run, scene, position, &keys);
        let checked = end.plays(run, recovers_first);
        checked.map_err(|mut faults| {
            let first = if recovers_first { "recovery" } else { "asking again" };
            faults.push(format!("(all gone here, the log ends at {position}, then {first} came first)"));
            faults
        })?;
    }
    Ok(())
}

/// What a first answer and its repetition have in common.
type Key = (u16, Option<dossier_domain::ids::ContactId>, u64, Option<MergeId>);

fn key_of(answer: &Answer) -> Key {
    (answer.status, answer.contact_id, answer.revision, answer.merge.map(|merge| merge.merge_id))
}

struct Ending {
    log: Arc<MemoryEventStore>,
    keys: Arc<TestKeyring>,
    floor: Arc<Floor>,
    app: Arc<App>,
}

impl Ending {
    fn new(run: &Run<'_>, scene: &Scene, position: u64, keys: &Keys) -> Self {
        let mut events = run.events();
        events.truncate(usize::try_from(position).expect("a small log"));
        let log = log_of(&events);
        let keys = Arc::new(TestKeyring::of(keys.clone()));
        let floor = Arc::new(Floor::default());
        let app = scene.stepped_app(&log, &keys, &floor, 0);
        Ending { log, keys, floor, app }
    }

    fn plays(&self, run: &Run<'_>, recovers_first: bool) -> Checked {
        if recovers_first {
            self.recover()?;
        }
        let again = self.ask_again(run)?;
        self.first_answers_stand(run, &again)?;
        if !recovers_first {
            self.recover()?;
        }
        self.nothing_lost(run)?;
        let third = self.ask_again(run)?;
        for (who, (second, third)) in again.iter().zip(&third).enumerate() {
            if let (Some(second), Some(third)) = (second, third)
                && self.is_on_record(&run.deeds[who], second)
                && (key_of(second), second.position) != (key_of(third), third.position)
            {
                return Err(vec![format!("{} was answered {second:?}, then {third:?}", run.deeds[who].name)]);
            }
        }
        self.is_settled()
    }

    fn recover(&self) -> Checked {
        let recovery = recover(self.app.clone(), self.log.clone(), self.keys.clone(), self.floor.clone());
        match drive(recovery) {
            Some(Ok(_)) => {}
            outcome => return Err(vec![format!("recovery failed: {outcome:?}")]),
        }
        self.is_settled()
    }

    fn is_settled(&self) -> Checked {
        let now = reading(&self.log, &self.keys);
        let mut faults = invariants::settled(&now, &*self.keys);
        faults.extend(out_of_order(&now));
        none_of(faults)
    }

    /// Every command, with its key; a refusal has no answer.
    fn ask_again(&self, run: &Run<'_>) -> Result<Vec<Option<Answer>>, Vec<String>> {
        let mut answers = Vec::new();
        for deed in run.deeds {
            let Task::Command(command) = &deed.task else {
                answers.push(None);
                continue;
            };
            answers.push(match drive(self.app.submit(command)) {
                Some(Ok(answer)) => Some(answer),
                Some(Err(AppError::Rejected(_))) => None,
                outcome => return Err(vec![format!("{}, asked again, failed: {outcome:?}", deed.name)]),
            });
        }
        Ok(answers)
    }

    /// Whether an answer speaks of something that the log keeps; else it was an answer to what changed nothing.
    fn is_on_record(&self, deed: &Deed, answer: &Answer) -> bool {
        let Task::Command(command) = &deed.task else { return false };
        let key = command.envelope.key.as_ref().expect("every command bears a key");
        let mark = marks().key(&command.envelope.workspace, &key.text);
        answer.appended || answer.duplicate || self.find(mark) == Some(answer.position)
    }

    fn first_answers_stand(&self, run: &Run<'_>, again: &[Option<Answer>]) -> Checked {
        for (who, second) in again.iter().enumerate() {
            let Some(Ok(first)) = run.answer(who) else { continue };
            if !self.is_on_record(&run.deeds[who], first) {
                continue;
            }
            let same = second
                .as_ref()
                .is_some_and(|second| (key_of(first), first.position) == (key_of(second), second.position));
            if !same {
                let name = &run.deeds[who].name;
                return Err(vec![format!("{name} was answered {first:?}, and asked again {second:?}")]);
            }
        }
        Ok(())
    }

    /// What was answered as recorded is in its place.
    fn nothing_lost(&self, run: &Run<'_>) -> Checked {
        for (who, deed) in run.deeds.iter().enumerate() {
            let (Some(Ok(answer)), Task::Command(command)) = (run.answer(who), &deed.task) else { continue };
            let Some(key) = command.envelope.key.as_ref().filter(|_| answer.appended) else { continue };
            let mark = marks().key(&command.envelope.workspace, &key.text);
            if self.find(mark) != Some(answer.position) {
                return Err(vec![format!("what {} recorded is not there: {answer:?}", deed.name)]);
            }
        }
        Ok(())
    }

    fn find(&self, mark: Mark) -> Option<u64> {
        let found = self.log.find(mark).now_or_never().expect("memory does not wait").expect("the log is read");
        found.map(|recorded| recorded.position)
    }
}

/// Steps that no order of the protocols allows.
fn out_of_order(reading: &Reading) -> Vec<String> {
    let (mut decided, mut erased) = (HashSet::new(), HashSet::new());
    let mut marks: HashSet<Mark> = HashSet::new();
    let mut faults = Vec::new();
    for (recorded, opened) in &reading.events {
        marks.extend(&recorded.event.marks);
        match &opened.event {
            Event::MergePrepared(event) if decided.contains(&event.merge) => {
                faults.push(format!(
                    "at {}: {:?} is prepared again after it was decided",
                    recorded.position, event.merge
                ));
            }
            Event::ContactMerged(event) => drop(decided.insert(event.merge)),
            Event::MergeRefused(event) => drop(decided.insert(event.merge)),
            Event::ContactErased(event) => {
                if event.with.is_some_and(|above| !erased.contains(&above)) {
                    faults.push(format!("at {}: erased before the contact above it", recorded.position));
                }
                if let dossier_domain::ids::Stream::Contact(id) = &recorded.stream {
                    erased.insert(*id);
                }
            }
            Event::IdentityConnected(event) => {
                let claim = reading.events.iter().find(|(claim, opened)| {
                    claim.stream == dossier_domain::ids::Stream::Identity(event.identity)
                        && claim.revision == event.epoch
                        && matches!(opened.event, Event::IdentityClaimed(_))
                });
                let key = claim.and_then(|(_, claimed)| claimed.meta.key);
                if key.is_some_and(|key| !marks.contains(&key.mark)) {
                    faults.push(format!("at {}: connected, and the key of the claim is lost", recorded.position));
                }
            }
            _ => {}
        }
    }
    faults
}
