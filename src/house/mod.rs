//! The house: commands, read models and queries of one data folder, put together. Only here are adapters named.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dossier_domain::sabotage::{Break, armed};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::adapters::eventstore::ConnectError;
use crate::adapters::postgres::Address;
use crate::adapters::sqlite::{DataFolder, FlushAhead, MasterKey, OpenError};
use crate::app::ask::{Answer, Command};
use crate::app::clock::{SystemClock, Wall};
use crate::app::protocol::Engine;
use crate::app::streams::Streams;
use crate::app::{App, AppError};
use crate::ports::read_store::ReadStore;
use crate::ports::{EventStore, KeyState, Keyring};
use crate::projecting::{Bounds, Inputs, Runner};
use crate::sealing::{Codec, HASHING_KEY, Marks};

mod condition;
pub(crate) mod engines;
mod keeping;
mod keyring;
mod keys;
mod leading;
mod logs;
mod query;
mod read_store;
mod reading;
mod rebuilding;
mod snapshots;
mod start;

pub use self::engines::ConnectionString;
use self::engines::Log;
pub use self::keys::{KeyPlace, KeysNotCopied};
pub use self::leading::Role;
use self::leading::Sharing;
pub use self::logs::{LogAlone, LogPlace};
use self::reading::Reading;

/// At most so often a database is told what was projected, which takes a transaction each.
const TOLD_EVERY: Duration = Duration::from_millis(20);

/// What may be chosen about a house.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server that keeps the log; the embedded log if none is named.
    pub event_store: Option<ConnectionString>,
    /// The database that holds the read models; in the data folder if none is named.
    pub read_store: Option<Address>,
    /// The database that holds the keys; in the data folder if none is named.
    pub keyring: Option<Address>,
    /// Whether nobody else writes to the server's log: then states are remembered as over the embedded one.
    pub alone: bool,
    /// What it does where several processes share everything.
    pub role: Role,
    /// States of contacts that commands remember, at about 1 KiB each.
    pub remembered: usize,
    /// What the projections hold in memory.
    pub projected: Bounds,
    /// Whether [`House::start`] makes contacts findable; what only writes has no use for it. Segments need it all the same.
    pub findable: bool,
    /// How long what nobody waits for may be folded before it is stored in the read models; in a database somewhat longer.
    pub linger: Duration,
    /// Whether new keys are flushed beside the log's commits: sooner there, and with more flushes.
    pub keys_ahead: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            event_store: None,
            read_store: None,
            keyring: None,
            alone: false,
            role: Role::All,
            remembered: 1 << 17,
            projected: Bounds::default(),
            findable: true,
            linger: Duration::from_millis(5),
            keys_ahead: true,
        }
    }
}

/// Why a house can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum HouseError {
    /// The data folder, or a file in it.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The server that keeps the log.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The log of this folder is on a server, and none was named.
    #[error(
        "the log of {folder} is on an event store: name it with --event-store, or name another data folder with --data"
    )]
    ServersFolder {
        /// Which folder.
        folder: String,
    },
    /// The log of this folder is in it, and a server was named.
    #[error("{folder} holds a log of its own: leave --event-store away, or name another data folder with --data")]
    EmbeddedFolder {
        /// Which folder.
        folder: String,
    },
    /// A role is for processes that share everything.
    #[error(
        "--role api and --role projector are for processes that share everything: name a server for the log with --event-store, \
         for the read models with --read-store and for the keys with --keyring"
    )]
    NotShared,
    /// The same, and this one is said to be alone.
    #[error("--alone says that no other process writes to the log: leave it away, or --role")]
    NotAlone,
    /// A store failed.
    #[error(transparent)]
    App(#[from] AppError),
}

/// Everything over one data folder.
pub struct House {
    folder: DataFolder,
    path: PathBuf,
    master: crate::adapters::sqlite::master_key::Source,
    log: Log,
    store: Arc<dyn EventStore>,
    keyring: Arc<dyn Keyring>,
    keys_ahead: Option<FlushAhead>,
    /// Kept where log and keys are in the data folder: there nobody else erases.
    snapshots: Option<Arc<snapshots::Snapshots>>,
    /// Position that the snapshot of the directory is of.
    kept_at: Mutex<Option<u64>>,
    findable: bool,
    sharing: Sharing,
    linger: Duration,
    codec: Arc<Codec>,
    marks: Arc<Marks>,
    read: Arc<dyn ReadStore>,
    app: Arc<App>,
    runner: Arc<Runner>,
    wall: Arc<dyn Wall>,
    rebuilds: rebuilding::Rebuilds,
    started: condition::Started,
    stop: watch::Sender<bool>,
}

impl House {
    /// Opens a data folder, making what is not there. Nothing runs yet: see [`House::start`].
    ///
    /// # Errors
    /// Another process has it open, the master key or the keyring is missing or wrong, a file is damaged or of a newer
    /// version.
    pub async fn open(path: &Path, options: Options) -> Result<Arc<Self>, HouseError> {
        Self::open_at(path, options, Arc::new(SystemClock)).await
    }

