//! What a node answers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::Stream;
use parking_lot::Mutex;
use tokio::sync::watch;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::faults::{Call, Fault, Faults};
use crate::log::{Landing, Stored};
use crate::messages::{
    AppendContent, AppendReq, AppendResp, AppendResult, AppendSuccess, ClusterInfo, CurrentRevision, Endpoint,
    Expected, ExpectedRevision, FromPosition, FromRevision, Id, IdValue, Member, Nothing, Position, ProposedEvent,
    ReadContent, ReadCount, ReadEvent, ReadFilter, ReadOptions, ReadReq, ReadResp, ReadWhat, RecordedEvent,
    StreamIdentifier, StreamNotFound, SuccessPosition, SupportedMethods, WrongVersion,
};
use crate::server::Cluster;

#[allow(missing_docs, unused_qualifications, clippy::all, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/event_store.client.streams.Streams.rs"));
    include!(concat!(env!("OUT_DIR"), "/event_store.client.server_features.ServerFeatures.rs"));
    include!(concat!(env!("OUT_DIR"), "/event_store.client.gossip.Gossip.rs"));
}

use generated::gossip_server::{Gossip, GossipServer};
use generated::server_features_server::{ServerFeatures, ServerFeaturesServer};
use generated::streams_server::{Streams, StreamsServer};

const FOLLOWER: i32 = 6;
const LEADER: i32 = 8;

pub(crate) struct Node {
    cluster: Arc<Cluster>,
    pub(crate) number: usize,
    pub(crate) faults: Faults,
    /// Changes when every connection is to be cut.
    pub(crate) cuts: watch::Sender<u64>,
    /// Appends wait while it is true.
    pub(crate) held: watch::Sender<bool>,
    pub(crate) calls: AtomicU64,
    pub(crate) careless: AtomicU64,
    pub(crate) odd: AtomicU64,
    pub(crate) loose: AtomicU64,
    pub(crate) authorization: Mutex<Option<String>>,
}

/// Tells what the server can do.
pub(crate) struct Telling(pub(crate) Arc<Node>);
/// Tells who is in the cluster.
pub(crate) struct Gossiping(pub(crate) Arc<Node>);

pub(crate) fn streams(node: Arc<Node>) -> StreamsServer<Node> {
    StreamsServer::from_arc(node)
}

pub(crate) fn features(telling: Telling) -> ServerFeaturesServer<Telling> {
    ServerFeaturesServer::new(telling)
}

pub(crate) fn gossip(gossiping: Gossiping) -> GossipServer<Gossiping> {
    GossipServer::new(gossiping)
}

impl Node {
    pub(crate) fn new(cluster: Arc<Cluster>, number: usize) -> Self {
        Node {
            cluster,
            number,
            faults: Faults::default(),
            cuts: watch::Sender::new(0),
            held: watch::Sender::new(false),
            calls: AtomicU64::new(0),
            careless: AtomicU64::new(0),
            odd: AtomicU64::new(0),
            loose: AtomicU64::new(0),
            authorization: Mutex::default(),
        }
    }

    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    fn leads(&self) -> bool {
        self.cluster.leader.load(Ordering::SeqCst) == self.number
    }

