//! Nodes on sockets: up, down, up again.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures::StreamExt;
use parking_lot::Mutex;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use crate::faults::Faults;
use crate::line::Line;
use crate::log::{Log, Stored};
use crate::node::{Gossiping, Node, Telling};

/// What the nodes of one cluster share.
pub(crate) struct Cluster {
    pub(crate) log: Log,
    /// The number of the node that leads.
    pub(crate) leader: AtomicUsize,
    pub(crate) addresses: Mutex<Vec<SocketAddr>>,
    /// Whoever reads from a follower sees nothing from this position on.
    pub(crate) lag: AtomicU64,
}

/// One node of the double, on a thread of its own.
pub struct Double {
    node: Arc<Node>,
    cluster: Arc<Cluster>,
    address: SocketAddr,
    runtime: Option<Runtime>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Double {
    /// A single node on a free port, up.
    pub fn start() -> Self {
        Double::cluster(1).pop().unwrap()
    }

    /// Nodes over one log; the first leads.
    pub fn cluster(count: usize) -> Vec<Self> {
        let cluster = Arc::new(Cluster {
            log: Log::new(),
            leader: AtomicUsize::new(0),
            addresses: Mutex::default(),
            lag: AtomicU64::new(u64::MAX),
        });
        (0..count).map(|number| Double::node(cluster.clone(), number)).collect()
    }

    fn node(cluster: Arc<Cluster>, number: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        cluster.addresses.lock().push(address);
        let node = Arc::new(Node::new(cluster.clone(), number));
        let double = Double { node, cluster, address, runtime: Some(runtime), serving: Mutex::default() };
        double.serve(listener);
        double
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }

    fn serve(&self, listener: TcpListener) {
        let node = self.node.clone();
        listener.set_nonblocking(true).unwrap();
        // Whoever calls may be in a runtime already.
        let _within = self.runtime().enter();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let lines = TcpListenerStream::new(listener).map({
            let node = node.clone();
            move |stream| {
                let stream = stream?;
                // As the real one does.
                stream.set_nodelay(true)?;
                Ok::<_, std::io::Error>(Line::new(stream, node.cuts.subscribe()))
            }
        });
        const HUGE: usize = 64 << 20;
        let streams = crate::node::streams(node.clone()).max_decoding_message_size(HUGE);
        let server = Server::builder()
            .add_service(streams)
            .add_service(crate::node::features(Telling(node.clone())))
            .add_service(crate::node::gossip(Gossiping(node)));
        let task = tokio::spawn(async move { drop(server.serve_with_incoming(lines).await) });
        *self.serving.lock() = Some(task);
    }

    /// The connection string of this node alone.
    pub fn connection(&self) -> String {
        format!("esdb://{}?tls=false", self.address)
    }

    /// The connection string that names every node.
    pub fn connection_to_all(&self) -> String {
        let all: Vec<String> = self.cluster.addresses.lock().iter().map(ToString::to_string).collect();
        format!("esdb://{}?tls=false", all.join(","))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What goes wrong on this node.
    pub fn faults(&self) -> &Faults {
        &self.node.faults
    }

    /// Cuts every connection to it.
    pub fn cut(&self) {
        self.node.cut();
    }

    /// Nobody listens there any more, and every connection is cut.
    pub fn down(&self) {
        if let Some(serving) = self.serving.lock().take() {
            serving.abort();
            while !serving.is_finished() {
                std::thread::yield_now();
            }
        }
        self.cut();
    }

    /// Listens again at the same address.
    pub fn up(&self) {
        if self.serving.lock().is_some() {
            return;
        }
        loop {
            if let Ok(listener) = TcpListener::bind(self.address) {
                return self.serve(listener);
            }
            std::thread::yield_now();
        }
    }

    /// From now on appends wait before they land.
    pub fn hold(&self) {
        self.node.held.send_replace(true);
    }

    /// Those that waited land.
    pub fn release(&self) {
        self.node.held.send_replace(false);
    }

    /// This node leads from now on.
    pub fn lead(&self) {
        self.cluster.leader.store(self.node.number, Ordering::SeqCst);
    }

    /// Followers lag: whoever reads from them sees nothing that is appended from now on.
    pub fn followers_lag(&self) {
        let last = self.cluster.log.foreign_to_the_server().last().map_or(0, |event| event.position + 1);
        self.cluster.lag.store(last, Ordering::SeqCst);
    }

    /// Everything that was appended by others than the server.
    pub fn events(&self) -> Vec<Stored> {
        self.cluster.log.foreign_to_the_server()
    }

    /// The log behind it.
    pub fn log(&self) -> &Log {
        &self.cluster.log
    }

    /// How many calls came, of every kind, since it was made.
    pub fn calls(&self) -> u64 {
        self.node.calls.load(Ordering::SeqCst)
    }

    /// How many calls came that would have taken a follower's word.
    pub fn careless_calls(&self) -> u64 {
        self.node.careless.load(Ordering::SeqCst)
    }

    /// How many reads came with a filter or as a subscription.
    pub fn odd_reads(&self) -> u64 {
        self.node.odd.load(Ordering::SeqCst)
    }

    /// How many appends came that named no exact revision.
    pub fn loose_appends(&self) -> u64 {
        self.node.loose.load(Ordering::SeqCst)
    }

    /// The credentials that the last call came with, if any.
    pub fn authorization(&self) -> Option<String> {
        self.node.authorization.lock().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.node.held.send_replace(false);
        self.cut();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
