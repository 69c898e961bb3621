//! Faults on demand: the next calls of a kind, or any call by chance from a seed.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// An append.
    Append,
    /// A read of a stream.
    Stream,
    /// A read of all events.
    All,
    /// What a client asks when it connects.
    Features,
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// All connections are cut before anything is done.
    CutBefore,
    /// All connections are cut when it is done, before the answer.
    CutAfter,
    /// Nothing is done, and no answer ever comes.
    SilentBefore,
    /// It is done, and no answer ever comes.
    SilentAfter,
    /// The answer comes late.
    Late(Duration),
    /// This node says that another one leads.
    NotLeader,
    /// The server is busy: status unavailable.
    Busy,
    /// It is done twice: an append, as a proxy would repeat it; of a read, every event comes twice.
    Twice,
    /// The answer to a read ends well after so many events.
    Ends(usize),
    /// An answer that makes no sense.
    Garbage,
    /// An append that landed answers without its position.
    NoPosition,
}

/// The faults to come.
#[derive(Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    next: VecDeque<(Call, Fault)>,
    always: Vec<(Call, Fault)>,
    chance: Option<Chance>,
}

struct Chance {
    state: u64,
    one_in: u64,
    of: &'static [(Call, Fault)],
}

impl Faults {
    /// The next call of this kind that has no other fault to come goes wrong so.
    pub fn next(&self, call: Call, fault: Fault) {
        self.0.lock().next.push_back((call, fault));
    }

    /// Every call of this kind goes wrong so, until [`Faults::none`].
    pub fn always(&self, call: Call, fault: Fault) {
        self.0.lock().always.push((call, fault));
    }

    /// One call in so many goes wrong, in one of these ways; which and how follows from the seed and the order of calls.
    pub fn by_chance(&self, seed: u64, one_in: u64, of: &'static [(Call, Fault)]) {
        self.0.lock().chance = Some(Chance { state: seed, one_in, of });
    }

    /// Nothing goes wrong any more.
    pub fn none(&self) {
        *self.0.lock() = Plan::default();
    }

    /// Faults that were asked for and have not happened.
    pub fn left(&self) -> usize {
        self.0.lock().next.len()
    }

    pub(crate) fn take(&self, call: Call) -> Option<Fault> {
        let mut plan = self.0.lock();
        if let Some(place) = plan.next.iter().position(|(of, _)| *of == call) {
            return plan.next.remove(place).map(|(_, fault)| fault);
        }
        if let Some((_, fault)) = plan.always.iter().find(|(of, _)| *of == call) {
            return Some(*fault);
        }
        plan.chance.as_mut()?.roll(call)
    }
}

impl Chance {
    fn roll(&mut self, call: Call) -> Option<Fault> {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let fitting: Vec<Fault> = self.of.iter().filter(|(of, _)| *of == call).map(|(_, fault)| *fault).collect();
        if fitting.is_empty() || !mixed.is_multiple_of(self.one_in) {
            return None;
        }
        let which = (mixed / self.one_in) % fitting.len() as u64;
        fitting.get(usize::try_from(which).unwrap_or(0)).copied()
    }
}
