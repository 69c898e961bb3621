//! `dossier projections`: what read models are at, and making one anew.

use std::process::ExitCode;
use std::time::Instant;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::columns::{aligned, print};
use super::{Failure, Place, event_progress, or_ask};
use crate::api::bodies::{ProjectionBody, ProjectionPage};
use crate::app::AppError;
use crate::ports::read_store::Projection;
use crate::projecting::RebuildProgress;

/// Lists the read models, or makes one anew from the log.
///
/// The data folder must not be in use: a running server does the same over HTTP.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dossier projections list\n  dossier projections rebuild contacts")]
pub(super) struct Projections {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the read models, the position each stands at, and how far that is behind the log.
    #[command(after_help = "Example:\n  dossier projections list --json")]
    List {
        #[command(flatten)]
        place: Place,
        /// Prints the same JSON as the server answers.
        #[arg(long)]
        json: bool,
    },
    /// Folds a read model anew from the first event, beside the one that is there, and puts it in its place.
    #[command(after_help = "Example:\n  dossier projections rebuild contacts")]
    Rebuild {
        /// Which one.
        #[arg(value_parser = names())]
        name: String,
        #[command(flatten)]
        place: Place,
        /// Prints what it is at afterwards as JSON.
        #[arg(long)]
        json: bool,
    },
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Projection::ALL.map(Projection::name))
}

impl Projections {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        match &self.command {
            Command::List { place, json } => list(place, *json).await?,
            Command::Rebuild { name, place, json } => rebuild(name, place, *json).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(place: &Place, json: bool) -> Result<(), Failure> {
    let house = place.open_existing().await.map_err(or_ask("/v1/projections'"))?;
    let projections = house.projections().await?;
    house.stop().await?;
    if json {
        return Ok(print(&(serde_json::to_string(&ProjectionPage { projections, next_cursor: None })? + "\n"))?);
    }
    let row = |one: &ProjectionBody| {
        let behind = if one.lag == 0 { "up to date".to_owned() } else { format!("{} events behind", one.lag) };
        vec![one.name.clone(), format!("position {}", one.checkpoint), behind]
    };
    Ok(print(&aligned(&projections.iter().map(row).collect::<Vec<_>>()))?)
}

async fn rebuild(name: &str, place: &Place, json: bool) -> Result<(), Failure> {
    let asked = format!("/v1/projections/{name}/rebuild' -X POST");
    let projection = Projection::from_name(name).ok_or(AppError::UnknownProjection)?;
    let house = place.open_existing().await.map_err(or_ask(&asked))?;
    let (begun, bar) = (Instant::now(), event_progress());
    let tell = |RebuildProgress { done, head }| {
        bar.set_length(head);
        bar.set_position(done);
    };
    house.rebuild(projection, tell).await?;
    bar.finish_and_clear();
    let (took, projections) = (begun.elapsed().as_secs_f64(), house.projections().await?);
    house.stop().await?;
    let rebuilt = projections.iter().find(|one| one.name == name).ok_or(AppError::UnknownProjection)?;
    if json {
        return Ok(print(&(serde_json::to_string(rebuilt)? + "\n"))?);
    }
    let (position, rate) = (rebuilt.checkpoint, rebuilt.checkpoint as f64 / took.max(0.001));
    Ok(print(&format!("{name}: rebuilt up to position {position} in {took:.1} s ({rate:.0} events a second)\n"))?)
}
