//! What Postgres does with the like, without an application server in front: a private server in a folder of its own,
//! flushing every commit, asked by pgbench with prepared statements.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// Who runs the server where this bench is run by root, which Postgres refuses.
const USER: &str = "postgres";
const CONTACTS: usize = super::KNOWN;

/// Transactions a second by so many clients.
pub(crate) fn transactions(clients: usize, seconds: usize) -> f64 {
    let server = Postgres::start();
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

struct Postgres {
    folder: tempfile::TempDir,
    as_root: bool,
}

impl Postgres {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let as_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let server = Postgres { folder, as_root };
        for script in ["schema.sql", "transaction.sql"] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/http/postgres").join(script);
            fs::copy(from, server.script(script)).unwrap();
        }
        if as_root {
            let owned = Command::new("chown").args(["-R", USER]).arg(server.folder.path()).status().unwrap();
            assert!(owned.success(), "the folder is given to {USER}");
        }
        let data = server.data();
        server.ran("initdb", &format!("-A trust -N -U postgres -D {data}"));
        let options = format!(
            "-c listen_addresses= -c unix_socket_directories={} -c max_connections=300 -c shared_buffers=1GB \
             -c fsync=on -c synchronous_commit=on",
            server.folder.path().display()
        );
        let log = server.folder.path().join("log");
        let mut start = server.command("pg_ctl");
        start.args(["-w", "-D", &data, "-o", &options, "-l"]).arg(log).arg("start");
        assert!(start.stdout(Stdio::null()).status().unwrap().success(), "Postgres starts");
        server
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn script(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A program of Postgres, run by somebody who is not root.
    fn command(&self, program: &str) -> Command {
        let program = PathBuf::from(PROGRAMS).join(program);
        let mut command = if self.as_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env("PGHOST", self.folder.path()).env("PGUSER", "postgres").current_dir(self.folder.path());
        command
    }

    /// What a program said, whose flags are parted by blanks.
    fn asked(&self, program: &str, flags: &str) -> String {
        let output = self.command(program).args(flags.split_whitespace()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{program}: {told}{}", String::from_utf8_lossy(&output.stderr));
        told
    }

    fn ran(&self, program: &str, flags: &str) {
        self.asked(program, flags);
    }

    fn psql(&self, flags: &str) {
        self.ran("psql", &format!("-q -v ON_ERROR_STOP=1 {flags} postgres"));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.command("pg_ctl").args(["-m", "immediate", "-D", &data, "stop"]).stdout(Stdio::null()).status();
    }
}
