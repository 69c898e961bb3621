//! One number that tells whether two logs hold the same events in the same order.

use aws_lc_rs::digest::{Context, SHA256};

use crate::ports::Recorded;

/// SHA-256 over events in their order, but for their positions.
#[derive(Clone)]
pub(super) struct LogDigest(Context);

impl Default for LogDigest {
    fn default() -> Self {
        LogDigest(Context::new(&SHA256))
    }
}

impl LogDigest {
    /// The next event. Every part comes with its length, so that no two events have the same bytes.
    pub(super) fn add(&mut self, Recorded { revision, stream, event, .. }: &Recorded) {
        self.part(stream.to_string().as_bytes());
        self.part(&revision.to_be_bytes());
        self.part(event.id.as_bytes());
        self.part(event.event_type.as_bytes());
        self.part(&event.version.to_be_bytes());
        self.part(&event.data);
        self.part(&event.meta);
        let marks: Vec<u8> = event.marks.iter().flat_map(|mark| mark.0).collect();
        self.part(&marks);
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// In lower-case hexadecimal.
    pub(super) fn hex(self) -> String {
        hex::encode(self.0.finish())
    }
}
