//! Durable commands over HTTP, against the limit of the same server and writer with nothing decided, against plain
//! group commit in SQLite, and against Postgres doing the like.
//!
//! `cargo bench --bench http -- [seconds per run] [connections]...`

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement stops at the first surprise")]

use std::path::Path;
use std::process::ExitCode;

#[path = "http/client.rs"]
mod client;
#[path = "http/limit.rs"]
mod limit;
#[path = "append/load.rs"]
mod load;
#[path = "http/mix.rs"]
mod mix;
#[path = "append/plain.rs"]
mod plain;
#[path = "http/postgres.rs"]
mod postgres;
#[path = "shared/mod.rs"]
mod shared;

use client::Measured;
use shared::server::{self, Server};
use shared::table::{Bars, figure, head, row};

/// As the program has it: the limit route is served with it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of the limit route, at the connections where the bars hold.
const OF_THE_LIMIT: f64 = 0.4;
/// Of Postgres, there.
const OF_POSTGRES: f64 = 2.5;
/// What the limit route itself must reach of plain group commit.
const LIMIT_OF_PLAIN: f64 = 0.8;
/// Where the bars hold.
const AT_CONNECTIONS: usize = 64;
/// Interleaved, and the better of so many each: neighbours on the machine disturb one run, seldom both.
const ROUNDS: usize = 2;
/// Contacts that the store knows before the first request.
const KNOWN: usize = 20_000;
/// Before it is measured a server answers for so long: one that was just started reads every contact for the first time.
const WARM_SECONDS: usize = 5;
/// The first of the connections that send meanwhile; each sends what no other one does.
const WARMING_UP: usize = 1_000;
/// Appends of a run of plain group commit, for each second of the other runs.
const PLAIN_A_SECOND: usize = 50_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, folder] = &*arguments
        && flag == limit::FLAG
    {
        limit::serve(Path::new(folder));
        return ExitCode::SUCCESS;
    }
    let mut numbers = arguments.iter().filter_map(|argument| argument.parse().ok());
    let seconds = numbers.next().unwrap_or(5);
    let connections: Vec<usize> = numbers.collect();
    let connections = if connections.is_empty() { vec![1, 16, AT_CONNECTIONS, 256] } else { connections };
    let known = tempfile::tempdir().unwrap();
    mix::prepare(known.path(), KNOWN);

    let mut bars = Bars::default();
    head(&[
        "connections",
        "commands/s",
        "p50 ms",
        "p99 ms",
        "limit route/s",
        "of the limit",
        "plain SQLite/s",
        "limit of plain",
        "server CPU us/command",
        "load generator's share of CPU",
    ]);
    for connections in connections {
        let (product, limit, plain) = best_of_rounds(known.path(), connections, seconds);
        told(connections, &product, &limit, &plain);
        if connections == AT_CONNECTIONS {
            bars.at_least("of the limit route", product.rate / limit.rate, OF_THE_LIMIT);
            bars.at_least("limit route of plain group commit", limit.rate / plain.rate, LIMIT_OF_PLAIN);
            let postgres = postgres::transactions(AT_CONNECTIONS, seconds);
            println!("\nPostgres, message and contact and audit in one transaction: {} a second", figure(postgres));
            bars.at_least("times Postgres", product.rate / postgres, OF_POSTGRES);
        }
    }
    bars.verdict()
}

/// The product, the limit route and plain group commit, measured in turn.
fn best_of_rounds(known: &Path, connections: usize, seconds: usize) -> (Measured, Measured, load::Measured) {
    let (mut best, mut plain) = ([Measured::default(); 2], load::Measured::default());
    let appends = seconds * PLAIN_A_SECOND / if connections == 1 { 4 } else { 1 };
    for _ in 0..ROUNDS {
        best[0] = best[0].better(product(known, connections, seconds));
        best[1] = best[1].better(limit(connections, seconds));
        plain = plain.better(plain::appends(connections, appends));
    }
    (best[0], best[1], plain)
}

fn product(known: &Path, connections: usize, seconds: usize) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    server::copy(known, folder.path());
    let server = Server::of_the_product(folder.path());
    let sources = |first| (first..first + connections).map(|place| mix::Mix::of_connection(place, KNOWN)).collect();
    client::drive(&server, sources(WARMING_UP), WARM_SECONDS);
    client::drive(&server, sources(0), seconds)
}

fn limit(connections: usize, seconds: usize) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let server = limit::server(folder.path());
    client::drive(&server, (0..connections).map(limit::Raw::of_connection).collect(), seconds)
}

fn told(connections: usize, product: &Measured, limit: &Measured, plain: &load::Measured) {
    row(&[
        connections.to_string(),
        figure(product.rate),
        format!("{:.2}", product.p50.as_secs_f64() * 1e3),
        format!("{:.2}", product.p99.as_secs_f64() * 1e3),
        figure(limit.rate),
        format!("{:.2}", product.rate / limit.rate),
        figure(plain.rate),
        format!("{:.2}", limit.rate / plain.rate),
        format!("{:.1}", product.server_cpu.as_secs_f64() * 1e6 / product.answers.max(1) as f64),
        format!("{:.0} %", 100.0 * product.own_share()),
    ]);
}
