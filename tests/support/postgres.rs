//! A private Postgres server in a folder of its own, reached over a socket there, or by way of the loopback where a test asks
//! for that, and by nobody else.
#![allow(dead_code, reason = "each test binary and bench uses its part")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where Debian puts the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Who runs the server where the tests are run by root, which Postgres refuses.
const USER: &str = "postgres";
/// A data folder as `initdb` makes it, kept between runs: copying it takes a tenth of the time.
const TEMPLATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/postgres-template");

/// As a server of a bench: every commit is flushed.
const FLUSHING: &str = "-c max_connections=300 -c shared_buffers=1GB -c fsync=on -c synchronous_commit=on";
/// As a server of read models: the same, with room for the write-ahead log of a rebuild.
const LARGE: &str = "-c max_connections=100 -c shared_buffers=1GB -c fsync=on -c synchronous_commit=on \
    -c max_wal_size=16GB -c checkpoint_timeout=30min -c wal_compression=on";
/// As a server of a test: it is small, and what it was told survives its own end, though no power cut.
const SMALL: &str = "-c max_connections=100 -c shared_buffers=32MB -c fsync=off";

/// Where a server listens that nobody reaches by its port.
const PORT: u16 = 5432;
/// Who comes by the loopback to a server with a certificate: only by TLS, and with a password.
const BY_TLS: &str = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
/// The password that it is asked for then.
const PASSWORD: &str = "s3cret";

/// A running server; stopped when dropped, and its folder removed.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    as_root: bool,
    options: String,
    port: u16,
}

impl Postgres {
    /// Starts one that flushes every commit and has copies of these scripts beside its data.
    pub(crate) fn start(scripts: &[&Path]) -> Self {
        Postgres::started(FLUSHING, PORT, |folder| {
            for from in scripts {
                fs::copy(from, folder.join(from.file_name().unwrap())).unwrap();
            }
        })
    }

    /// Starts one that flushes every commit and takes much at once.
    pub(crate) fn large() -> Self {
        Postgres::started(LARGE, PORT, |_| {})
    }

    /// Starts a small one.
    pub(crate) fn small() -> Self {
        Postgres::started(SMALL, PORT, |_| {})
    }

    /// Starts a small one that listens on the loopback too: to whoever comes, or to those who come by TLS and with the password,
    /// where it is given a certificate and its key.
    pub(crate) fn networked(certificate: Option<[&str; 2]>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = format!("{SMALL} -c listen_addresses=127.0.0.1 -c port={port}");
        let Some([certificate, key]) = certificate else { return Postgres::started(&options, port, |_| {}) };
        // Postgres looks for the first two from its data on, and for the last from where it was started.
        let files = "-c ssl_cert_file=../server.crt -c ssl_key_file=../server.key -c hba_file=hba.conf";
        let server = Postgres::started(&format!("{options} -c ssl=on {files}"), port, |folder| {
            for (name, text) in [("server.crt", certificate), ("server.key", key), ("hba.conf", BY_TLS)] {
                fs::write(folder.join(name), text).unwrap();
            }
            fs::set_permissions(folder.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
        });
        server.answer(&format!("alter role postgres password '{PASSWORD}'"));
        server
    }

    fn started(options: &str, port: u16, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let as_root = fs::metadata("/proc/self").unwrap().uid() == 0;
        let server = Postgres { folder, as_root, options: options.to_owned(), port };
        fill(server.folder.path());
        if as_root {
            let owned = Command::new("chown").args(["-R", USER]).arg(server.folder.path()).status().unwrap();
            assert!(owned.success(), "the folder is given to {USER}");
        }
        server.make_data();
        server.run();
        server
    }

    /// Copies the template, which the first of all makes.
    fn make_data(&self) {
        let version = programs().to_string_lossy().replace('/', "-");
        let template = PathBuf::from(format!("{TEMPLATE}{version}"));
        let lock = fs::File::create(template.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        if !template.exists() {
            // Text in the order of its code points, whatever the machine speaks.
            self.asked("initdb", &format!("-A trust -N -U postgres -E UTF8 --locale=C.UTF-8 -D {}", self.data()));
            let draft = template.with_extension("draft");
            let _ = fs::remove_dir_all(&draft);
            copy(Path::new(&self.data()), &draft);
            fs::rename(&draft, &template).unwrap();
            return;
        }
        drop(lock);
        copy(&template, Path::new(&self.data()));
    }

    /// Starts it, again after it was killed, and waits until it answers.
    pub(crate) fn run(&self) {
        let folder = self.folder.path().display();
        let options = format!("-c listen_addresses= -c unix_socket_directories={folder} {}", self.options);
        let log = self.folder.path().join("log");
        let mut start = self.command("pg_ctl");
        start.args(["-w", "-D", &self.data(), "-o", &options, "-l"]).arg(&log).arg("start");
        let started = start.stdout(Stdio::null()).status().unwrap().success();
        assert!(started, "Postgres starts: {}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Ends it as a crash does: nothing is finished, every connection is cut.
    pub(crate) fn crash(&self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["-w", "-m", "immediate", "-D", &self.data(), "stop"]);
        assert!(stop.stdout(Stdio::null()).status().unwrap().success(), "Postgres stops");
    }

    /// How a client writes where it is.
    pub(crate) fn address(&self) -> String {
        format!("postgres:///postgres?host={}&port={}&user=postgres", self.folder.path().display(), self.port)
    }

    /// The same by way of the loopback, with the server under whichever name.
    pub(crate) fn address_of(&self, host: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@{host}:{}/postgres?hostaddr=127.0.0.1", self.port)
    }

    /// The folder of its socket.
    pub(crate) fn host(&self) -> &Path {
        self.folder.path()
    }

    /// What it has said of itself.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
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
        let program = programs().join(program);
        let mut command = if self.as_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.env("PGHOST", self.folder.path()).env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        command.current_dir(self.folder.path());
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

    /// What a statement answers: a line a row, its values parted by `|`.
    #[track_caller]
    pub(crate) fn answer(&self, statement: &str) -> String {
        let mut command = self.command("psql");
        command.args(["-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs statements or a script.
    pub(crate) fn psql(&self, flags: &str) {
        self.asked("psql", &format!("-q -v ON_ERROR_STOP=1 {flags} postgres"));
    }
}

/// The folder of the newest version's programs.
pub(crate) fn programs() -> PathBuf {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten().map(|version| version.path());
    let newest = versions.filter(|version| version.join("bin/initdb").is_file()).max();
    newest.expect("Postgres is installed: test.sh says how").join("bin")
}

/// Copies a data folder with its owner.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success(), "a data folder is copied");
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.command("pg_ctl").args(["-m", "immediate", "-D", &data, "stop"]).stdout(Stdio::null()).status();
    }
}
