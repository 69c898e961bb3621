//! What Postgres does with the like, without an application server in front, asked by pgbench with prepared statements.

use std::path::Path;

use super::shared::postgres::Postgres;

const CONTACTS: usize = super::KNOWN;

/// Transactions a second by so many clients.
pub(crate) fn transactions(clients: usize, seconds: usize) -> f64 {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/http/postgres");
    let server = Postgres::start(&[&scripts.join("schema.sql"), &scripts.join("transaction.sql")]);
    server.psql(&format!("-v contacts={CONTACTS} -f {}", server.script("schema.sql")));
    let script = server.script("transaction.sql");
    let run = |seconds: usize| {
        let flags =
            format!("-n -M prepared -c {clients} -j 1 -T {seconds} -D contacts={CONTACTS} -f {script} postgres");
        server.asked("pgbench", &flags)
    };
    run(1);
    let told = run(seconds);
    let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split_whitespace().next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench told no rate: {told}"))
}