    /// The fault of a call, after what is checked of every call; an error is the answer.
    async fn begin(&self, call: Call, metadata: &MetadataMap) -> Result<Option<Fault>, Status> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let authorization = metadata.get("authorization").and_then(|value| value.to_str().ok());
        *self.authorization.lock() = authorization.map(str::to_owned);
        let wants_leader = metadata.get("requires-leader").is_some_and(|value| value == "true");
        self.careless.fetch_add(u64::from(!wants_leader), Ordering::SeqCst);
        if wants_leader && !self.leads() {
            return Err(self.not_leader());
        }
        let fault = self.faults.take(call);
        match fault {
            Some(Fault::CutBefore) => {
                self.cut();
                futures::future::pending().await
            }
            Some(Fault::SilentBefore) => futures::future::pending().await,
            Some(Fault::Busy) => Err(Status::unavailable("Server Is Busy")),
            Some(Fault::NotLeader) => Err(self.not_leader()),
            Some(Fault::Late(time)) => {
                tokio::time::sleep(time).await;
                Ok(fault)
            }
            _ => Ok(fault),
        }
    }

    /// After it was done.
    async fn end(&self, fault: Option<Fault>) {
        match fault {
            Some(Fault::CutAfter) => {
                self.cut();
                futures::future::pending().await
            }
            Some(Fault::SilentAfter) => futures::future::pending().await,
            _ => {}
        }
    }

    fn not_leader(&self) -> Status {
        let leader = self.cluster.addresses.lock()[self.cluster.leader.load(Ordering::SeqCst)];
        let mut metadata = MetadataMap::new();
        metadata.insert("exception", "not-leader".parse().unwrap());
        metadata.insert("leader-endpoint-host", leader.ip().to_string().parse().unwrap());
        metadata.insert("leader-endpoint-port", leader.port().to_string().parse().unwrap());
        Status::with_metadata(Code::NotFound, "Leader info available", metadata)
    }

    fn read_log(&self, options: &ReadOptions) -> Result<Option<Vec<Stored>>, Status> {
        let backward = options.direction == 1;
        let Some(ReadCount::Count(count)) = options.count else {
            return Err(Status::unimplemented("the double has no subscriptions"));
        };
        let log = &self.cluster.log;
        match &options.what {
            Some(ReadWhat::Stream(of)) => {
                let from = match of.from {
                    Some(FromRevision::Revision(revision)) => Some(revision),
                    _ => None,
                };
                Ok(log.stream(&text(of.stream.as_ref()), from, backward, count))
            }
            Some(ReadWhat::All(of)) => {
                let from = match of.from {
                    Some(FromPosition::Position(position)) => Some(position.commit),
                    _ => None,
                };
                let invalid = || Status::invalid_argument("Trying to read from an invalid position.");
                log.all(from, backward, count).map(Some).ok_or_else(invalid)
            }
            None => Err(Status::invalid_argument("nothing is asked for")),
        }
    }

    fn land(&self, options: &(String, Expected), events: &[(uuid::Uuid, ProposedEvent)]) -> Landing {
        self.cluster.log.append(&options.0, options.1, events)
    }
}

fn text(stream: Option<&StreamIdentifier>) -> String {
    stream.map(|stream| String::from_utf8_lossy(&stream.name).into_owned()).unwrap_or_default()
}

fn event_of(stored: &Stored) -> ReadResp {
    let mut metadata = stored.event.metadata.clone();
    metadata.insert("created".into(), "17048880000000000".into());
    let event = RecordedEvent {
        id: Some(Id::of(stored.id)),
        stream: Some(StreamIdentifier { name: stored.stream.clone().into_bytes() }),
        revision: stored.revision,
        prepare: stored.position,
        commit: stored.position,
        metadata,
        custom_metadata: stored.event.custom_metadata.clone(),
        data: stored.event.data.clone(),
    };
    let event = ReadEvent { event: Some(event), commit: Some(stored.position) };
    ReadResp { content: Some(ReadContent::Event(event)) }
}

/// What stands in an answer that makes no sense: an id that is none.
fn garbage() -> ReadResp {
    let event = RecordedEvent {
        id: Some(Id { value: Some(IdValue::Text("not a uuid".into())) }),
        stream: Some(StreamIdentifier { name: b"contact-?".to_vec() }),
        ..RecordedEvent::default()
    };
    ReadResp { content: Some(ReadContent::Event(ReadEvent { event: Some(event), commit: None })) }
}

type Answers = Pin<Box<dyn Stream<Item = Result<ReadResp, Status>> + Send>>;

