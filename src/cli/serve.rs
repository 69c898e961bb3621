//! `dossier serve`: the store over HTTP.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, Place};
use crate::house::{Options, Role};
use crate::http;

/// Serves the store over HTTP.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  dossier serve --data ./dossier-data --listen 127.0.0.1:7171\n\nStops at SIGTERM or \
                        Ctrl-C, after it has answered what it took."
)]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7171", env = "DOSSIER_LISTEN")]
    listen: SocketAddr,
    /// What this process does, where several share a log, read models and keys on servers.
    #[arg(long, value_enum, value_name = "ROLE", default_value = "all", env = "DOSSIER_ROLE")]
    role: ServedRole,
}

/// What a process does.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ServedRole {
    /// Serves, and projects when no other process does.
    All,
    /// Serves, and never projects.
    Api,
    /// Projects when no other process does, and serves nothing but its condition.
    Projector,
}

impl From<ServedRole> for Role {
    fn from(role: ServedRole) -> Self {
        match role {
            ServedRole::All => Role::All,
            ServedRole::Api => Role::Api,
            ServedRole::Projector => Role::Projector,
        }
    }
}

impl Serve {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        if !self.listen.ip().is_loopback() {
            return Err(format!(
                "{} can be reached from other machines, and there is no access control yet: listen on 127.0.0.1, and \
                 let a proxy that knows its callers stand in front",
                self.listen
            )
            .into());
        }
        // Before anybody is told where to ask: who stops it then must find it listening to that too.
        let signals = Signals::hear()?;
        let house = self.place.open_with(Options { role: self.role.into(), ..Options::default() }).await?;
        let listener = tokio::net::TcpListener::bind(self.listen).await;
        let listener = listener
            .map_err(|error| format!("can't listen on {}: {error}; name another address with --listen", self.listen))?;
        let address = listener.local_addr()?;
        let starting = house.clone();
        let started = tokio::spawn(async move {
            let outcome = starting.start().await;
            if let Err(error) = &outcome {
                tracing::error!(%error, "the store can't start; it serves what it can");
            }
            outcome
        });
        house.folder().served_at(&format!("http://{address}"))?;
        println!("listening on http://{address} (this machine only: there is no access control)");
        http::serve(listener, house.clone(), signals.either()).await?;
        if started.is_finished() {
            started.await??;
        }
        house.stop().await?;
        println!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// SIGTERM and Ctrl-C, heard from the moment that this is made.
struct Signals {
    terminated: Signal,
    interrupted: Signal,
}

impl Signals {
    fn hear() -> io::Result<Self> {
        Ok(Signals { terminated: signal(SignalKind::terminate())?, interrupted: signal(SignalKind::interrupt())? })
    }

    /// Waits for either.
    async fn either(mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}
