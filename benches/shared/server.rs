//! Servers as processes of their own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use super::process::{Kept, dossier};

/// How often a server is asked whether it is ready: seldom enough to take nothing from its start.
const LOOKED_EVERY: Duration = Duration::from_millis(10);

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Kept,
    address: String,
    /// Kept open, so that the server can go on writing to it.
    _out: BufReader<ChildStdout>,
}

impl Server {
    /// The program as it is shipped, with all that it does by default; its log goes to a file beside the data.
    pub(crate) fn of_the_product(data: &Path) -> Self {
        let mut command = dossier();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.stderr(std::fs::File::create(data.join("serve.log")).unwrap());
        let server = Server::started(&mut command);
        while !server.is_ready() {
            std::thread::sleep(LOOKED_EVERY);
        }
        server
    }

    /// Has it stop as an operator does, and waits for that.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").args(["-TERM", &self.process().to_string()]).status();
        assert!(told.unwrap().success());
        assert!(self.child.0.wait().unwrap().success());
    }

    /// Whether it has taken up what the log left, and says so.
    fn is_ready(&self) -> bool {
        self.answer("GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").starts_with("HTTP/1.1 200")
    }

    /// What it answers to JSON, head and all.
    pub(crate) fn post(&self, path: &str, body: &str) -> String {
        self.answer(&format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ))
    }

    fn answer(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// One that tells its address as the program does.
    pub(crate) fn started(command: &mut Command) -> Self {
        let mut child = Kept(command.stdout(Stdio::piped()).spawn().unwrap());
        let mut out = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let address = address.unwrap_or_else(|| panic!("it told no address: {line:?}")).to_owned();
        Server { child, address, _out: out }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.0.id()
    }
}

/// Copies the files of a data folder that nobody has open.
pub(crate) fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
