//! The real program as a process of its own, and a client of it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;

/// How long readiness is asked for: much longer than a busy machine takes.
const READY_WITHIN: Duration = Duration::from_secs(60);

const PROGRAM: &str = env!("CARGO_BIN_EXE_dossier");

/// A running `dossier serve`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Kept, so that the program can go on writing to it.
    out: BufReader<ChildStdout>,
    caller: Caller,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Server {
    /// Starts it over a data folder, and reads its address; it may not be ready yet.
    pub(crate) fn spawn(data: &Path) -> Server {
        Server::spawn_over(data, &[])
    }

    /// The same, with more in its environment.
    fn spawn_over(data: &Path, variables: &[(&str, &str)]) -> Server {
        let log = std::fs::File::options().create(true).append(true).open(log_of(data)).unwrap();
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.split_whitespace().find(|word| word.starts_with("http://"));
        let told = || std::fs::read_to_string(log_of(data)).unwrap_or_default();
        let base = address.unwrap_or_else(|| panic!("it told no address: {line:?} {}", told())).to_owned();
        let client = Client::builder().no_proxy().build().unwrap();
        Server { child, out, caller: Caller { base, client, told: Arc::default() } }
    }

    /// Starts it, and waits until it says that it is ready.
    pub(crate) async fn start(data: &Path) -> Server {
        Server::start_with(data, None).await
    }

    /// The same, with a deliberate break made in the whole process.
    pub(crate) async fn start_with(data: &Path, broken: Option<&str>) -> Server {
        Server::start_over(data, broken.map(|broken| ("DOSSIER_SABOTAGE", broken)).as_slice()).await
    }

    /// The same, with more in its environment.
    pub(crate) async fn start_over(data: &Path, variables: &[(&str, &str)]) -> Server {
        let server = Server::spawn_over(data, variables);
        let begun = Instant::now();
        while begun.elapsed() < READY_WITHIN {
            if server.get("/readyz").await.is_ok_and(|reply| reply.status == 200) {
                return server;
            }
            tokio::task::yield_now().await;
        }
        panic!("it never became ready: {}", std::fs::read_to_string(log_of(data)).unwrap_or_default());
    }

    /// What it says when it will not start.
    pub(crate) fn refused(data: &Path, variables: &[(&str, &str)]) -> String {
        let mut serve = Command::new(PROGRAM);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).envs(variables.iter().copied());
        let Output { status, stderr, .. } = serve.output().unwrap();
        assert_eq!(status.code(), Some(1));
        String::from_utf8(stderr).unwrap()
    }

    /// SIGKILL: nothing is flushed, nothing is told.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and nothing is waited for.
    pub(crate) fn ask_to_stop(&self) {
        self.signal("-TERM");
    }

    /// Sends a signal, such as `-STOP`.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// SIGTERM: it answers what it took, and ends well.
    pub(crate) fn stop(mut self) {
        self.ask_to_stop();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "it ended badly: {rest}");
    }

    /// Where it listens: `http://` and so on.
    pub(crate) fn address(&self) -> &str {
        &self.caller.base
    }

    /// A client that goes on when the server is gone.
    pub(crate) fn caller(&self) -> Caller {
        self.caller.clone()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Result<Reply> {
        self.caller().send(Method::GET, path, &[], None).await
    }

    /// A command or a read under `/v1/workspaces/default`; an object or array is sent as JSON, null sends no body.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Reply {
        self.with(method, path, &[], body).await
    }

    /// The same with headers.
    pub(crate) async fn with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
        self.caller().call(method, path, headers, &body).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of a server.
#[derive(Clone)]
pub(crate) struct Caller {
    base: String,
    client: Client,
    /// The highest position that any caller was told of; reads wait for it.
    told: Arc<AtomicU64>,
}

impl Caller {
    /// From now on reads wait for what another caller was told of too.
    pub(crate) fn hear(&self, other: &Caller) {
        self.told.fetch_max(other.told.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Sends a request as it is given, to a path from the root; an error if no whole answer came.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> reqwest::Result<Reply> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    /// As [`Server::with`]; an error if no whole answer came.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> reqwest::Result<Reply> {
        let mut path = format!("/v1/workspaces/default{path}");
        let (mut headers, mut bytes) = (headers.to_vec(), None);
        let told = self.told.load(Ordering::Relaxed).to_string();
        if method == "GET" && told != "0" && !path.contains("wait_ms") {
            headers.push(("dossier-min-position", &told));
            path.push_str(if path.contains('?') { "&wait_ms=60000" } else { "?wait_ms=60000" });
        }
        if !body.is_null() {
            headers.push(("content-type", "application/json"));
            bytes = Some(body.to_string().into_bytes());
        }
        let reply = self.send(method.parse().unwrap(), &path, &headers, bytes).await?;
        if method != "GET" {
            self.told.fetch_max(reply.header("dossier-position").parse().unwrap_or(0), Ordering::Relaxed);
        }
        Ok(reply)
    }
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = || String::from_utf8_lossy(&self.bytes);
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}: {}", self.status, text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which must be of this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }

    /// Status and name of the problem, which must be written as RFC 9457 wants it.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.status);
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert!(json["title"].is_string() && json["detail"].is_string());
        (self.status, json["type"].as_str().unwrap().strip_prefix("/problems/").unwrap().to_owned())
    }
}

/// Where the program's log of a data folder goes: beside the folder, not into it.
pub(crate) fn log_of(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// Runs `dossier verify` over a folder that no process holds; it must find nothing.
#[track_caller]
pub(crate) fn verify(data: &Path) -> Value {
    let Output { status, stdout, stderr } =
        Command::new(PROGRAM).args(["verify", "--json", "--data"]).arg(data).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "verify found something: {stdout} {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// A small generator of numbers, so that a run can be had again.
#[derive(Clone)]
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `below`, which is not 0.
    pub(crate) fn below(&mut self, below: usize) -> usize {
        (self.next() % below as u64) as usize
    }

    pub(crate) fn of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { items.get(self.below(items.len())) }
    }
}
