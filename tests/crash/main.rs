//! The program is killed under load, again and again: what was acknowledged stays, once; what was not is whole or absent.
//!
//! `DOSSIER_CRASH_ROUNDS` says how often (50), `DOSSIER_CRASH_SEED` with which dice.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod check;
mod load;
#[path = "../support/server.rs"]
mod server;
mod snapshot;

use load::World;
use server::{Dice, Server};

fn from_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Rounds between two readings of the whole log.
const VERIFIED_EVERY: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_keeps_every_acknowledged_command_once_and_leaves_nothing_half_done() {
    let (rounds, seed) = (from_env("DOSSIER_CRASH_ROUNDS", 50), from_env("DOSSIER_CRASH_SEED", 1));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (mut dice, mut world) = (Dice(seed), World::default());
    for round in 0..rounds {
        if dice.below(4) == 0 {
            // Killed while it starts: recovery may be cut off anywhere.
            let early = Server::spawn(&data);
            for _ in 0..dice.below(3_000) {
                tokio::task::yield_now().await;
            }
            early.kill();
        }
        let server = Server::start(&data).await;
        check::after_restart(&server, &mut world).await;
        load::until_killed(server, &mut world, &mut dice, round).await;
        if round % VERIFIED_EVERY == VERIFIED_EVERY - 1 {
            server::verify(&data);
            let server = Server::start(&data).await;
            check::after_restart(&server, &mut world).await;
            check::whole(&server, &world).await;
        }
    }
    let server = Server::start(&data).await;
    check::after_restart(&server, &mut world).await;
    check::all_again(&server, &world).await;
    check::whole(&server, &world).await;
    server.stop();
    let verdict = server::verify(&data);
    println!("seed {seed}: {rounds} rounds, {} commands acknowledged, {verdict}", world.settled.len());
}