    /// The same, by a clock of one's own.
    ///
    /// # Errors
    /// As [`House::open`].
    pub async fn open_at(path: &Path, options: Options, wall: Arc<dyn Wall>) -> Result<Arc<Self>, HouseError> {
        let sharing = Sharing::of(&options)?;
        let folder = DataFolder::open(path)?;
        let master = MasterKey::load(&folder)?;
        let keys = keyring::open(options.keyring.as_ref(), &folder, &master, options.keys_ahead).await?;
        let (keyring, keys_ahead) = (keys.keyring, keys.ahead);
        let log = Log::open(&folder, &keyring, options.event_store.as_ref()).await?;
        let store = log.store();
        must_have_keys(&*store, &*keyring, &keys.place).await?;
        let hashing = keyring.create_if_absent(HASHING_KEY).await.map_err(AppError::from)?;
        // The key that all marks hang on is durable before anything is marked.
        keyring.flush().map_err(AppError::from)?;
        let marks = Arc::new(Marks::new(&hashing));
        let codec = Arc::new(Codec::new(keyring.clone()));
        let linger = options.read_store.as_ref().map_or(options.linger, |_| options.linger.max(TOLD_EVERY));
        let read = read_store::open(options.read_store, path, codec.clone(), marks.clone()).await?;
        let inputs = Inputs { store: store.clone(), codec: codec.clone(), read: read.clone() };
        let runner = Runner::resume(inputs, wall.clone(), options.projected, linger).await?;
        let reading = Arc::new(Reading { read: read.clone(), runner: runner.clone() });
        // Where a log has other writers, what is remembered of a stream is not surely the newest.
        let is_alone = log.is_embedded() || options.alone || armed(Break::OthersAreForgotten);
        let remembered = if is_alone { options.remembered } else { 0 };
        let streams = Streams::new(store.clone(), codec.clone(), Some(reading.clone()), remembered);
        let embedded = keys.embedded.filter(|_| log.is_embedded());
        let guarded = embedded.map(|keyring| snapshots::WithSnapshots::of(&folder, keyring)).transpose()?;
        let snapshots = guarded.as_ref().map(|guarded| guarded.snapshots.clone());
        let keys: Arc<dyn Keyring> = guarded.map_or(keyring.clone(), |guarded| Arc::new(guarded));
        let engine = Engine { streams, keyring: keys, marks: Marks::new(&hashing) };
        let app = App::new(engine, wall.clone(), reading);
        let app = Arc::new(if sharing.is_shared { app.among_others() } else { app });
        let stop = watch::Sender::new(false);
        let source = master.source().clone();
        let path = path.to_owned();
        let (rebuilds, started) = (rebuilding::Rebuilds::default(), condition::Started::default());
        let house = Arc::new(House {
            folder,
            path,
            master: source,
            log,
            store,
            keys_ahead,
            // One process alone could keep an index, and what it hands out is to be understood by all.
            findable: options.findable && !sharing.is_shared,
            sharing,
            snapshots,
            kept_at: Mutex::default(),
            linger,
            keyring,
            codec,
            marks,
            read,
            app,
            runner,
            wall,
            rebuilds,
            started,
            stop,
        });
        house.clear_snapshots();
        Ok(house)
    }

    /// Where the master key came from.
    pub fn master_key(&self) -> &crate::adapters::sqlite::master_key::Source {
        &self.master
    }

    /// What to tell whoever opened it: a master key was made, and everything hangs on it.
    pub fn advice(&self) -> Option<String> {
        match &self.master {
            crate::adapters::sqlite::master_key::Source::Made(file) => Some(format!(
                "a master key was made: {}
back it up apart from the data; without it nothing that is sealed can ever be \
                 read again",
                file.display()
            )),
            _ => None,
        }
    }

    /// The data folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The locked folder, for what changes its keys.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// The log.
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    /// The keys.
    pub fn keyring(&self) -> &Arc<dyn Keyring> {
        &self.keyring
    }

    /// Opens events.
    pub fn codec(&self) -> &Arc<Codec> {
        &self.codec
    }

    /// Keyed hashes.
    pub fn marks(&self) -> &Arc<Marks> {
        &self.marks
    }

    /// The read models.
    pub fn read(&self) -> &Arc<dyn ReadStore> {
        &self.read
    }

    /// The command side.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The projection runner.
    pub fn runner(&self) -> &Arc<Runner> {
        &self.runner
    }

    /// As [`App::execute`].
    ///
    /// # Errors
    /// As there.
    pub async fn execute(&self, command: Command) -> Result<Answer, AppError> {
        self.app.execute(command).await
    }

    /// As [`App::submit`].
    ///
    /// # Errors
    /// As there.
    pub async fn submit(&self, command: &Command) -> Result<Answer, AppError> {
        self.app.submit(command).await
    }

    /// As [`App::durable`].
    ///
    /// # Errors
    /// As there.
    pub async fn durable(&self, position: u64) -> Result<(), AppError> {
        self.app.durable(position).await
    }
}

/// A log without its keyring is of no use, and a new keyring would know nobody again: no key is made then.
async fn must_have_keys(store: &dyn EventStore, keyring: &dyn Keyring, place: &str) -> Result<(), AppError> {
    let head = store.head().await?;
    if head == 0 || keyring.find(HASHING_KEY).await? != KeyState::Missing {
        return Ok(());
    }
    Err(AppError::Unavailable(format!(
        "the log holds events up to position {head}, and {place} none of their keys: put the keys that belong to this log \
         back there"
    )))
}
