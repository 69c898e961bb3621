//! `dossier search`: the contacts table in a terminal.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use dossier_domain::filter::{Filter, Phrase, Slip, Vocabulary};
use dossier_domain::values::time::parse_time;
use serde_json::json;

use super::columns::print;
use super::{Failure, Place, or_ask};
use crate::api::bodies::SearchPage;
use crate::api::read::{self, ReadError};
use crate::app::query::{Column, SearchQuery};
use crate::house::House;

mod table;

/// Finds contacts, and prints them as a table.
///
/// FILTER is what people type: conditions joined by and, or, not and brackets. Custom fields are named by their keys. The
/// same filter as JSON is taken too. Nothing at all is every live contact. The data folder must not be in use: a running
/// server answers the same over HTTP.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dossier search \"country = MY and (tags any vip or not tier is set) and last_in \
                        older than 3 days\"\n  dossier search --search ada --sort country,-last_in --columns \
                        email,country,last_in\n  dossier search '{\"field\": \"tags\", \"op\": \"any_of\", \"value\": \
                        [\"vip\"]}' --all --csv > vips.csv\n\nOperators: = != < <= > >=, is, is not, in (a, b), not in, is \
                        set, is not set, is true, is false, contains, does not contain, starts with, ends with, between a \
                        and b, on, before, after, within last 3 days, older than 3 days, within next 3 days, any (a, b), \
                        all (a, b), none (a, b), exactly (a, b)")]
pub(super) struct Search {
    /// Which contacts.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Words that each lie somewhere in what a contact shows, or a part of a phone number.
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Up to three fields with commas between them, the greatest first where a hyphen stands before it.
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', allow_hyphen_values = true)]
    sort: Vec<String>,
    /// The columns to print, with commas between them; display_name is always the first.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// At most so many contacts, up to 1000.
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = RangedU64ValueParser::<u64>::new().range(1..=1000))]
    limit: u64,
    /// Every contact that is found, page after page.
    #[arg(long, conflicts_with = "cursor")]
    all: bool,
    /// Where to go on, as the page before said.
    // A cursor may begin with a hyphen.
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    cursor: Option<String>,
    /// Looks in the tables of Postgres instead of filling an index in memory: for one question over many contacts. Who is in
    /// a segment is then as its feed tells.
    #[arg(long)]
    in_store: bool,
    /// What counts as now for relative times.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<DateTime<Utc>>,
    /// Prints the same JSON as the server answers, a page a line.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Prints CSV.
    #[arg(long)]
    csv: bool,
}

/// The columns of a table for people; that of the server has some that no terminal shows.
const USUAL: [&str; 8] = ["channels", "email", "phone", "tags", "country", "status", "assignee", "last_message"];

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    parse_time(text).map_err(|invalid| invalid.to_string())
}

impl Search {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let workspace = self.place.workspace()?;
        let asked = format!(
            "/v1/workspaces/{workspace}/contacts/search' -H 'content-type: application/json' -d '{{\"filter\": ...}}'"
        );
        let house = self.place.open_existing().await.map_err(or_ask(&asked))?;
        match self.in_store {
            true => house.catch_up().await?,
            false => house.fill().await?,
        }
        let mut query = house.with_vocabulary(&workspace, |vocabulary| self.query(vocabulary)).await??;
        let mut is_first = true;
        loop {
            let page = self.page(&house, &workspace, &query).await?;
            self.tell(&page, is_first)?;
            is_first = false;
            query.cursor = page.next_cursor;
            if !self.all || query.cursor.is_none() {
                break;
            }
        }
        if let Some(cursor) = &query.cursor
            && !self.json
        {
            eprintln!("there is more: --cursor {cursor}");
        }
        house.stop().await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn page(&self, house: &House, workspace: &str, query: &SearchQuery) -> Result<SearchPage, Failure> {
        if !self.in_store {
            return Ok(house.search(workspace, query).await?);
        }
        let page = house.search_in_store(workspace, query).await?;
        page.ok_or_else(|| "only Postgres looks contacts up by itself: leave --in-store out".into())
    }

    fn query(&self, vocabulary: Vocabulary<'_>) -> Result<SearchQuery, Failure> {
        let sort = read::sort_by(&self.sort, |field| whole(field, vocabulary));
        let columns: Vec<String> = self.columns().into_iter().map(|column| whole(column, vocabulary)).collect();
        let body = json!({
            "search": self.search, "sort": sort, "columns": columns,
            "limit": self.limit, "cursor": self.cursor, "now": self.now, "count": true,
        });
        let query = read::search(body.to_string().as_bytes(), vocabulary).map_err(told)?;
        let filter = match self.filter.as_deref().map(str::trim) {
            None => Filter::everyone(),
            Some(json) if json.starts_with('{') => {
                let body = format!("{{\"filter\": {json}}}");
                read::search(body.as_bytes(), vocabulary).map_err(told)?.filter
            }
            Some(phrase) => typed(phrase, vocabulary)?,
        };
        Ok(SearchQuery { filter, ..query })
    }

    fn columns(&self) -> Vec<&str> {
        match &self.columns {
            Some(columns) => columns.iter().map(|column| column.trim()).collect(),
            None => USUAL.to_vec(),
        }
    }

    fn tell(&self, page: &SearchPage, is_first: bool) -> Result<(), Failure> {
        let columns: Vec<&str> = ["display_name"].into_iter().chain(self.columns()).collect();
        let text = match (self.json, self.csv) {
            (true, _) => serde_json::to_string(page)? + "\n",
            (_, true) => table::csv(page, &columns, is_first)?,
            _ => table::told(page, &columns, is_first),
        };
        Ok(print(&text)?)
    }
}

/// The name of a field or a column; a custom field may be named by its key alone, where nothing else has that name.
fn whole(name: &str, vocabulary: Vocabulary<'_>) -> String {
    let is_member = Column::MEMBERS.contains(&name);
    if !is_member && vocabulary.fields.in_use(name).is_some() { format!("custom.{name}") } else { name.to_owned() }
}

/// The filter that was typed; what is wrong with it is shown under the place.
fn typed(phrase: &str, vocabulary: Vocabulary<'_>) -> Result<Filter, Failure> {
    let read = Phrase::parse(phrase, vocabulary.fields).map_err(|slip| vec![slip]);
    let read = read.and_then(|phrase| phrase.read(vocabulary));
    read.map_err(|slips| {
        let shown = phrase.replace(char::is_whitespace, " ");
        let under = |slip: &Slip| format!("\n  {}^ {}", " ".repeat(slip.column - 1), slip.message);
        format!("the filter is not understood\n  {shown}{}", slips.iter().map(under).collect::<String>()).into()
    })
}

fn told(error: ReadError) -> Failure {
    match error {
        ReadError::Malformed(malformed) => malformed.to_string().into(),
        ReadError::Invalid(problems) => {
            let problem =
                |problem: &dossier_domain::problem::Problem| format!("\n  {}: {}", problem.pointer, problem.message);
            format!("the search is not valid{}", problems.iter().map(problem).collect::<String>()).into()
        }
    }
}
