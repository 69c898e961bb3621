use super::*;

fn opened(folder: &DataFolder) -> SqliteKeyring {
    let master = MasterKey::load(folder).unwrap();
    SqliteKeyring::open(folder, &master, Options::default()).unwrap()
}

/// The wrapped key of every slot, in order.
fn slots(folder: &DataFolder) -> Vec<Vec<u8>> {
    let table = rusqlite::Connection::open(folder.file(FILE)).unwrap();
    let mut query = table.prepare("SELECT wrapped FROM keys ORDER BY slot").unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Whether a byte string stands anywhere in the files of the keyring.
fn stands(folder: &DataFolder, bytes: &[u8]) -> bool {
    let files = ["", "-wal"].map(|side| std::fs::read(super::super::connect::beside(&folder.file(FILE), side)));
    files.iter().flatten().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

#[tokio::test]
async fn what_is_discarded_is_overwritten_and_its_slot_taken_again() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    let (contact, file, next) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    let keyring = opened(&folder);
    keyring.keep(file, &SecretKey([5; 32])).unwrap();
    let key = keyring.create_if_absent(contact).await.unwrap();
    keyring.flush().unwrap();
    let wrapped = slots(&folder)[0].clone();
    assert!(stands(&folder, &wrapped), "the search must find what is there");
    keyring.discard(&[file, Uuid::from_u128(77)]).unwrap();
    assert!(!stands(&folder, &wrapped));
    assert_eq!(slots(&folder)[0], [0; 64]);
    assert!(keyring.destroyed().await.unwrap().is_empty(), "nobody was erased");
    drop(keyring);
    let keyring = opened(&folder);
    assert_eq!(keyring.find(file).await.unwrap(), KeyState::Missing);
    keyring.keep(next, &SecretKey([6; 32])).unwrap();
    assert_eq!(slots(&folder).len(), 2);
    drop(keyring);
    let keyring = opened(&folder);
    assert_eq!(keyring.find(next).await.unwrap(), KeyState::Live(SecretKey([6; 32])));
    assert_eq!(keyring.find(contact).await.unwrap(), KeyState::Live(key));
}

#[tokio::test]
async fn a_kept_key_is_wrapped_anew_with_all_others() {
    let root = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(root.path()).unwrap();
    let (gone, file) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let keyring = opened(&folder);
    keyring.keep(gone, &SecretKey([4; 32])).unwrap();
    keyring.discard(&[gone]).unwrap();
    super::super::master_key::rotate(&folder, &keyring).await.unwrap();
    keyring.keep(file, &SecretKey([5; 32])).unwrap();
    super::super::master_key::rotate(&folder, &keyring).await.unwrap();
    drop(keyring);
    assert_eq!(opened(&folder).find(file).await.unwrap(), KeyState::Live(SecretKey([5; 32])));
}
