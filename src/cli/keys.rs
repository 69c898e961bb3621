//! `dossier keys`: changing the master key, and bringing keys from one keyring to another.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::secret::Secret;
use super::{Failure, Place};
use crate::adapters::sqlite::master_key;
use crate::copying::CopiedKeys;
use crate::house::KeyPlace;

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
    /// Copies all keys, and who was erased, from one keyring to another.
    ///
    /// The other one must be empty, or hold keys of the same log. Who was erased in either is erased in it. Each
    /// keyring is opened with the master key in DOSSIER_MASTER_KEY, else with that of its data folder; a database with
    /// that of the folder on the other side. Nobody may use either meanwhile.
    #[command(
        after_help = "Examples:\n  dossier keys copy --from ./dossier-data --to postgres://dossier@db/keys\n  dossier keys copy \
                      --from ./dossier-data --to ./moved"
    )]
    Copy {
        /// A data folder, or a database as with --keyring.
        #[arg(long, value_name = "KEYS", env = "DOSSIER_KEYS_FROM", hide_env_values = true)]
        from: Secret,
        /// Where to: a data folder or a database.
        #[arg(long, value_name = "KEYS", env = "DOSSIER_KEYS_TO", hide_env_values = true)]
        to: Secret,
        /// Prints what came of it as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Keys {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        match &self.command {
            Command::Rotate { place } => rotate(place).await?,
            Command::Copy { from, to, json } => {
                let (from, to) = (keys(from, "--from")?, keys(to, "--to")?);
                let (copied, made) = from.copy_to(&to).await?;
                tell(copied, *json);
                if let Some(file) = made {
                    eprintln!("a master key was made: {}\nback it up apart from the data", file.display());
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn rotate(place: &Place) -> Result<(), Failure> {
    let house = place.open_existing().await?;
    master_key::rotate(house.folder(), &**house.keyring()).await?;
    house.stop().await?;
    println!("the contacts' keys are wrapped with a new master key: back up master.key in {}", place.data.display());
    Ok(())
}

fn keys(given: &Secret, option: &str) -> Result<KeyPlace, Failure> {
    let text = given.read(option)?.ok_or_else(|| format!("{option} names no keys"))?;
    KeyPlace::read(&text).map_err(|error| format!("{option}: {error}").into())
}

fn tell(CopiedKeys { copied, held_before, destroyed }: CopiedKeys, json: bool) {
    if json {
        let told = serde_json::json!({"copied": copied, "held_before": held_before, "destroyed": destroyed});
        return println!("{told}");
    }
    println!("{copied} keys copied, {destroyed} erased, {held_before} known before");
}
