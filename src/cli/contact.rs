//! `dossier contact`: one contact, as it is shown and as it came to be.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::builder::RangedU64ValueParser;
use clap::{Args, Subcommand};
use dossier_domain::values::reference::{Reference, parse_reference};
use dossier_domain::values::time::parse_time;
use serde::Serialize;

use super::columns::print;
use super::{Failure, Place, or_ask, refused};
use crate::api::bodies::{EntryKind, EntryPage};
use crate::app::query::{AsOf, TimelineQuery};
use crate::house::House;

mod card;
mod entries;

const REFERENCES: &str = "A reference is id:<uuid> (or the uuid alone), email:<address>, phone:<e164> or \
                          channel:<channel>:<external id>. It follows merges.";

/// Shows a contact, its timeline or its history.
///
/// The data folder must not be in use: a running server answers the same over HTTP.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dossier contact show email:ada@example.com\n  dossier contact timeline \
                        channel:telegram:@ada --limit 20")]
pub(super) struct Contact {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows a contact, composed over all that is absorbed in it.
    #[command(after_help = format!(
        "Examples:\n  dossier contact show channel:whatsapp:60123456789\n  dossier contact show email:ada@example.com \
         --as-of 2026-01-31T12:00:00Z\n\n{REFERENCES}"
    ))]
    Show(Show),
    /// Prints messages, comments and events of a contact, newest first.
    #[command(after_help = format!(
        "Examples:\n  dossier contact timeline channel:telegram:@ada --limit 20\n  dossier contact timeline \
         phone:+60123456789 --kind message,comment --json\n\n{REFERENCES}"
    ))]
    Timeline(Told),
    /// Prints every event of a contact, newest first, with what each edit changed.
    ///
    /// For audits: an erased contact still has a history, without its words.
    #[command(after_help = format!(
        "Examples:\n  dossier contact history email:ada@example.com --kind event\n  dossier contact history \
         0197f3a2-0000-7000-8000-000000000001 --own --json\n\n{REFERENCES}"
    ))]
    History(Told),
}

/// Which contact, and where.
#[derive(Debug, Args)]
struct Named {
    /// Which contact.
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    place: Place,
    /// Prints the same JSON as the server answers.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    named: Named,
    /// As it was at a time, with the merges active then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    as_of: Option<DateTime<Utc>>,
    /// As it was at a position of the log.
    #[arg(long, value_name = "POSITION", conflicts_with = "as_of")]
    as_of_position: Option<u64>,
}

#[derive(Debug, Args)]
struct Told {
    #[command(flatten)]
    named: Named,
    /// At most so many entries, up to 1000.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = RangedU64ValueParser::<usize>::new().range(1..=1000))]
    limit: usize,
    /// Only entries of this kind: message, comment or event; several with commas.
    #[arg(long, value_name = "KIND", value_parser = kind, value_delimiter = ',')]
    kind: Vec<EntryKind>,
    /// The named contact's own stream alone, without following merges.
    #[arg(long)]
    own: bool,
    /// Where to go on, as the page before said.
    // A cursor may begin with a hyphen.
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    cursor: Option<String>,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    parse_time(text).map_err(|invalid| invalid.to_string())
}

fn kind(name: &str) -> Result<EntryKind, &'static str> {
    EntryKind::from_name(name).ok_or("write message, comment or event")
}

impl Contact {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        match &self.command {
            Command::Show(show) => show.run().await?,
            Command::Timeline(told) => told.run("timeline").await?,
            Command::History(told) => told.run("history").await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Named {
    /// Opens the folder and reads the reference.
    async fn open(&self, rest: &str) -> Result<(Arc<House>, Arc<str>, Reference), Failure> {
        let workspace = self.place.workspace()?;
        let path = format!("/v1/workspaces/{workspace}/contacts/{}{rest}'", encoded(&self.reference));
        let house = self.place.open_existing().await.map_err(or_ask(&path))?;
        house.catch_up().await?;
        let settings = house.settings(&workspace).await?;
        let reference = parse_reference(&self.reference, settings.default_region.as_deref());
        let reference = reference.map_err(|invalid| format!("{}: {invalid}", self.reference))?;
        Ok((house, workspace, reference))
    }

    /// Prints the body, or what is said of it to people.
    fn print<T: Serialize>(&self, body: &T, told: impl FnOnce(&T) -> String) -> Result<(), Failure> {
        Ok(print(&if self.json { serde_json::to_string(body)? + "\n" } else { told(body) })?)
    }
}

impl Show {
    async fn run(&self) -> Result<(), Failure> {
        let (house, workspace, reference) = self.named.open("").await?;
        let as_of = self.as_of.map(AsOf::Time).or(self.as_of_position.map(AsOf::Position));
        let body = house.contact(&workspace, &reference, as_of).await.map_err(refused)?;
        self.named.print(&body, card::told)?;
        Ok(house.stop().await?)
    }
}

impl Told {
    async fn run(&self, list: &str) -> Result<(), Failure> {
        let (house, workspace, reference) = self.named.open(&format!("/{list}")).await?;
        let query = TimelineQuery {
            kinds: self.kind.clone(),
            channel: None,
            external_id: None,
            cursor: self.cursor.clone(),
            limit: self.limit,
            own: self.own,
        };
        let page = match list {
            "timeline" => house.timeline(&workspace, &reference, &query).await,
            _ => house.history(&workspace, &reference, &query).await,
        };
        let page = page.map_err(refused)?;
        self.named.print(&page, entries::told)?;
        if let EntryPage { next_cursor: Some(cursor), .. } = &page
            && !self.named.json
        {
            eprintln!("there is more: --cursor {cursor}");
        }
        Ok(house.stop().await?)
    }
}

/// A part of a path; what may stand there as it is stays readable.
fn encoded(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'@' | b'+' => {
                part.push(char::from(byte));
            }
            other => part.push_str(&format!("%{other:02X}")),
        }
    }
    part
}
