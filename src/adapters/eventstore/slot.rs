//! The client in a slot: every call in a task of its own under a time limit, and a new client where the old one is dead.
//!
//! The official client panics on answers that make no sense, waits without limit, and once it could not connect it never
//! does again. Here a panic ends a task, a limit ends the wait, and the next call gets a new client.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use eventstore::{Client, ClientSettings, Error};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::fault::Fault;
use super::nodelay::NoDelay;
use super::settings::{ConnectError, Options};
use super::wire::Names;

/// Pauses between attempts: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// See the module.
pub(super) struct Slot {
    settings: ClientSettings,
    current: Mutex<Current>,
    /// Held by whoever makes a client: one is enough.
    making: tokio::sync::Mutex<()>,
    pub(super) nodelay: NoDelay,
    pub(super) names: Names,
    call_within: Duration,
    patience: Duration,
    /// Whether the last call was lost; for telling once when that changes.
    in_trouble: AtomicBool,
}

struct Current {
    client: Option<Client>,
    /// Counts the clients made.
    made: u64,
    /// Calls lost since one was answered.
    lost: u32,
}

impl Slot {
    /// Makes the first client; nothing is connected yet.
    pub(super) async fn new(settings: ClientSettings, options: &Options) -> Result<Self, ConnectError> {
        // The client takes the provider that is there; one that is installed after it would be refused.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = make(settings.clone()).await.map_err(ConnectError::Client)?;
        Ok(Slot {
            nodelay: NoDelay::new(&settings),
            settings,
            current: Mutex::new(Current { client: Some(client), made: 1, lost: 0 }),
            making: tokio::sync::Mutex::default(),
            names: Names { prefix: options.prefix.clone() },
            call_within: options.call_within,
            patience: options.patience,
            in_trouble: AtomicBool::new(false),
        })
    }

    /// Whether the last call was lost.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.in_trouble.load(Ordering::Relaxed)
    }

    /// Asks once.
    pub(super) async fn call<T, F>(&self, ask: impl FnOnce(Client) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (client, made) = self.client().await?;
        let mut task = OwnTask(tokio::spawn(ask(client)));
        let (fault, is_dead) = match tokio::time::timeout(self.call_within, &mut task.0).await {
            Ok(Ok(Ok(answer))) => {
                self.answered(made);
                return Ok(answer);
            }
            Ok(Ok(Err(error))) => {
                if let Error::NotLeaderException(leader) = &error {
                    self.nodelay.also(leader.port);
                }
                (Fault::of(&error), matches!(error, Error::ConnectionClosed | Error::GrpcConnectionError(_)))
            }
            Ok(Err(_)) => (Fault::lost("its answer makes no sense"), false),
            // Whoever is silent may be so for ever, and all other calls go through the same connection.
            Err(_) => (Fault::lost("it did not answer in time"), true),
        };
        match fault {
            Fault::Lost(_) => self.lost(made, is_dead),
            _ => self.answered(made),
        }
        Err(fault)
    }

    /// Asks until there is an answer, or patience ends. Only for what may be asked twice.
    pub(super) async fn ask<T, F>(&self, ask: impl Fn(Client) -> F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut patience = self.patience();
        loop {
            match self.call(&ask).await {
                Err(Fault::Lost(reason)) => patience.pause(reason).await?,
                answered => return answered,
            }
        }
    }

    /// For somebody who tries again.
    pub(super) fn patience(&self) -> Patience {
        Patience { until: Instant::now() + self.patience, pause: PAUSES.0 }
    }

    async fn client(&self) -> Result<(Client, u64), Fault> {
        let current = || {
            let current = self.current.lock();
            current.client.clone().map(|client| (client, current.made))
        };
        if let Some(found) = current() {
            return Ok(found);
        }
        let _making = self.making.lock().await;
        if let Some(found) = current() {
            return Ok(found);
        }
        let client = make(self.settings.clone()).await.map_err(Fault::Lost)?;
        let mut current = self.current.lock();
        current.made += 1;
        current.lost = 0;
        current.client = Some(client.clone());
        Ok((client, current.made))
    }

    fn answered(&self, made: u64) {
        self.nodelay.settle();
        let mut current = self.current.lock();
        if current.made == made {
            current.lost = 0;
        }
        drop(current);
        if self.in_trouble.swap(false, Ordering::Relaxed) {
            tracing::info!("the event store answers again");
        }
    }

    /// A dead client is given up. So is one that loses call after call: it stays with the node it has, though another may
    /// lead by now.
    fn lost(&self, made: u64, is_dead: bool) {
        const TOO_MANY: u32 = 3;
        self.nodelay.distrust();
        let mut current = self.current.lock();
        if current.made == made {
            current.lost += 1;
            if is_dead || current.lost >= TOO_MANY {
                current.client = None;
            }
        }
        drop(current);
        if !self.in_trouble.swap(true, Ordering::Relaxed) {
            tracing::warn!("the event store does not answer as it should; calls are tried again");
        }
    }
}

/// Making one reads certificates, which blocks.
async fn make(settings: ClientSettings) -> Result<Client, String> {
    let handle = tokio::runtime::Handle::current();
    let made = tokio::task::spawn_blocking(move || Client::with_runtime_handle(handle, settings)).await;
    made.map_err(|_| "making its client failed".to_owned())?.map_err(|error| error.to_string())
}

/// How long somebody tries again.
pub(super) struct Patience {
    until: Instant,
    pause: Duration,
}

impl Patience {
    /// Waits before the next attempt; where there is to be none, the reason is the fault.
    pub(super) async fn pause(&mut self, reason: String) -> Result<(), Fault> {
        if Instant::now() + self.pause >= self.until {
            return Err(Fault::Lost(reason));
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSES.1);
        Ok(())
    }
}

/// A task that ends with whoever waits for it.
struct OwnTask<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for OwnTask<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
