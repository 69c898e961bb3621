//! The search through schedules: every one that differs in the order of two calls that concern the same thing.
//!
//! Dynamic partial-order reduction (Flanagan and Godefroid 2005) with sleep sets: a run is carried to its end; wherever
//! two calls of different tasks concern one thing and nothing orders them otherwise, the run is started again to try
//! them the other way round. Calls on different things commute, so of all orders of those one is enough.

use std::collections::HashMap;

use crate::check::{Fault, Seen, moment};
use crate::run::Run;
use crate::scene::{Deed, Scene};
use crate::stepped::{Done, How, Touch, waits_for};

/// How many lost races, and how many changes beyond those that the tasks make one by one, a run is followed through in
/// every order. Tasks that always meet at the worst moment can keep each other from their ends for ever; from here on
/// each has the store for itself, and must come to its end.
pub const RACES_MAX: usize = 2;
const CHANGES_MORE: usize = 1;
/// Calls in one run; more means that somebody does not come to an end even so.
pub const STEPS_MAX: usize = 1_000;

/// Tasks by bits.
type Set = u32;

fn bit(who: usize) -> Set {
    1 << who
}

/// A choice on the way of the present run.
struct Node {
    chosen: usize,
    alive: Set,
    /// To be tried here.
    todo: Set,
    /// Tried here to the end.
    tried: Set,
    /// What these do first was tried before, and nothing that concerns it has happened since.
    asleep: Set,
}

/// One search.
pub struct Search<'a> {
    pub scene: &'a Scene,
    pub deeds: &'a [Deed],
    /// After how many changes whose process is gone.
    pub dies_after: Vec<Option<usize>>,
    pub seen: &'a mut Seen,
    /// Changes that the tasks make one after another.
    alone: usize,
    /// How many lost races are followed.
    pub races_max: usize,
    /// Runs that were made.
    pub runs: usize,
    /// The most changes that each task made in any run.
    pub writes: Vec<usize>,
}

impl<'a> Search<'a> {
    pub fn new(scene: &'a Scene, deeds: &'a [Deed], seen: &'a mut Seen) -> Self {
        let count = deeds.len();
        let changes = |order: &mut dyn Iterator<Item = usize>| -> usize {
            let mut run = Run::new(scene, deeds);
            order.for_each(|who| run.end(who));
            (0..count).map(|who| run.writes(who)).sum()
        };
        let alone = changes(&mut (0..count)).max(changes(&mut (0..count).rev()));
        Search {
            scene,
            deeds,
            dies_after: vec![None; count],
            seen,
            alone,
            races_max: RACES_MAX,
            runs: 0,
            writes: vec![0; count],
        }
    }

    /// Every schedule without a crash, and with a crash of each task after each of its changes.
    pub fn with_crashes(&mut self) -> Result<(), Fault> {
        self.every()?;
        // With whoever is gone there is no race left: fewer lost ones do.
        self.races_max = self.races_max.saturating_sub(RACES_MAX);
        for who in 0..self.deeds.len() {
            for writes in 1..=self.writes[who] {
                self.dies_after[who] = Some(writes);
                self.every()?;
            }
            self.dies_after[who] = None;
        }
        Ok(())
    }

    /// Every schedule.
    pub fn every(&mut self) -> Result<(), Fault> {
        let mut path: Vec<Node> = Vec::new();
        loop {
            self.run(&mut path)?;
            loop {
                let Some(node) = path.last_mut() else { return Ok(()) };
                node.tried |= bit(node.chosen);
                let left = node.todo & node.alive & !node.tried & !node.asleep;
                if left != 0 {
                    node.chosen = left.trailing_zeros() as usize;
                    break;
                }
                path.pop();
            }
        }
    }

    /// One run: the choices of the path again, then on to the end.
    fn run(&mut self, path: &mut Vec<Node>) -> Result<(), Fault> {
        self.runs += 1;
        let mut run = Run::new(self.scene, self.deeds);
        for (who, writes) in self.dies_after.iter().enumerate() {
            if let Some(writes) = writes {
                run.dies_after(who, *writes);
            }
        }
        let known = path.len();
        let mut order = Order::new(self.deeds.len());
        let (mut asleep, mut lost) = (0, 0);
        loop {
            let depth = run.steps.len();
            let alive = run.alive().fold(0, |alive, who| alive | bit(who));
            if depth >= path.len() {
                let awake = alive & !asleep;
                if awake == 0 {
                    break;
                }
                let chosen = awake.trailing_zeros() as usize;
                path.push(Node { chosen, alive, todo: bit(chosen), tried: 0, asleep });
            }
            let (chosen, lulled) = (path[depth].chosen, path[depth].asleep | path[depth].tried);
            let sleepers: Vec<(usize, Vec<Touch>)> = (0..self.deeds.len())
                .filter(|who| lulled & bit(*who) != 0 && *who != chosen)
                .map(|who| (who, run.next(who).map(waits_for).unwrap_or_default()))
                .collect();
            let touches = run.step(chosen).done.as_ref().map(|done| done.touches.clone()).unwrap_or_default();
            let wakes = |pending: &[Touch]| pending.iter().any(|one| touches.iter().any(|other| one.conflicts(*other)));
            asleep = sleepers.iter().filter(|(_, pending)| !wakes(pending)).fold(0, |set, (who, _)| set | bit(*who));
            lost += usize::from(run.steps[depth].done.as_ref().is_some_and(Done::is_lost_race));
            let changes: usize = (0..self.deeds.len()).map(|who| run.writes(who)).sum();
            if lost <= self.races_max && changes <= self.alone + CHANGES_MORE {
                for race in order.step(chosen, &touches) {
                    path[race].todo |= bit(chosen);
                }
            } else {
                asleep = 0;
            }
            if depth + 1 >= known {
                moment(&run, self.scene, self.seen)?;
            }
            if run.steps.len() > STEPS_MAX {
                return Err(Fault { what: vec!["it goes on for ever".to_owned()], trace: run.trace() });
            }
        }
        for who in 0..self.deeds.len() {
            self.writes[who] = self.writes[who].max(run.writes(who));
        }
        Ok(())
    }
}

/// What happened before what: a clock for each task, and who concerned himself with each thing.
struct Order {
    clocks: Vec<Vec<usize>>,
    things: HashMap<u64, Vec<Visit>>,
    steps: usize,
}

struct Visit {
    step: usize,
    who: usize,
    how: How,
    clock: Vec<usize>,
}

impl Order {
    fn new(tasks: usize) -> Self {
        Order { clocks: vec![vec![0; tasks]; tasks], things: HashMap::new(), steps: 0 }
    }

    /// The next step, and the earlier steps that it might as well have come before.
    fn step(&mut self, who: usize, touches: &[Touch]) -> Vec<usize> {
        let before = self.clocks[who].clone();
        let mut clock = before.clone();
        let mut races = Vec::new();
        for touch in touches {
            for visit in self.things.get(&touch.what).into_iter().flatten().rev() {
                let conflicts = touch.conflicts(Touch { what: touch.what, how: visit.how });
                if conflicts && visit.who != who {
                    if before[visit.who] <= visit.step {
                        races.push(visit.step);
                    }
                    clock.iter_mut().zip(&visit.clock).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
                }
                if visit.how == How::Write {
                    break;
                }
            }
        }
        clock[who] = self.steps + 1;
        for touch in touches {
            let visit = Visit { step: self.steps, who, how: touch.how, clock: clock.clone() };
            self.things.entry(touch.what).or_default().push(visit);
        }
        self.clocks[who] = clock;
        self.steps += 1;
        races
    }
}
