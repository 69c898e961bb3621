use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn metas() -> impl Strategy<Value = Meta> {
    let uuids = || any::<u128>().prop_map(Uuid::from_u128);
    let marks = || any::<[u8; 16]>().prop_map(Mark);
    let times = || {
        let micros = prop_oneof![Just(0), (0..1000_u32).prop_map(|milli| milli * 1000), 0..1_000_000_u32];
        (-62_167_219_200_i64..253_402_300_800, micros)
            .prop_map(|(seconds, micros)| DateTime::from_timestamp(seconds, micros * 1000).unwrap())
    };
    let keys = (marks(), marks(), any::<u16>()).prop_map(|(mark, body, status)| KeyUse { mark, body, status });
    let who = (prop::sample::select(ActorKind::ALL), prop::sample::select(Cause::ALL));
    let workspaces = prop_oneof!["[a-z0-9_-]{1,12}", ".{0,12}"];
    (
        (workspaces, who, times(), prop::option::of(times())),
        (uuids(), prop::option::of(uuids()), prop::option::of(uuids()), any::<bool>()),
        (prop::option::of(keys), prop::collection::vec(marks(), 0..4)),
    )
        .prop_map(
            |(
                (workspace, (kind, cause), occurred_at, recorded),
                (correlation_id, causation, batch_id, replayed),
                (key, marks),
            )| Meta {
                workspace: workspace.into(),
                actor: actor(kind),
                cause,
                occurred_at,
                recorded_at: recorded.unwrap_or(occurred_at),
                correlation_id,
                causation_id: causation.unwrap_or(correlation_id),
                batch_id,
                replayed,
                key,
                marks,
            },
        )
}

fn fast(bytes: &[u8]) -> Option<Meta> {
    Cursor::whole(bytes, |cursor| written_meta(cursor, &mut Workspaces::default()))
}

fn slow(bytes: &[u8]) -> Option<Meta> {
    in_any_form(bytes, &mut Workspaces::default()).ok()
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_either_way(meta in metas()) {
        let written = write(&meta).unwrap();
        prop_assert_eq!(slow(&written), Some(meta.clone()));
        // A workspace's name has no escapes; that of a test may have.
        if !written.contains(&b'\\') {
            prop_assert_eq!(fast(&written), Some(meta));
        }
    }

    #[test]
    fn in_another_order_and_with_white_space_it_is_read_all_the_same(meta in metas()) {
        let Value::Object(members) = serde_json::from_slice(&write(&meta).unwrap()).unwrap() else { unreachable!() };
        let members: Vec<_> = members.iter().rev().map(|(name, value)| format!("{} : {value}", Value::from(&**name))).collect();
        let turned = format!("{{\n{} }}", members.join(" , "));
        prop_assert_eq!(read(turned.as_bytes(), &mut Workspaces::default()).unwrap(), meta);
    }

    #[test]
    fn what_is_damaged_is_read_as_serde_reads_it_or_not_at_all(
        meta in metas(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut written = write(&meta).unwrap();
        let place = place.index(written.len());
        match cut {
            true => written.truncate(place),
            false => written[place] = byte,
        }
        if let Some(read) = fast(&written) {
            prop_assert_eq!(slow(&written), Some(read));
        }
    }
}

#[test]
fn a_workspaces_name_is_kept_once() {
    let mut workspaces = Workspaces::default();
    let (one, again, other) = (workspaces.named("one"), workspaces.named("one"), workspaces.named("other"));
    assert!(Arc::ptr_eq(&one, &again));
    assert_eq!((&*one, &*other), ("one", "other"));
}
