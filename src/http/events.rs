//! The feed of events, as server-sent events that can be resumed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use dossier_domain::event::EVENT_TYPES;
use futures::Stream;

use super::docs::{AsNewAs, InWorkspace, Problems};
use super::params::Params;
use super::reading::Reading;
use super::{Door, headers};
use crate::api::bodies::{EntryBody, EventPage};
use crate::api::problem::Problem;
use crate::app::AppError;

/// How many events are read at once.
const PAGE: usize = 500;

/// How often a silent stream says that it lives, well within what proxies let pass as idle.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Every event of the workspace after a position, and those to come. Each bears its position as `id`, its stored name as
/// `event` and an entry as `data`. When the stream can't go on it sends an event `problem` and ends.
#[utoipa::path(
    get, path = "/v1/workspaces/{workspace}/events", tag = "events",
    params(
        InWorkspace, AsNewAs,
        ("after" = Option<u64>, Query, description = "A position; from the first event on if left out"),
        ("type" = Option<String>, Query, description = "Stored names of events; several with commas"),
        ("Last-Event-ID" = Option<u64>, Header, description = "Where a stream broke off; goes before `after`")
    ),
    responses((status = 200, body = EntryBody, content_type = "text/event-stream", description = "A stream of entries"), Problems)
)]
pub(super) async fn follow(
    State(door): State<Door>,
    headers: HeaderMap,
    mut reading: Reading,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let after = reading.params.number("after").unwrap_or(0);
    let types = types(&mut reading.params);
    reading.begin(&door).await?;
    let after = headers::number(&headers, "Last-Event-ID")?.unwrap_or(after);
    let mut feed = Feed { door, workspace: reading.workspace, types, after, ready: VecDeque::new(), ended: false };
    // What is wrong with the request is told before the stream begins.
    feed.read().await?;
    let events = futures::stream::unfold(feed, |mut feed| async { feed.next().await.map(|event| (Ok(event), feed)) });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

fn types(params: &mut Params) -> Vec<String> {
    let types = params.list("type");
    if types.iter().any(|name| !EVENT_TYPES.iter().any(|(known, _)| known == name)) {
        params.wrong("type", "unknown_value", "write stored names of events, such as message_received");
    }
    types
}

/// Where a reader of the feed is.
struct Feed {
    door: Door,
    workspace: Arc<str>,
    types: Vec<String>,
    /// Position up to which the log was read.
    after: u64,
    ready: VecDeque<Event>,
    ended: bool,
}

impl Feed {
    /// The next event; none when the store stops or can't go on.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let door = self.door.clone();
            tokio::select! {
                () = door.closed() => return None,
                more = self.more() => if let Err(error) = more { self.give_up(error) },
            }
        }
    }

    /// Reads on; waits first if there was nothing to read.
    async fn more(&mut self) -> Result<(), AppError> {
        let before = self.after;
        self.read().await?;
        if self.after == before {
            self.door.house.wait_past(before).await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), AppError> {
        let EventPage { entries, reached } =
            self.door.house.events(&self.workspace, self.after, &self.types, PAGE).await?;
        if entries.is_empty() && reached > self.after && !self.types.is_empty() {
            // An id alone: whoever resumes need not read again what was of other types.
            self.ready.push_back(Event::default().id(reached.to_string()));
        }
        self.ready.extend(entries.iter().map(event_of));
        self.after = reached.max(self.after);
        Ok(())
    }

    fn give_up(&mut self, error: AppError) {
        let problem = Problem::from(error);
        self.ready.extend(Event::default().event("problem").json_data(&problem).ok());
        self.ended = true;
    }
}

fn event_of(entry: &EntryBody) -> Event {
    let event = Event::default().id(entry.position.to_string()).event(entry.event_type);
    let comment = Event::default().comment("an entry could not be written");
    event.json_data(entry).unwrap_or(comment)
}
