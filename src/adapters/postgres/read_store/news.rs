//! Hearing at once what another process stored: told in the transaction that stores it, heard on a connection that listens.

use std::time::Duration;

use deadpool_postgres::Transaction;
use futures::StreamExt;
use futures::stream::poll_fn;
use tokio::sync::watch;
use tokio_postgres::AsyncMessage;

use super::{Address, Trouble, connect};

/// How long after a connection was lost another one is made.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

fn channel(schema: &str) -> String {
    format!("{schema}_stored")
}

/// Tells, once the transaction is committed, that something is stored.
pub(super) async fn tell(batch: &Transaction<'_>, address: &Address) -> Result<(), Trouble> {
    let tell = batch.prepare_cached("select pg_notify($1, '')").await?;
    batch.execute(&tell, &[&channel(address.schema())]).await?;
    Ok(())
}

/// Counts what is told, until nobody listens any more.
pub(super) fn hear(address: &Address) -> watch::Receiver<u64> {
    let (told, news) = watch::channel(0);
    let address = address.clone();
    tokio::spawn(async move {
        while !told.is_closed() {
            tokio::select! {
                heard = listen(&address, &told) => if let Err(error) = heard {
                    tracing::warn!(error = %Trouble::from(error), "what others store is heard of late");
                },
                () = told.closed() => return,
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    });
    news
}

/// Listens until the connection ends.
async fn listen(address: &Address, told: &watch::Sender<u64>) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = connect::alone(address).await?;
    let mut messages = poll_fn(move |context| connection.poll_message(context));
    let listening = format!("listen {}", channel(address.schema()));
    let mut listening = std::pin::pin!(client.batch_execute(&listening));
    let mut is_listening = false;
    loop {
        tokio::select! {
            begun = &mut listening, if !is_listening => {
                begun?;
                is_listening = true;
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(_))) => told.send_modify(|count| *count += 1),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
