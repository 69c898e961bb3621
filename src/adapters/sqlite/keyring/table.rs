//! The keys in their file.

use aws_lc_rs::error::Unspecified;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB, OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::super::connect::{Format, OpenError, Place};
use super::super::master_key::MasterKey;
use crate::adapters::keys::wrapping::{Master, WRAPPED_LEN};
use crate::ports::{KeyState, KeyringError, SecretKey};

const FORMAT: Format = Format {
    name: "a Dossier keyring",
    application_id: i32::from_be_bytes(*b"DsKy"),
    version: 1,
    schema: include_str!("schema.sql"),
    upgrades: &[],
};
/// Small pages: a few keys are written at a time.
const PAGE_SIZE: u32 = 4096;
/// Pages of write-ahead log after which a flush moves it into the database.
const CHECKPOINT_PAGES: u32 = 4096;

/// From here on holders are none: they stand in slots that are vacant.
const VACANT: Uuid = Uuid::from_u128(u128::MAX << 64);

/// Keys held in memory while the master key is changed.
const REWRAPPED_AT_ONCE: usize = 1000;

/// The one connection that writes.
pub(super) struct Table {
    connection: Connection,
}

/// What the file holds for a holder.
pub(super) enum Found {
    Nothing,
    Tombstone,
    Wrapped([u8; WRAPPED_LEN]),
}

