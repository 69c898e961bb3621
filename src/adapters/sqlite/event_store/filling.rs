//! Filling the filter from the file, in the background, a page at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;

use super::filter::Filter;
use super::readers::{Keys, Readers};
use crate::ports::StoreError;

pub(super) struct Filling {
    stopped: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Filling {
    /// Starts to fill the filter. Without a thread, or if reading fails, the filter stays incomplete and every look-up
    /// asks the file.
    pub(super) fn start(readers: Arc<Readers>, filter: Arc<Filter>) -> Self {
        let stopped = Arc::new(AtomicBool::new(false));
        let asked_to_stop = Arc::clone(&stopped);
        let fill = move || match fill(&readers, &filter, &asked_to_stop) {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(%error, "the filter of the event store stays empty: appends look everything up")
            }
        };
        let thread = std::thread::Builder::new().name("log-filter".into()).spawn(fill);
        Filling { stopped, thread: Mutex::new(thread.ok()) }
    }

    /// Stops at the next page, and waits for that.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.lock().take() {
            // Whether it panicked no longer matters.
            let _ = thread.join();
        }
    }
}

fn fill(readers: &Readers, filter: &Filter, stopped: &AtomicBool) -> Result<(), StoreError> {
    for of in [Keys::Streams, Keys::Marks] {
        let mut last = Vec::new();
        loop {
            if stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            let some = readers.keys(of, &last)?;
            some.iter().for_each(|key| filter.note(key));
            match some.into_iter().next_back() {
                Some(key) => last = key,
                None => break,
            }
        }
    }
    filter.complete();
    Ok(())
}
