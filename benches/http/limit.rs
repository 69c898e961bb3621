//! The limit: an HTTP server made of the same parts, whose one route appends the bytes that it is given, at an expected
//! revision, by the same writer, and answers when they are durable. Nothing is read, decided, sealed or projected. It
//! is a process of its own, and no part of the program.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as InPath, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::serve::ListenerExt;
use dossier::adapters::sqlite::{DataFolder, EventStoreOptions, SqliteEventStore};
use dossier::ports::{AppendError, EventStore, Expected, NewEvent};
use dossier_domain::ids::{ContactId, Mark, Stream};
use uuid::Uuid;

use super::client::Source;
use super::load::{DATA_BYTES, Load};
use super::shared::server::Server;

/// By this argument the bench becomes the server.
pub(crate) const FLAG: &str = "--limit-server";

/// This very bench, as the limit.
pub(crate) fn server(data: &Path) -> Server {
    let mut command = Command::new(std::env::current_exe().unwrap());
    Server::started(command.arg(FLAG).arg(data))
}

/// Serves until it is killed.
pub(crate) fn serve(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let data = DataFolder::open(folder).unwrap();
        let store = Arc::new(SqliteEventStore::open(&data, EventStoreOptions::default()).unwrap());
        let router = Router::new().route("/raw/{stream}/{next}", post(append)).with_state(store);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.unwrap();
    });
}

async fn append(
    State(store): State<Arc<SqliteEventStore>>,
    InPath((stream, next)): InPath<(Uuid, u64)>,
    body: Bytes,
) -> Result<String, (StatusCode, String)> {
    let (data, meta) = body.split_at(DATA_BYTES.min(body.len()));
    let event = NewEvent {
        id: Uuid::new_v4(),
        event_type: "message_received".into(),
        version: 1,
        data: data.to_vec(),
        meta: meta.to_vec(),
        marks: vec![Mark(Uuid::new_v4().into_bytes())],
    };
    let expected = next.checked_sub(1).map_or(Expected::NoStream, Expected::Revision);
    let appended = store.append(&Stream::Contact(ContactId(stream)), expected, vec![event]).await;
    let appended = appended.map_err(|error| match error {
        AppendError::WrongRevision { .. } => (StatusCode::PRECONDITION_FAILED, error.to_string()),
        error => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    })?;
    let durable = store.durable(appended.position).await;
    durable.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    Ok(appended.position.to_string())
}

/// What one connection sends to the limit route: the walk over streams that plain group commit does as well.
pub(crate) struct Raw(Load);

impl Raw {
    pub(crate) fn of_connection(place: usize) -> Self {
        Raw(Load::of_task(place))
    }
}

impl Source for Raw {
    fn write(&mut self, request: &mut Vec<u8>) {
        let next = self.0.next();
        let Stream::Contact(stream) = next.stream else { unreachable!("the load writes to contacts") };
        let (data, meta) = (next.event.data, next.event.meta);
        let revision = next.last.map_or(0, |last| last + 1);
        write!(
            request,
            "POST /raw/{stream}/{revision} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            data.len() + meta.len()
        )
        .unwrap();
        request.extend_from_slice(&data);
        request.extend_from_slice(&meta);
    }
}