impl Table {
    /// Opens the file, and finds out which of the master keys it was made with.
    pub(super) fn open(place: &Place, given: &MasterKey) -> Result<(Self, Master), OpenError> {
        let engine = |source| OpenError::Engine { file: place.file.clone(), source };
        let connection = place.create(&FORMAT, PAGE_SIZE)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES).map_err(engine)?;
        connection.pragma_update_and_check(None, "secure_delete", "on", |_| Ok(())).map_err(engine)?;
        let master = recognise(&connection, given).map_err(engine)?.ok_or_else(|| {
            OpenError::MasterKey(format!(
                "the master key does not open {}: give the one that it was made with",
                place.file.display()
            ))
        })?;
        given.settle(&master.key)?;
        let table = Table { connection };
        // A process that died while it destroyed a key may have left it in the write-ahead log.
        table.connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE).map_err(engine)?;
        Ok((table, master))
    }

    /// Adds new keys, durably.
    pub(super) fn insert(&mut self, master: &Master, keys: &[(Uuid, SecretKey)]) -> Result<(), Trouble> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO keys (holder, destroyed, wrapped) VALUES (?1, 0, ?2)")?;
            for (holder, key) in keys {
                insert.execute(params![holder.as_bytes(), master.wrap(*holder, key)?])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Overwrites keys and leaves their tombstones, durably. What was overwritten still stands in the write-ahead log
    /// and maybe in the database: [`Table::cut_off`] must follow.
    pub(super) fn destroy(&mut self, holders: &[Uuid]) -> Result<(), Trouble> {
        let transaction = self.connection.transaction()?;
        {
            let mut overwrite = transaction.prepare_cached(
                "INSERT INTO keys (holder, destroyed, wrapped) VALUES (?1, 1, ?2)
                 ON CONFLICT (holder) DO UPDATE SET destroyed = 1, wrapped = excluded.wrapped WHERE destroyed = 0",
            )?;
            for holder in holders {
                overwrite.execute(params![holder.as_bytes(), [0_u8; WRAPPED_LEN]])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Adds a key, durably, in a vacant slot if there is one.
    pub(super) fn put(&mut self, master: &Master, holder: Uuid, key: &SecretKey) -> Result<(), Trouble> {
        let wrapped = master.wrap(holder, key)?;
        let transaction = self.connection.transaction()?;
        let take = "UPDATE keys SET holder = ?1, destroyed = 0, wrapped = ?2
                    WHERE slot = (SELECT slot FROM keys WHERE destroyed = 1 AND holder >= ?3 LIMIT 1)";
        let taken = transaction.execute(take, params![holder.as_bytes(), wrapped, VACANT.as_bytes()])?;
        if taken == 0 {
            let add = "INSERT INTO keys (holder, destroyed, wrapped) VALUES (?1, 0, ?2)";
            transaction.execute(add, params![holder.as_bytes(), wrapped])?;
        }
        Ok(transaction.commit()?)
    }

    /// Overwrites keys and their holders, durably, and answers whether there was any; the slots are vacant then. As
    /// after [`Table::destroy`], [`Table::cut_off`] must follow.
    pub(super) fn vacate(&mut self, holders: &[Uuid]) -> Result<bool, Trouble> {
        let transaction = self.connection.transaction()?;
        let mut vacated = false;
        for holder in holders {
            let find = "SELECT slot FROM keys WHERE holder = ?1";
            let slot: Option<i64> = transaction.query_row(find, [holder.as_bytes()], |row| row.get(0)).optional()?;
            let Some(slot) = slot else { continue };
            let nobody = Uuid::from_u128(u128::MAX - u128::from(slot.cast_unsigned()));
            let overwrite = "UPDATE keys SET holder = ?2, destroyed = 1, wrapped = ?3 WHERE slot = ?1";
            transaction.execute(overwrite, params![slot, nobody.as_bytes(), [0_u8; WRAPPED_LEN]])?;
            vacated = true;
        }
        transaction.commit()?;
        Ok(vacated)
    }

    /// Moves the write-ahead log into the database and cuts it to nothing, so that no older page is left.
    pub(super) fn cut_off(&self) -> Result<(), Trouble> {
        self.connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::TRUNCATE)?;
        Ok(())
    }

    /// Wraps every living key anew; for the caller to commit.
    pub(super) fn rewrap(&mut self, old: &Master, new: &Master) -> Result<Transaction<'_>, Trouble> {
        let transaction = self.connection.transaction()?;
        let mut last = 0;
        while let Some(end) = rewrap_some(&transaction, old, new, last)? {
            last = end;
        }
        let proof = params![new.generation, new.proof()?];
        transaction.execute("UPDATE master SET generation = ?1, proof = ?2", proof)?;
        Ok(transaction)
    }
}

/// Wraps the keys of a few rows after a slot anew; answers the last slot, or `None` if there was none.
fn rewrap_some(connection: &Connection, old: &Master, new: &Master, after: i64) -> Result<Option<i64>, Trouble> {
    let mut read = connection
        .prepare_cached("SELECT slot, holder, wrapped FROM keys WHERE destroyed = 0 AND slot > ?1 ORDER BY slot")?;
    let mut write = connection.prepare_cached("UPDATE keys SET wrapped = ?2 WHERE slot = ?1")?;
    let rows: Vec<(i64, [u8; 16], [u8; WRAPPED_LEN])> = read
        .query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .take(REWRAPPED_AT_ONCE)
        .collect::<Result<_, _>>()?;
    for (slot, holder, wrapped) in &rows {
        let holder = Uuid::from_bytes(*holder);
        let key = old.unwrap(holder, wrapped).map_err(|_| Trouble::WrongMasterKey(holder))?;
        write.execute(params![slot, new.wrap(holder, &key)?])?;
    }
    Ok(rows.last().map(|(slot, ..)| *slot))
}

/// What can go wrong with the table.
#[derive(Debug)]
pub(super) enum Trouble {
    Engine(rusqlite::Error),
    Cipher,
    WrongMasterKey(Uuid),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Engine(error)
    }
}

impl From<Unspecified> for Trouble {
    fn from(_: Unspecified) -> Self {
        Trouble::Cipher
    }
}

impl Trouble {
    /// As the port says it.
    pub(super) fn while_doing(self, doing: &'static str) -> KeyringError {
        let reason = match self {
            Trouble::WrongMasterKey(holder) => return KeyringError::WrongMasterKey { holder },
            Trouble::Engine(error) => error.to_string(),
            Trouble::Cipher => "the cipher or its random source failed".into(),
        };
        KeyringError::Unavailable { doing, reason }
    }
}

