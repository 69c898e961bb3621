//! A private Postgres server in a folder of its own, flushing every commit, reached by its own programs alone.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// Who runs the server where a bench is run by root, which Postgres refuses.
const USER: &str = "postgres";

/// A running server; stopped when dropped, and its folder removed.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    as_root: bool,
}

impl Postgres {
    /// Starts one that has copies of these scripts beside its data.
    pub(crate) fn start(scripts: &[&Path]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let as_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let server = Postgres { folder, as_root };
        for from in scripts {
            let name = from.file_name().unwrap().to_str().unwrap();
            fs::copy(from, server.script(name)).unwrap();
        }
        if as_root {
            let owned = Command::new("chown").args(["-R", USER]).arg(server.folder.path()).status().unwrap();
            assert!(owned.success(), "the folder is given to {USER}");
        }
        let data = server.data();
        // Text in the order of its code points, whatever the machine speaks.
        server.ran("initdb", &format!("-A trust -N -U postgres -E UTF8 --locale=C.UTF-8 -D {data}"));
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

    /// Where a script of this name lies, or is to be put.
    pub(crate) fn script(&self, name: &str) -> String {
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
    pub(crate) fn asked(&self, program: &str, flags: &str) -> String {
        let output = self.command(program).args(flags.split_whitespace()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{program}: {told}{}", String::from_utf8_lossy(&output.stderr));
        told
    }

    /// psql with one statement, which reads what it is fed.
    pub(crate) fn fed(&self, statement: &str) -> Child {
        let mut command = self.command("psql");
        command.args(["-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement]).stdin(Stdio::piped());
        command.spawn().unwrap()
    }

    fn ran(&self, program: &str, flags: &str) {
        self.asked(program, flags);
    }

    /// Runs statements or a script.
    pub(crate) fn psql(&self, flags: &str) {
        self.ran("psql", &format!("-q -v ON_ERROR_STOP=1 {flags} postgres"));
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.command("pg_ctl").args(["-m", "immediate", "-D", &data, "stop"]).stdout(Stdio::null()).status();
    }
}
