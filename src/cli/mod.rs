//! The command line: one file a command.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use dossier_domain::rejection::Rejection;
use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;

use crate::adapters::sqlite::OpenError;
use crate::app::AppError;
use crate::house::{House, HouseError, Options, engines};
use elsewhere::Elsewhere;

mod columns;
mod contact;
mod copy;
mod elsewhere;
mod events;
mod ingest;
mod keys;
mod projections;
mod schemas;
mod search;
mod secret;
mod serve;
mod verify;

/// An event-sourced contact store: every contact a stream of events, everything else derived.
#[derive(Debug, Parser)]
#[command(
    name = "dossier",
    version,
    about,
    max_term_width = 100,
    after_help = "Example:\n  dossier ingest commands.ndjson && dossier serve\n\nEvery command has an example: dossier \
                  COMMAND --help"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the store over HTTP.
    Serve(serve::Serve),
    /// Reads commands, one JSON object a line, straight into the store.
    Ingest(ingest::Ingest),
    /// Reads the whole log and compares every read model with a fresh fold.
    Verify(verify::Verify),
    /// Shows a contact, its timeline or its history.
    Contact(contact::Contact),
    /// Finds contacts by a filter, a search or both.
    Search(search::Search),
    /// Prints the events of the log, opened.
    Events(events::Events),
    /// Lists the read models, or makes one anew from the log.
    Projections(projections::Projections),
    /// Copies a log from one event store to another.
    Copy(copy::Copy),
    /// Works on the keys that seal personal data.
    Keys(keys::Keys),
    /// Prints the JSON Schemas of what is stored.
    Schemas(schemas::Schemas),
}

/// Where the data is.
#[derive(Debug, Args)]
struct Place {
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "./dossier-data", env = "DOSSIER_DATA")]
    data: PathBuf,
    /// The workspace.
    #[arg(long, value_name = "NAME", default_value = "default")]
    workspace: String,
    #[command(flatten)]
    elsewhere: Elsewhere,
}

/// What a command ends with when it can't go on.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command line and answers the exit code: 0 done, 1 failed, 2 not understood.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr(matches!(cli.command, Command::Serve(_)));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(async {
        match cli.command {
            Command::Serve(serve) => serve.run().await,
            Command::Ingest(ingest) => ingest.run().await,
            Command::Verify(verify) => verify.run().await,
            Command::Contact(contact) => contact.run().await,
            Command::Search(search) => search.run().await,
            Command::Events(events) => events.run().await,
            Command::Projections(projections) => projections.run().await,
            Command::Copy(copy) => copy.run().await,
            Command::Keys(keys) => keys.run().await,
            Command::Schemas(schemas) => schemas.run(),
        }
    });
    outcome.unwrap_or_else(|error| failed(&error))
}

/// Structured logs on stderr: one JSON object a line while serving, warnings alone in other commands. `RUST_LOG` says
/// otherwise. Nothing personal is ever in them.
fn log_to_stderr(serving: bool) {
    let filter = EnvFilter::try_from_default_env();
    // The client of the event store tells every lost call, where the store itself tells once.
    let filter =
        filter.unwrap_or_else(|_| EnvFilter::new(if serving { "info,kurrentdb=off" } else { "warn,kurrentdb=off" }));
    // Frames would be told with the credentials in their headers and the events in their bodies.
    let filter = FRAMES.iter().filter_map(|quiet| quiet.parse().ok()).fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).json().with_span_list(false).init();
}

/// What never tells more than warnings, whatever `RUST_LOG` says.
const FRAMES: [&str; 3] = ["h2=warn", "hyper=warn", "hyper_util=warn"];

/// Where a server holds the folder, says how to ask that instead: `asked` is what follows its address in a call of curl.
fn or_ask(asked: &str) -> impl FnOnce(Failure) -> Failure + '_ {
    move |error| match error.downcast_ref() {
        Some(HouseError::Open(OpenError::InUse { served_at: Some(address), .. })) => {
            format!("{error}\nor ask the server: curl '{address}{asked}").into()
        }
        _ => error,
    }
}

/// What a query was refused for, and what else is known of that.
fn refused(error: AppError) -> Failure {
    match &error {
        AppError::Rejected(Rejection::AmbiguousReference { candidates }) => {
            let ids: Vec<String> = candidates.iter().map(|id| format!("\n  id:{id}")).collect();
            format!("{error}:{}", ids.concat()).into()
        }
        _ => error.into(),
    }
}

/// A bar for what goes through the log.
fn event_progress() -> ProgressBar {
    shaped(ProgressBar::new(0), "{bar:40} {percent} %  {pos}/{len} events  {per_sec}  {eta} left")
}

fn shaped(bar: ProgressBar, shape: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(shape) {
        bar.set_style(style);
    }
    bar
}

fn failed(error: &Failure) -> ExitCode {
    eprintln!("dossier: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because {error}");
        cause = error.source();
    }
    ExitCode::FAILURE
}

impl Place {
    /// Opens the data folder, and says so when a master key was made for it.
    async fn open(&self) -> Result<Arc<House>, Failure> {
        self.open_with(Options::default()).await
    }

    async fn open_with(&self, options: Options) -> Result<Arc<House>, Failure> {
        let house = House::open(&self.data, self.elsewhere.name(options)?).await?;
        if let Some(advice) = house.advice() {
            eprintln!("{advice}");
        }
        Ok(house)
    }

    /// As [`Place::open`], but makes no log: for commands that work on what is there.
    async fn open_existing(&self) -> Result<Arc<House>, Failure> {
        let options = self.elsewhere.name(Options::default())?;
        if options.event_store.is_none() && !engines::is_used(&self.data) {
            return Err(format!("there is no log in {}: name the data folder with --data", self.data.display()).into());
        }
        self.open().await
    }

    fn workspace(&self) -> Result<Arc<str>, Failure> {
        let name = dossier_domain::values::workspace::parse_workspace(&self.workspace);
        name.map_err(|error| format!("--workspace: {error}").into())
    }
}
