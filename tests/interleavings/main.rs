//! Every interleaving of two commands, and every crash on the way (rule 26): the real application over ports whose every
//! call waits until a schedule lets it go. No runtime and no threads: a command is a future, and polling it makes its
//! next call.
//!
//! What a step is: one call of a port: a read of a stream, an append, a look for a mark, a wait for the flush, a key
//! taken or destroyed. Keys that open what a read brings are looked at in the step of that read.
//!
//! `pairs`: two tasks, each in a process of its own that remembers nothing, in small worlds, also such as a crash has
//! left. Exhaustive is the order of any two calls that concern the same stream, mark or key (`explore`); calls that
//! concern different things commute, so of their orders one is enough. And so for a crash of either task after each
//! change that it makes, an append, a key made or destroyed: the other goes on and must come to its end without any
//! recovery. Two things bound it. Tasks that always meet at the worst moment can keep each other from their ends for
//! ever (a first message claims an identity for a contact to come, a claim by another abandons that contact, the message
//! claims anew): after more than two lost races (`RACES_MAX`; one where an erasure or a creation takes part, whose calls
//! are many; none beside a crash), or one change more than the tasks make one after the other, each task is alone and
//! must come to its end. `DOSSIER_INTERLEAVINGS_RACES=1` follows one lost race more everywhere.
//! Two tasks in one process share what it remembers, and then every call concerns everything: there all schedules with
//! two switches are tried (`switches`).
//!
//! After each change (`check`): the invariants of `support::invariants` and the order of the protocols hold. And at each
//! of these moments everybody may be gone, with the log as it is, or without what nobody waited for: a new process
//! recovers, everyone asks again, or the other way round; then nothing is unfinished, all answered is there, and whoever
//! was answered is answered alike. A state that was looked at once is not looked at again: the same streams, keys and
//! answers come by many schedules.
//!
//! `chance`: three to five tasks by seeds, in deeper trees, with several crashes. `traces`: schedules that decided the
//! protocols, by name. `breaks`: each protocol broken on purpose, and noticed.

#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../support/mod.rs"]
mod support;

mod breaks;
mod chance;
mod check;
mod explore;
mod pairs;
mod run;
mod scene;
mod stepped;
mod switches;
mod traces;
