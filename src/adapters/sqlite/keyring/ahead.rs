//! Flushing ahead: new keys become durable on a thread of their own while the log still commits what came before, so that
//! its next commit seldom waits for a second flush. The flush before the commit stays, and is what the promise rests on.

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};

use super::SqliteKeyring;
use crate::ports::Keyring;

/// Tells of new keys.
#[derive(Default)]
pub(super) struct Calls {
    state: Mutex<State>,
    called: Condvar,
}

#[derive(Default)]
struct State {
    /// There are keys that nobody has begun to flush.
    wanted: bool,
    stopped: bool,
}

impl Calls {
    /// A key was handed out.
    pub(super) fn call(&self) {
        let mut state = self.state.lock();
        if !std::mem::replace(&mut state.wanted, true) {
            self.called.notify_one();
        }
    }

    fn stop(&self) {
        self.state.lock().stopped = true;
        self.called.notify_all();
    }

    /// Sleeps until there are keys to flush; `false`: there are none, and it is stopped.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while !state.wanted && !state.stopped {
            self.called.wait(&mut state);
        }
        std::mem::take(&mut state.wanted)
    }
}

/// The thread that flushes ahead. It holds the keyring, and with it the folder, until it is stopped or dropped.
pub struct FlushAhead {
    keyring: Arc<SqliteKeyring>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl FlushAhead {
    /// Starts it. Without a thread keys are flushed by the log's commits alone. At most one a keyring.
    pub fn start(keyring: &Arc<SqliteKeyring>) -> Self {
        let flushed = Arc::clone(keyring);
        let run = move || {
            while flushed.calls.wait() {
                // The keyring remembers that it failed: the log's next commit hears of it.
                if let Err(error) = flushed.flush() {
                    tracing::error!(%error, "keys can't be flushed");
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("keys-ahead".into()).spawn(run);
        FlushAhead { keyring: Arc::clone(keyring), thread: Mutex::new(thread.ok()) }
    }

    /// Lets it flush what was handed out, and waits for that.
    pub fn stop(&self) {
        self.keyring.calls.stop();
        if let Some(thread) = self.thread.lock().take() {
            // It can only have panicked, which is on stderr already.
            let _ = thread.join();
        }
    }
}

impl Drop for FlushAhead {
    fn drop(&mut self) {
        self.stop();
    }
}
