//! `dossier keys`: changing the master key.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{Failure, Place};
use crate::adapters::sqlite::master_key;

/// Works on the keys that seal personal data.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  dossier keys rotate")]
pub(super) struct Keys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a new master key and wraps every contact's key with it; events stay as they are.
    #[command(after_help = "Example:\n  dossier keys rotate --data ./dossier-data")]
    Rotate {
        #[command(flatten)]
        place: Place,
    },
}

impl Keys {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let Command::Rotate { place } = &self.command;
        let house = place.open_existing().await?;
        master_key::rotate(house.folder(), &**house.keyring()).await?;
        house.stop().await?;
        println!(
            "the contacts' keys are wrapped with a new master key: back up master.key in {}",
            place.data.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}
