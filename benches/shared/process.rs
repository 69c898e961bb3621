//! What Linux tells of a process: its computing time, which neighbours on the machine disturb less than the clock, and
//! the most memory it ever held.

use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks of /proc, a hundred a second on every Linux there is.
const TICK: Duration = Duration::from_millis(10);
const LOOKED_EVERY: Duration = Duration::from_millis(20);

/// User and system time of a process so far; zero where it is gone.
pub(crate) fn cpu_of(process: u32) -> Duration {
    ticks(&format!("/proc/{process}/stat"), 11)
}

/// User and system time of this process so far.
pub(crate) fn own_cpu() -> Duration {
    cpu_of(std::process::id())
}

/// User and system time of the children of this process that have ended.
fn cpu_of_ended_children() -> Duration {
    ticks("/proc/self/stat", 13)
}

/// The sum of two fields after the name of the process.
fn ticks(path: &str, first: usize) -> Duration {
    let stat = std::fs::read_to_string(path).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(first).take(2);
    TICK * fields.filter_map(|field| field.parse::<u32>().ok()).sum()
}

/// The most memory that a process ever held, in MiB.
pub(crate) fn peak_memory(process: u32) -> Option<f64> {
    memory(process, "VmHWM:")
}

/// The memory that a process holds, in MiB.
pub(crate) fn resident_memory(process: u32) -> Option<f64> {
    memory(process, "VmRSS:")
}

fn memory(process: u32, name: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

/// What running a command to its end took.
pub(crate) struct Ran {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// In MiB.
    pub(crate) peak_memory: f64,
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let (begun, before) = (Instant::now(), cpu_of_ended_children());
    let child = command.spawn().unwrap();
    ended(command, child, begun, before)
}

/// Runs a command to its end, and gives it what `feed` writes.
pub(crate) fn run_fed(command: &mut Command, feed: impl FnOnce(ChildStdin) + Send) -> Ran {
    let (begun, before) = (Instant::now(), cpu_of_ended_children());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| feed(input));
        ended(command, child, begun, before)
    })
}

fn ended(command: &Command, mut child: Child, begun: Instant, before: Duration) -> Ran {
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak.max(peak_memory(child.id()).unwrap_or_default());
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(LOOKED_EVERY),
        }
    };
    assert!(status.success(), "{command:?} ended with {status}");
    Ran { wall: begun.elapsed(), cpu: cpu_of_ended_children() - before, peak_memory: peak }
}

/// A child that is killed when the bench is done with it, or panics.
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program, built as it is shipped.
pub(crate) fn dossier() -> Command {
    Command::new(env!("CARGO_BIN_EXE_dossier"))
}

/// Bytes of all files in a folder.
pub(crate) fn size_of(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum()
}
