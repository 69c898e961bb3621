//! `dossier copy`: a log from one event store to another, in either direction.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;

use super::secret::Secret;
use super::{Failure, shaped};
use crate::adapters::sqlite::keyring;
use crate::copying::{self, Copied, Phase, Progress};
use crate::house::LogPlace;

/// Copies a log from one event store to another: every event in its order, byte for byte.
///
/// The other log must be empty, or hold what an earlier copy brought: that goes on where it stopped. Nobody may write
/// to either meanwhile. In the end the whole copy is read again and compared. Keys are not in the log, and are moved
/// apart from it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dossier copy --from ./dossier-data --to esdb://127.0.0.1:2113?tls=false\n  \
                        DOSSIER_COPY_FROM=esdb://USER:PASSWORD@HOST:2113 dossier copy --to ./dossier-data")]
pub(super) struct Copy {
    /// The log to copy: a data folder, or an event store such as esdb://USER:PASSWORD@HOST:2113.
    ///
    /// Others on the machine can read arguments: a password belongs in the variable, or in a file that is named as
    /// @FILE.
    #[arg(long, value_name = "LOG", env = "DOSSIER_COPY_FROM", hide_env_values = true)]
    from: Secret,
    /// Where to: a data folder, which is made if it is not there, or an event store.
    #[arg(long, value_name = "LOG", env = "DOSSIER_COPY_TO", hide_env_values = true)]
    to: Secret,
    /// Prints what came of it as JSON.
    #[arg(long)]
    json: bool,
}

impl Copy {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let begun = Instant::now();
        let (from, to) = (place(&self.from, "--from")?, place(&self.to, "--to")?);
        if from.is(&to) {
            return Err("--from and --to name the same log".into());
        }
        if let LogPlace::Folder(folder) = &from
            && !from.exists()
        {
            return Err(format!("there is no log in {}: name its data folder with --from", folder.display()).into());
        }
        let (source, target) = (from.open().await?, to.open().await?);
        let mut bar = Bar::new();
        let copied = copying::copy(&*source.store(), &*target.store(), |progress| bar.tell(progress)).await;
        bar.bar.finish_and_clear();
        // What was copied before an error stays.
        let closed = target.close().await.and(source.close().await);
        let copied = copied?;
        closed?;
        self.tell(&copied, begun.elapsed());
        if let Some(advice) = advice(&to) {
            eprintln!("{advice}");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, Copied { events, held_before, digest }: &Copied, took: Duration) {
        let (copied, seconds) = (events - held_before, took.as_secs_f64());
        if self.json {
            let told = serde_json::json!({
                "events": events, "copied": copied, "held_before": held_before, "digest": digest, "seconds": seconds,
            });
            println!("{told}");
            return;
        }
        let rate = copied as f64 / seconds.max(0.001);
        println!(
            "{copied} events copied, {held_before} were there before, in {seconds:.1} s ({rate:.0} a second); both logs hold \
             {events} events with the digest {digest}"
        );
    }
}

fn place(given: &Secret, option: &str) -> Result<LogPlace, Failure> {
    let text = given.read(option)?;
    text.map(LogPlace::from).ok_or_else(|| format!("{option} names no log").into())
}

/// What is to be done before anybody can use the copy.
fn advice(to: &LogPlace) -> Option<String> {
    match to {
        LogPlace::Folder(folder) if folder.join(keyring::FILE).exists() => None,
        LogPlace::Folder(folder) => Some(format!(
            "the keys are not in the log: bring them to {} by `dossier keys copy`, or name the same --keyring",
            folder.display()
        )),
        LogPlace::Server(_) => Some(
            "the keys are not in the log: bring them to a folder without a log by `dossier keys copy`, and name that folder \
             with --data beside --event-store; or name the same --keyring"
                .to_owned(),
        ),
    }
}

/// How often the bar moves.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// How far it is, how fast, and how long it still takes.
struct Bar {
    bar: ProgressBar,
    phase: Option<Phase>,
    /// When the phase began, and with how many events.
    begun: (Instant, u64),
    told: Instant,
}

impl Bar {
    fn new() -> Self {
        let bar = shaped(ProgressBar::new(0), "{bar:40} {percent} %  {msg}  {eta} left");
        Bar { bar, phase: None, begun: (Instant::now(), 0), told: Instant::now() }
    }

    /// Positions may have gaps, so they say how far it is, and events how fast.
    fn tell(&mut self, Progress { phase, events, position, head }: Progress) {
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.begun = (Instant::now(), events);
            self.bar.reset();
        } else if self.told.elapsed() < TOLD_EVERY {
            return;
        }
        self.told = Instant::now();
        self.bar.set_length(head);
        self.bar.set_position(position);
        let (begun, first) = self.begun;
        let rate = (events - first) as f64 / begun.elapsed().as_secs_f64().max(0.001);
        let doing = match phase {
            Phase::Comparing => "comparing what is there",
            Phase::Copying => "copying",
            Phase::Checking => "checking",
        };
        self.bar.set_message(format!("{doing}: {events} events  {rate:.0}/s"));
    }
}
