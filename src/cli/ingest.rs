//! `dossier ingest`: commands from a file or standard input, one after another, straight into the store.
//!
//! Reading, executing and flushing go on side by side; what is held in memory is bounded whatever the input's size.
//! Every line bears a key or an id of its own, so that a cut-off run is simply run again.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use dossier_domain::meta::Cause;
use indicatif::ProgressBar;
use tokio::sync::mpsc;

use super::{Failure, Place, or_ask, shaped};
use crate::api::problem::{Problem, ProblemKind};
use crate::api::read::envelope::anonymous;
use crate::api::read::{Setting, line};
use crate::app::ask::Command;
use crate::house::{House, Options};
use crate::projecting::Bounds;

/// Lines read ahead, in batches.
const BATCH: usize = 256;
/// Batches read ahead.
const BATCHES: usize = 8;
/// Bytes of a line at most.
const LINE_MAX: usize = 1 << 20;
/// Commands executed ahead of the last flush that was waited for.
const AHEAD: u64 = 8_192;
/// Nobody reads meanwhile: the read models are written when there is much to write, and at the end.
const LINGER: Duration = Duration::from_secs(3600);

/// Reads commands, one JSON object a line, straight into the store.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dossier ingest commands.ndjson\n  zcat history.ndjson.gz | dossier ingest \
                        --replay-clock -\n\nA line that is refused is counted and told, and stops nothing. The same \
                        input can be sent again: nothing is done twice.")]
pub(super) struct Ingest {
    /// The file, or `-` for standard input.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Takes each line's `at` for the time it happens at; for histories.
    #[arg(long)]
    replay_clock: bool,
    /// Writes every rejected line's number and problem here, as NDJSON.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Prints the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// What a compressed file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// One line, read.
struct ReadLine {
    number: u64,
    command: Result<Command, Problem>,
}

/// What came of the lines.
#[derive(Debug, Default)]
struct Summary {
    lines: u64,
    accepted: u64,
    duplicates: u64,
    rejected: u64,
    first_rejects: Vec<String>,
}

/// Rejected lines told in the summary.
const REJECTS_TOLD: usize = 20;

impl Ingest {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let begun = Instant::now();
        let workspace = self.place.workspace()?;
        let (input, bytes) = self.input()?;
        let rejects = self.rejects.as_ref().map(create).transpose()?;
        let replay = if self.replay_clock { "?clock=replay" } else { "" };
        let file = self.file.display();
        let asked = format!(
            "/v1/workspaces/{workspace}/commands{replay}' -X POST -H 'content-type: application/x-ndjson' -T {file}"
        );
        let options = Options {
            linger: LINGER,
            projected: Bounds::BULK,
            findable: false,
            keys_ahead: false,
            ..Options::default()
        };
        let house = self.place.open_with(options).await.map_err(or_ask(&asked))?;
        let settings = house.app().settings(&workspace).await?;
        if self.replay_clock {
            house.app().workspaces().replay(&workspace);
        }
        house.start().await?;
        let setting = Setting {
            workspace,
            region: settings.default_region.clone(),
            actor: anonymous(),
            cause: Cause::Api,
            correlation_id: None,
        };
        let bar = progress(bytes);
        let (sender, receiver) = mpsc::channel(BATCHES);
        let replay = self.replay_clock;
        let reader_bar = bar.clone();
        let reader = std::thread::spawn(move || read_lines(input, &setting, replay, &sender, &reader_bar));
        let summary = self.execute(&house, receiver, rejects).await;
        reader.join().map_err(|_| "the reader of the input panicked")??;
        let summary = summary?;
        bar.set_message("projecting");
        let head = house.store().head().await?;
        house.runner().reached(head).await;
        bar.finish_and_clear();
        house.stop().await?;
        self.tell(&summary, head, begun.elapsed());
        Ok(if summary.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::from(3) })
    }

    fn input(&self) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
        if self.file.as_os_str() == "-" {
            return Ok((Box::new(std::io::stdin()), None));
        }
        let open = |error| format!("{}: {error}", self.file.display());
        let mut file = File::open(&self.file).map_err(open)?;
        let mut start = Vec::new();
        (&mut file).take(GZIP.len() as u64).read_to_end(&mut start).map_err(open)?;
        if start == GZIP {
            let file = self.file.display();
            return Err(format!("{file} is compressed: zcat {file} | dossier ingest -").into());
        }
        file.seek(SeekFrom::Start(0)).map_err(open)?;
        let bytes = file.metadata().map(|data| data.len()).ok();
        Ok((Box::new(file), bytes))
    }

    async fn execute(
        &self,
        house: &Arc<House>,
        mut lines: mpsc::Receiver<Vec<ReadLine>>,
        mut rejects: Option<BufWriter<File>>,
    ) -> Result<Summary, Failure> {
        let mut summary = Summary::default();
        let (mut newest, mut waited) = (0, 0);
        while let Some(batch) = lines.recv().await {
            for read in batch {
                summary.lines += 1;
                let outcome = match read.command {
                    Ok(command) => house.submit(&command).await.map_err(Problem::from),
                    Err(problem) => Err(problem),
                };
                match outcome {
                    Ok(answer) => {
                        summary.accepted += 1;
                        summary.duplicates += u64::from(!answer.appended);
                        newest = answer.position.max(newest);
                    }
                    Err(problem) if problem.kind().status() >= 500 => {
                        return Err(format!("line {}: {}", read.number, problem.detail()).into());
                    }
                    Err(problem) => summary.reject(read.number, &problem, rejects.as_mut())?,
                }
            }
            if newest > waited + AHEAD {
                house.durable(newest - AHEAD / 2).await?;
                waited = newest - AHEAD / 2;
            }
        }
        house.durable(newest).await?;
        if let Some(mut rejects) = rejects {
            rejects.flush()?;
        }
        Ok(summary)
    }

    fn tell(&self, summary: &Summary, head: u64, took: Duration) {
        let rate = summary.lines as f64 / took.as_secs_f64().max(0.001);
        if self.json {
            let told = serde_json::json!({
                "lines": summary.lines, "accepted": summary.accepted, "unchanged": summary.duplicates,
                "rejected": summary.rejected, "position": head, "seconds": took.as_secs_f64(),
            });
            println!("{told}");
            return;
        }
        summary.first_rejects.iter().for_each(|reject| println!("rejected {reject}"));
        let left_out = summary.rejected - summary.first_rejects.len() as u64;
        if left_out > 0 {
            println!("rejected {left_out} lines more (--rejects FILE lists all)");
        }
        println!(
            "{} lines: {} accepted ({} of them changed nothing new), {} rejected, in {:.1} s ({rate:.0} a second); the \
             read models are at position {head}",
            summary.lines,
            summary.accepted,
            summary.duplicates,
            summary.rejected,
            took.as_secs_f64()
        );
    }
}

