//! Schedules with few switches: where all share one process, and what it remembers, every call concerns everything, and
//! orders can't be told apart by what the calls touch.

use crate::check::{Fault, Seen, moment};
use crate::explore::STEPS_MAX;
use crate::run::{Processes, Run};
use crate::scene::{Deed, Scene};

/// One task stops after so many calls.
#[derive(Clone, Copy)]
struct Stop {
    who: usize,
    after: usize,
}

/// A search through schedules with one switch, or with two.
pub struct Switches<'a> {
    pub scene: &'a Scene,
    pub deeds: &'a [Deed],
    pub processes: Processes,
    pub seen: &'a mut Seen,
}

impl Switches<'_> {
    /// One task stops after any call, the others come to their ends, upward or downward, and then it goes on.
    pub fn one(&mut self) -> Result<(), Fault> {
        for who in 0..self.deeds.len() {
            let mut after = 0;
            while self.run(&[Stop { who, after }], false)? {
                self.run(&[Stop { who, after }], true)?;
                after += 1;
            }
        }
        Ok(())
    }

    /// Of two tasks one stops after any call, then the other after any call, and both go on.
    pub fn two(&mut self) -> Result<(), Fault> {
        for who in [0, 1] {
            let mut after = 0;
            while self.run(&[Stop { who, after }], false)? {
                let mut then = 1;
                while self.run(&[Stop { who, after }, Stop { who: 1 - who, after: then }], who == 1)? {
                    then += 1;
                }
                after += 1;
            }
        }
        Ok(())
    }

    /// Answers whether everybody was still under way where he was to stop.
    fn run(&mut self, stops: &[Stop], is_downward: bool) -> Result<bool, Fault> {
        let mut run = Run::within(self.scene, self.deeds, self.processes);
        for stop in stops {
            for _ in 0..stop.after {
                if !self.step(&mut run, stop.who)? {
                    return Ok(false);
                }
            }
            if run.answer(stop.who).is_some() {
                return Ok(false);
            }
        }
        let stopped = stops[0].who;
        let mut order: Vec<usize> = (0..self.deeds.len()).collect();
        if is_downward {
            order.reverse();
        }
        match stops.len() {
            1 => order.sort_by_key(|who| *who == stopped),
            _ => order.sort_by_key(|who| *who != stopped),
        }
        for who in order {
            while self.step(&mut run, who)? {}
        }
        Ok(true)
    }

    /// Answers whether the task was still under way.
    fn step(&mut self, run: &mut Run<'_>, who: usize) -> Result<bool, Fault> {
        if run.answer(who).is_some() {
            return Ok(false);
        }
        run.step(who);
        moment(run, self.scene, self.seen)?;
        match run.steps.len() > STEPS_MAX {
            true => Err(Fault { what: vec!["it goes on for ever".to_owned()], trace: run.trace() }),
            false => Ok(true),
        }
    }
}