#[tonic::async_trait]
impl Streams for Node {
    type ReadStream = Answers;

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Answers>, Status> {
        let (metadata, _, message) = request.into_parts();
        let options = message.options.unwrap_or_default();
        let is_all = matches!(options.what, Some(ReadWhat::All(_)));
        let is_odd = matches!(options.filter, Some(ReadFilter::Filtered(_)))
            || !matches!(options.count, Some(ReadCount::Count(_)));
        self.odd.fetch_add(u64::from(is_odd), Ordering::SeqCst);
        let fault = self.begin(if is_all { Call::All } else { Call::Stream }, &metadata).await?;
        let mut answers: Vec<ReadResp> = match self.read_log(&options)? {
            Some(events) => {
                let lag = if self.leads() { u64::MAX } else { self.cluster.lag.load(Ordering::SeqCst) };
                events.iter().filter(|event| event.position < lag).map(event_of).collect()
            }
            None => {
                let not_found = StreamNotFound { stream: None };
                vec![ReadResp { content: Some(ReadContent::NotFound(not_found)) }]
            }
        };
        match fault {
            Some(Fault::Ends(after)) => answers.truncate(after),
            Some(Fault::Twice) => answers = answers.into_iter().flat_map(|answer| [answer.clone(), answer]).collect(),
            Some(Fault::Garbage) => answers.push(garbage()),
            _ => {}
        }
        self.end(fault).await;
        Ok(Response::new(Box::pin(futures::stream::iter(answers.into_iter().map(Ok)))))
    }

    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        let (metadata, _, mut messages) = request.into_parts();
        let mut options = None;
        let mut events = Vec::new();
        while let Some(message) = messages.message().await? {
            match message.content {
                Some(AppendContent::Options(found)) => {
                    options = found.expected.map(|expected| (text(found.stream.as_ref()), expected));
                }
                Some(AppendContent::Event(event)) => {
                    let id = event.id.as_ref().and_then(Id::uuid);
                    events.push((id.ok_or_else(|| Status::invalid_argument("an event without an id"))?, event));
                }
                None => {}
            }
        }
        let options = options.ok_or_else(|| Status::invalid_argument("an append without a stream"))?;
        let is_loose = matches!(options.1, Expected::Any(_) | Expected::StreamExists(_));
        self.loose.fetch_add(u64::from(is_loose), Ordering::SeqCst);
        let fault = self.begin(Call::Append, &metadata).await?;
        // Whoever waits for the held appends goes on when they are released.
        drop(self.held.subscribe().wait_for(|held| !held).await);
        let mut landing = self.land(&options, &events);
        if fault == Some(Fault::Twice) {
            landing = self.land(&options, &events);
        }
        self.end(fault).await;
        Ok(Response::new(answer(landing, options.1, fault)))
    }
}

fn answer(landing: Landing, expected: Expected, fault: Option<Fault>) -> AppendResp {
    if fault == Some(Fault::Garbage) {
        return AppendResp { result: None };
    }
    let result = match landing {
        Landing::At { revision, position } => {
            let place = SuccessPosition::Position(Position { commit: position, prepare: position });
            let position = if fault == Some(Fault::NoPosition) { SuccessPosition::None(Nothing {}) } else { place };
            AppendResult::Success(AppendSuccess { current_revision: Some(revision), position: Some(position) })
        }
        Landing::Wrong(actual) => {
            let current = actual.map_or(CurrentRevision::NoStream(Nothing {}), CurrentRevision::Revision);
            let expected = match expected {
                Expected::Revision(revision) => ExpectedRevision::Revision(revision),
                Expected::NoStream(_) => ExpectedRevision::NoStream(Nothing {}),
                Expected::Any(_) => ExpectedRevision::Any(Nothing {}),
                Expected::StreamExists(_) => ExpectedRevision::StreamExists(Nothing {}),
            };
            AppendResult::WrongVersion(WrongVersion { current: Some(current), expected: Some(expected) })
        }
    };
    AppendResp { result: Some(result) }
}

#[tonic::async_trait]
impl ServerFeatures for Telling {
    async fn get_supported_methods(&self, _: Request<Nothing>) -> Result<Response<SupportedMethods>, Status> {
        match self.0.faults.take(Call::Features) {
            Some(Fault::SilentBefore | Fault::SilentAfter) => futures::future::pending().await,
            Some(Fault::CutBefore | Fault::CutAfter) => {
                self.0.cut();
                futures::future::pending().await
            }
            Some(Fault::Busy) => Err(Status::unavailable("Server Is Not Ready")),
            _ => Ok(Response::new(SupportedMethods { version: "23.10.8".into() })),
        }
    }
}

#[tonic::async_trait]
impl Gossip for Gossiping {
    async fn read(&self, _: Request<Nothing>) -> Result<Response<ClusterInfo>, Status> {
        let cluster = &self.0.cluster;
        let leader = cluster.leader.load(Ordering::SeqCst);
        let addresses = cluster.addresses.lock().clone();
        let members = addresses.iter().enumerate().map(|(number, address)| Member {
            instance: Some(Id::of(uuid::Uuid::from_u128(number as u128))),
            state: if number == leader { LEADER } else { FOLLOWER },
            is_alive: true,
            endpoint: Some(Endpoint { address: address.ip().to_string(), port: address.port().into() }),
        });
        Ok(Response::new(ClusterInfo { members: members.collect() }))
    }
}
