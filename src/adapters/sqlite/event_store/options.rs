//! What may be chosen about an embedded log.

use super::super::connect::Synchronous;

/// Called by the writer before every commit; an error fails the commit, and with it the store.
pub type BeforeCommit = Box<dyn Fn() -> Result<(), String> + Send>;

/// What may be chosen about an embedded log. The defaults are what `dossier serve` uses.
pub struct Options {
    /// What must be durable before the events are: the keys that seal them.
    pub before_commit: BeforeCommit,
    /// Events staged and not yet durable; an append beyond waits. At least 1.
    pub max_pending: usize,
    /// Appends in one transaction. At least 1.
    pub max_batch: usize,
    /// Streams whose head is remembered, so that the file need not be asked.
    pub remembered: usize,
    /// Marks remembered after their commit, for what is delivered twice at once; older ones are found in the file.
    pub recent_marks: usize,
    /// Events that are merged into the index at once; so many more may be found in memory alone. At least 1.
    pub indexed_at_once: usize,
    /// Read connections. At least 1.
    pub readers: usize,
    /// Bytes of a page of a new file; a power of two from 512 to 65536.
    pub page_size: u32,
    /// Bytes of write-ahead log after which it is moved into the database.
    pub checkpoint_bytes: u64,
    /// How hard a commit presses on the disk. Anything but `Full` breaks the promise of `durable`.
    pub synchronous: Synchronous,
    /// A registered SQLite VFS other than the default one.
    pub vfs: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Options {
            before_commit: Box::new(|| Ok(())),
            max_pending: 100_000,
            max_batch: 4096,
            remembered: 1 << 17,
            recent_marks: 1 << 14,
            indexed_at_once: 1 << 16,
            readers: cores.clamp(2, 8),
            page_size: 4096,
            checkpoint_bytes: 64 << 20,
            synchronous: Synchronous::Full,
            vfs: None,
        }
    }
}