fn create(file: &PathBuf) -> Result<BufWriter<File>, Failure> {
    File::create(file).map(BufWriter::new).map_err(|error| format!("{}: {error}", file.display()).into())
}

impl Summary {
    fn reject(&mut self, line: u64, problem: &Problem, file: Option<&mut BufWriter<File>>) -> std::io::Result<()> {
        self.rejected += 1;
        if self.first_rejects.len() < REJECTS_TOLD {
            self.first_rejects.push(format!("line {line}: {} ({})", problem.told(), problem.kind().name()));
        }
        let Some(file) = file else { return Ok(()) };
        serde_json::to_writer(&mut *file, &serde_json::json!({"line": line, "problem": problem}))?;
        writeln!(file)
    }
}

/// Reads lines until the input ends or nobody listens any more.
fn read_lines(
    input: Box<dyn Read + Send>,
    setting: &Setting,
    replay: bool,
    sender: &mpsc::Sender<Vec<ReadLine>>,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let mut input = BufReader::with_capacity(1 << 20, input);
    let mut known = line::Input::default();
    let (mut number, mut bytes) = (0, Vec::new());
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        bytes.clear();
        let read = (&mut input).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            break;
        }
        number += 1;
        bar.inc(read as u64);
        let content = bytes.trim_ascii_end();
        if content.is_empty() {
            continue;
        }
        known.take(content);
        let cut = bytes.len() > LINE_MAX;
        if cut {
            skip_line(&mut input)?;
        }
        let command = match cut {
            true => Err(too_long()),
            false => line::read(content, setting, &known, replay).map(|line| line.command).map_err(Problem::from),
        };
        batch.push(ReadLine { number, command });
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if sender.blocking_send(full).is_err() {
                return Ok(());
            }
        }
    }
    // Nobody listens where executing failed, which is told there.
    let _ = sender.blocking_send(batch);
    Ok(())
}

fn too_long() -> Problem {
    Problem::new(ProblemKind::BodyTooLarge, format!("a line has at most {LINE_MAX} bytes")).with("limit", LINE_MAX)
}

fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(());
        }
        let (used, ended) = match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (available.len(), false),
        };
        input.consume(used);
        if ended {
            return Ok(());
        }
    }
}

fn progress(bytes: Option<u64>) -> ProgressBar {
    let (bar, shape) = match bytes {
        Some(bytes) => (ProgressBar::new(bytes), "{bar:40} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left {msg}"),
        None => (ProgressBar::no_length(), "{bytes} read  {bytes_per_sec}  {elapsed} {msg}"),
    };
    shaped(bar, shape)
}
