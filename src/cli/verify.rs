//! `dossier verify`: is the log whole, and do the read models say what it says?

use std::process::ExitCode;

use clap::Args;

use super::{Failure, Place, event_progress};
use crate::projecting;

/// Reads the whole log and compares every read model with a fresh fold.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dossier verify --data ./dossier-data --json")]
pub(super) struct Verify {
    #[command(flatten)]
    place: Place,
    /// Prints the verdict as JSON.
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let house = self.place.open_existing().await?;
        // What is compared must stand still.
        house.must_lead().await?;
        house.catch_up().await?;
        let bar = event_progress();
        let inputs = house.runner().inputs().clone();
        let tell = |progress: projecting::RebuildProgress| {
            bar.set_length(progress.head);
            bar.set_position(progress.done);
        };
        let verdict = projecting::verify(&inputs, tell).await?;
        bar.finish_and_clear();
        house.stop().await?;
        if self.json {
            let faults = &verdict.faults;
            println!("{}", serde_json::json!({"events": verdict.events, "rows": verdict.rows, "faults": faults}));
        } else {
            verdict.faults.iter().for_each(|fault| println!("fault: {fault}"));
            println!("{} events, {} rows, {} faults", verdict.events, verdict.rows, verdict.faults.len());
        }
        Ok(if verdict.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
