//! The contract over HTTP: a file per resource, `router.rs` lists them. Decides nothing: it reads, asks the
//! application, and writes what came of it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::house::House;

mod asked;
mod billing;
mod body;
mod channels;
mod commands;
mod contacts;
mod conversation;
mod docs;
mod events;
mod fields;
mod headers;
mod logs;
mod merges;
mod messages;
mod metrics;
mod params;
mod projections;
mod reading;
mod reply;
mod role;
pub mod router;
mod search;
mod segments;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod timeline;
mod workspace;

/// How long, after a stop is asked for, requests that were taken may go on.
const GRACE: Duration = Duration::from_secs(30);

/// All that a handler can reach.
#[derive(Clone)]
pub struct Door {
    house: Arc<House>,
    meters: metrics::Meters,
    /// Turns true when no more is taken: streams end then.
    closing: watch::Receiver<bool>,
}

impl Door {
    /// A door to a house. `closing` turns true when streams that never end by themselves shall end.
    pub fn new(house: Arc<House>, closing: watch::Receiver<bool>) -> Self {
        Door { house, meters: metrics::Meters::install(), closing }
    }

    /// Waits until no more is taken.
    async fn closed(&self) {
        let mut closing = self.closing.clone();
        // An error means that whoever could close is gone, so nothing will.
        if closing.wait_for(|closing| *closing).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Serves until `stop` ends; then takes no more, finishes what was taken, and waits for that at most half a minute.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, house: Arc<House>, stop: impl Future<Output = ()> + Send) -> io::Result<()> {
    let (close, closing) = watch::channel(false);
    let door = Door::new(house, closing);
    let (ending, upkeep) = (door.clone(), door.meters.clone());
    // Answers are small and written at once: waiting to fill a packet would cost 40 ms each.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, router::router(door))
        .with_graceful_shutdown(async move { ending.closed().await })
        .into_future();
    let stopping = async {
        stop.await;
        close.send_replace(true);
        tokio::time::sleep(GRACE).await;
        tracing::warn!("requests were still under way when the time to finish them was over");
    };
    tokio::select! {
        served = server => served,
        () = stopping => Ok(()),
        () = upkeep.upkeep() => Ok(()),
    }
}
