//! The events that both sides write: a fifth begin a stream, the rest go on with a random one.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dossier::ports::NewEvent;
use dossier_domain::ids::{ContactId, Mark, Stream};
use uuid::Uuid;

/// Bytes of an event's data, about as many as a stored message has.
pub(crate) const DATA_BYTES: usize = 420;
/// Bytes of its metadata.
const META_BYTES: usize = 360;

/// One task's streams and the random walk over them. Plain xorshift: the same on both sides, and free.
pub(crate) struct Load {
    seed: u64,
    streams: Vec<(Uuid, u64)>,
    event_type: Arc<str>,
}

/// The next append: the stream and the revision of its last event, if it has one.
pub(crate) struct Next {
    pub(crate) stream: Stream,
    pub(crate) last: Option<u64>,
    pub(crate) event: NewEvent,
}

impl Load {
    pub(crate) fn of_task(task: usize) -> Self {
        Load { seed: 0x9e37_79b9_7f4a_7c15 ^ (task as u64 + 1), streams: vec![], event_type: "message_received".into() }
    }

    fn random(&mut self) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.random(), self.random())
    }

    pub(crate) fn next(&mut self) -> Next {
        let place = self.random() as usize;
        if self.streams.is_empty() || place.is_multiple_of(5) {
            let new = self.uuid();
            self.streams.push((new, 0));
            return self.append_to(new, None);
        }
        let place = place % self.streams.len();
        let (stream, revision) = self.streams[place];
        self.streams[place].1 += 1;
        self.append_to(stream, Some(revision))
    }

    fn append_to(&mut self, stream: Uuid, last: Option<u64>) -> Next {
        let mark = Mark(self.uuid().into_bytes());
        let event = NewEvent {
            id: self.uuid(),
            event_type: Arc::clone(&self.event_type),
            version: 1,
            data: vec![b'd'; DATA_BYTES],
            meta: vec![b'm'; META_BYTES],
            marks: vec![mark],
        };
        Next { stream: Stream::Contact(ContactId(stream)), last, event }
    }
}

/// Durable appends a second, and how long one took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) rate: f64,
    p50: Duration,
    p99: Duration,
    cpu: Duration,
}

impl Measured {
    pub(crate) fn of(events: usize, took: Duration, cpu: Duration, mut each: Vec<Duration>) -> Self {
        each.sort_unstable();
        let at = |share: usize| each[(each.len() * share / 100).min(each.len() - 1)];
        Measured { rate: events as f64 / took.as_secs_f64(), p50: at(50), p99: at(99), cpu: cpu / events as u32 }
    }

    pub(crate) fn better(self, other: Self) -> Self {
        if other.rate > self.rate { other } else { self }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, cpu] = [self.p50, self.p99, self.cpu].map(|time| time.as_micros());
        let text = format!("{:.0} {p50}/{p99}us {cpu}us", self.rate);
        f.pad(&text)
    }
}

/// Runs one closed loop a task, and measures all of them.
pub(crate) fn drive<F, T>(tasks: usize, events: usize, one: F) -> Measured
where
    F: Fn(Load, usize) -> T,
    T: Future<Output = Vec<Duration>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let each = events / tasks;
    let (started, cpu) = (Instant::now(), cpu_time());
    let times = runtime.block_on(async {
        let running: Vec<_> = (0..tasks).map(|task| tokio::spawn(one(Load::of_task(task), each))).collect();
        let mut times = Vec::with_capacity(events);
        for task in running {
            times.extend(task.await.unwrap());
        }
        times
    });
    Measured::of(times.len(), started.elapsed(), cpu_time().saturating_sub(cpu), times)
}

/// What this process has computed so far, in user and system time: steadier than the clock on a machine with
/// neighbours. Zero where /proc is not as on Linux.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
