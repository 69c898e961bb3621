//! A few read connections, each used by one thread at a time for microseconds.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use super::connect::{OpenError, Place};

/// See the module.
pub(super) struct Pool {
    connections: Box<[Mutex<Connection>]>,
    next: AtomicUsize,
}

impl Pool {
    /// Opens `count` connections, at least one.
    pub(super) fn open(place: &Place, count: usize) -> Result<Self, OpenError> {
        let connections = (0..count.max(1)).map(|_| place.join().map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Pool { connections, next: AtomicUsize::new(0) })
    }

    /// Does something to every connection.
    pub(super) fn each(&self, work: impl FnMut(&Connection) -> rusqlite::Result<()>) -> rusqlite::Result<()> {
        let mut work = work;
        self.connections.iter().try_for_each(|connection| work(&connection.lock()))
    }

    /// A free connection, else the next in turn.
    pub(super) fn get(&self) -> MutexGuard<'_, Connection> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |offset: usize| &self.connections[first.wrapping_add(offset) % self.connections.len()];
        (0..self.connections.len()).find_map(|offset| turn(offset).try_lock()).unwrap_or_else(|| turn(0).lock())
    }
}
