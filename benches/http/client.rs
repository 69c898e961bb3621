//! The load generator: closed loops over kept connections, in one thread and with as little computing as HTTP/1.1
//! allows. A request is made in place, and of an answer only its status and its length are read.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::shared::process::{cpu_of, own_cpu};
use super::shared::server::Server;

/// Not counted: caches fill, and the server finds its pace.
const WARM: Duration = Duration::from_secs(1);

/// Makes requests.
pub(crate) trait Source: Send + 'static {
    /// The next one, whole.
    fn write(&mut self, request: &mut Vec<u8>);
}

/// What came of a run.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) answers: usize,
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) server_cpu: Duration,
    own_cpu: Duration,
}

impl Measured {
    pub(crate) fn better(self, other: Self) -> Self {
        if other.rate > self.rate { other } else { self }
    }

    /// The generator's share of all the computing.
    pub(crate) fn own_share(&self) -> f64 {
        self.own_cpu.as_secs_f64() / (self.own_cpu + self.server_cpu).as_secs_f64()
    }
}

/// Runs one closed loop a source.
pub(crate) fn drive<S: Source>(server: &Server, sources: Vec<S>, seconds: usize) -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut loops = Vec::with_capacity(sources.len());
        for source in sources {
            loops.push(Loop::connected(server.address(), source).await);
        }
        let mut loops = together(loops, WARM).await;
        loops.iter_mut().for_each(|one| one.times.clear());
        let before = (cpu_of(server.process()), own_cpu());
        let begun = Instant::now();
        let loops = together(loops, Duration::from_secs(seconds as u64)).await;
        let took = begun.elapsed();
        let (server_cpu, own_cpu) = (cpu_of(server.process()) - before.0, own_cpu() - before.1);
        let mut times: Vec<Duration> = loops.into_iter().flat_map(|one| one.times).collect();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let rate = times.len() as f64 / took.as_secs_f64();
        Measured { answers: times.len(), rate, p50: at(50), p99: at(99), server_cpu, own_cpu }
    })
}

async fn together<S: Source>(loops: Vec<Loop<S>>, long: Duration) -> Vec<Loop<S>> {
    let until = Instant::now() + long;
    let running: Vec<_> = loops.into_iter().map(|one| tokio::spawn(one.run(until))).collect();
    let mut done = Vec::with_capacity(running.len());
    for one in running {
        done.push(one.await.unwrap());
    }
    done
}

/// One connection, and who asks over it.
struct Loop<S> {
    stream: TcpStream,
    source: S,
    request: Vec<u8>,
    answer: Vec<u8>,
    times: Vec<Duration>,
}

impl<S: Source> Loop<S> {
    async fn connected(address: &str, source: S) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Loop { stream, source, request: Vec::new(), answer: vec![0; 64 << 10], times: Vec::new() }
    }

    async fn run(mut self, until: Instant) -> Self {
        let mut begun = Instant::now();
        while begun < until {
            self.request.clear();
            self.source.write(&mut self.request);
            self.stream.write_all(&self.request).await.unwrap();
            self.answered().await;
            let now = Instant::now();
            self.times.push(now - begun);
            begun = now;
        }
        self
    }

    /// Reads one whole answer, which must be a success.
    async fn answered(&mut self) {
        let mut read = 0;
        let mut whole = None;
        while whole.is_none_or(|whole| read < whole) {
            let more = self.stream.read(&mut self.answer[read..]).await.unwrap();
            assert!(more > 0, "the server closed a connection");
            read += more;
            whole = whole.or_else(|| length(&self.answer[..read]));
        }
        let success = self.answer[9] == b'2';
        assert!(success, "{}\n{}", self.told(), String::from_utf8_lossy(&self.answer[..read]));
    }

    fn told(&self) -> String {
        String::from_utf8_lossy(&self.request).into_owned()
    }
}

/// Bytes of an answer, head and body, once its head is there.
fn length(answer: &[u8]) -> Option<usize> {
    const LENGTH: &[u8] = b"content-length: ";
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let place = answer[..head].windows(LENGTH.len()).position(|name| name.eq_ignore_ascii_case(LENGTH)).unwrap();
    let digits = answer[place + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(head + digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0')))
}
