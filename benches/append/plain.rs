//! What SQLite does with the same bytes when a channel, a thread and a transaction are all there is: the look-up of
//! the revision and the inserts into one file that keeps revisions and marks unique by itself, one commit for whatever
//! has queued.

use std::time::Instant;

use dossier_domain::ids::Stream;
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::load::{Measured, Next, drive};

/// The rows of the product's log, and what one would write first to find them again.
const SCHEMA: &str = concat!(
    include_str!("../../src/adapters/sqlite/event_store/schema.sql"),
    "CREATE UNIQUE INDEX revisions ON events (stream, revision);
     CREATE TABLE marks (mark BLOB NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
);

type Request = (Next, oneshot::Sender<()>);

pub(crate) fn appends(tasks: usize, events: usize) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder.path().join("plain.db"));
    let (requests, mut queue) = mpsc::channel::<Request>(4096);
    let writer = std::thread::spawn(move || {
        let mut batch = Vec::new();
        let mut position = 0;
        while queue.blocking_recv_many(&mut batch, 1024) > 0 {
            commit(&connection, &batch, &mut position).unwrap();
            batch.drain(..).for_each(|(_, done)| done.send(()).unwrap());
        }
    });
    let measured = drive(tasks, events, |mut load, count| {
        let requests = requests.clone();
        async move {
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let next = load.next();
                let started = Instant::now();
                let (done, answer) = oneshot::channel();
                requests.send((next, done)).await.unwrap();
                answer.await.unwrap();
                times.push(started.elapsed());
            }
            times
        }
    });
    drop(requests);
    writer.join().unwrap();
    measured
}

fn open(path: &std::path::Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA page_size = 4096; PRAGMA cache_size = -65536;").unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 16_384).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

fn commit(connection: &Connection, batch: &[Request], position: &mut i64) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    {
        let mut head = transaction
            .prepare_cached("SELECT revision FROM events WHERE stream = ?1 ORDER BY revision DESC LIMIT 1")?;
        let mut events =
            transaction.prepare_cached("INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
        let mut marks = transaction.prepare_cached("INSERT INTO marks VALUES (?1, ?2)")?;
        for (Next { stream, last, event }, _) in batch {
            let Stream::Contact(id) = stream else { unreachable!("the load writes to contacts") };
            let stream = [b"c", id.0.as_bytes().as_slice()].concat();
            let found: Option<i64> = head.query_row([&stream], |row| row.get(0)).optional()?;
            assert_eq!(found, last.map(|last| last as i64), "the writer believed otherwise");
            *position += 1;
            events.execute(params![
                *position,
                stream,
                found.map_or(0, |found| found + 1),
                event.id.as_bytes(),
                event.event_type,
                event.version,
                event.data,
                event.meta,
                event.marks[0].0.as_slice(),
            ])?;
            marks.execute(params![event.marks[0].0, *position])?;
        }
    }
    transaction.commit()
}
