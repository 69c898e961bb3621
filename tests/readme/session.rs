//! A reader's terminals: a folder, variables that stay set, and a server that is started and stopped.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// What the page writes before the program's own arguments.
const CARGO: &str = "cargo run --release --locked --";
/// Where the page says that the server listens.
const ADDRESS: &str = "http://127.0.0.1:7171";

pub(crate) struct Session {
    folder: tempfile::TempDir,
    /// Lines that set a variable; the shell of every later block begins with them.
    variables: String,
    server: Option<Server>,
}

struct Server {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Session {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        std::os::unix::fs::symlink(tests, folder.path().join("tests")).unwrap();
        Session { folder, variables: String::new(), server: None }
    }

    /// Runs what ends with a server that goes on; answers what was printed up to its address.
    pub(crate) fn load_and_serve(&mut self, commands: &str) -> String {
        let (server, printed) = self.serve(commands);
        self.server = Some(server);
        printed
    }

    /// Runs commands while the server serves.
    pub(crate) fn ask(&mut self, commands: &str) -> String {
        if self.server.is_none() {
            self.server = Some(self.serve("dossier serve\n").0);
        }
        self.run(commands)
    }

    /// Runs commands while no server holds the data.
    pub(crate) fn work(&mut self, commands: &str) -> String {
        self.server = None;
        self.run(commands)
    }

    fn serve(&self, commands: &str) -> (Server, String) {
        let mut child = self.shell(commands).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut server = Server { child, out, address: String::new() };
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            assert!(server.out.read_line(&mut line).unwrap() > 0, "it ended before it served:\n{printed}");
            printed.push_str(&line);
            if let Some(rest) = line.strip_prefix("listening on ") {
                server.address = rest.split(' ').next().unwrap().to_owned();
                let printed = printed.replace(&server.address, ADDRESS);
                return (server, printed);
            }
        }
    }

    fn run(&mut self, commands: &str) -> String {
        let output = self.shell(commands).output().unwrap();
        let sets =
            |line: &&str| line.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase()));
        for line in commands.lines().filter(sets) {
            self.variables.push_str(line);
            self.variables.push('\n');
        }
        String::from_utf8(output.stdout).unwrap()
    }

    /// A shell that prints everything in one stream, as a terminal does.
    fn shell(&self, commands: &str) -> Command {
        let address = self.server.as_ref().map_or(ADDRESS, |server| &server.address);
        let script = format!("exec 2>&1\n{}{commands}", self.variables);
        let script = script.replace(CARGO, "dossier").replace(ADDRESS, address);
        let program = Path::new(env!("CARGO_BIN_EXE_dossier")).parent().unwrap().to_owned();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(self.folder.path()).stdin(Stdio::null());
        shell.env("PATH", path).env("DOSSIER_LISTEN", "127.0.0.1:0").env_remove("DOSSIER_DATA");
        shell
    }
}

impl Drop for Server {
    /// Stops the shell's whole group, and waits until the last of it has ended.
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.out.read_to_end(&mut Vec::new());
        let _ = self.child.wait();
    }
}