/// The master key that the file knows, out of those given; the file takes the first one if it knows none yet.
fn recognise(connection: &Connection, given: &MasterKey) -> rusqlite::Result<Option<Master>> {
    let known: Option<(u32, Vec<u8>)> = connection
        .query_row("SELECT generation, proof FROM master", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((generation, proof)) = known else {
        let master = Master { key: given.key().clone(), generation: 0 };
        let proof = master.proof().map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        connection.execute("INSERT INTO master VALUES (1, 0, ?1)", [proof])?;
        return Ok(Some(master));
    };
    let candidates = given.candidates().into_iter().map(|key| Master { key: key.clone(), generation });
    Ok(candidates.into_iter().find(|master| master.made(&proof)))
}

/// What the file holds for a holder.
pub(super) fn find(connection: &Connection, holder: Uuid) -> Result<Found, Trouble> {
    let mut query = connection.prepare_cached("SELECT destroyed, wrapped FROM keys WHERE holder = ?1")?;
    let found = query.query_row([holder.as_bytes()], |row| {
        Ok(if row.get(0)? { Found::Tombstone } else { Found::Wrapped(row.get(1)?) })
    });
    Ok(found.optional()?.unwrap_or(Found::Nothing))
}

/// Tells what the file holds for those who came last, at most so many. A key that the master key does not open is left
/// out: whoever looks it up hears of it.
pub(super) fn newest(
    connection: &Connection,
    master: &Master,
    at_most: usize,
    mut tell: impl FnMut(Uuid, &KeyState),
) -> Result<(), Trouble> {
    let mut query = connection.prepare("SELECT holder, destroyed, wrapped FROM keys ORDER BY slot DESC LIMIT ?1")?;
    let mut rows = query.query([i64::try_from(at_most).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let (holder, wrapped): (_, [u8; WRAPPED_LEN]) = (row.get(0).map(Uuid::from_bytes)?, row.get(2)?);
        if row.get(1)? {
            tell(holder, &KeyState::Destroyed);
        } else if let Ok(key) = master.unwrap(holder, &wrapped) {
            tell(holder, &KeyState::Live(key));
        }
    }
    Ok(())
}

/// Every holder whose key was destroyed.
pub(super) fn tombstones(connection: &Connection) -> Result<Vec<Uuid>, Trouble> {
    let mut query = connection.prepare_cached("SELECT holder FROM keys WHERE destroyed = 1 AND holder < ?1")?;
    let holders = query.query_map([VACANT.as_bytes()], |row| row.get(0).map(Uuid::from_bytes))?;
    Ok(holders.collect::<Result<_, _>>()?)
}

/// At most so many holders after one, with what the file holds for each.
pub(super) fn holders(
    connection: &Connection,
    master: &Master,
    after: Option<Uuid>,
    limit: usize,
) -> Result<Vec<(Uuid, KeyState)>, Trouble> {
    let sql = "SELECT holder, destroyed, wrapped FROM keys WHERE holder > ?1 AND holder < ?2 ORDER BY holder";
    let mut query = connection.prepare_cached(sql)?;
    // Before every holder there is the blob without a byte.
    let after = after.map(|holder| holder.as_bytes().to_vec()).unwrap_or_default();
    let mut rows = query.query(params![after, VACANT.as_bytes()])?;
    let mut holders = Vec::new();
    while holders.len() < limit
        && let Some(row) = rows.next()?
    {
        let holder = row.get(0).map(Uuid::from_bytes)?;
        let state = match row.get(1)? {
            true => KeyState::Destroyed,
            false => {
                let wrapped: [u8; WRAPPED_LEN] = row.get(2)?;
                KeyState::Live(master.unwrap(holder, &wrapped).map_err(|_| Trouble::WrongMasterKey(holder))?)
            }
        };
        holders.push((holder, state));
    }
    Ok(holders)
}
