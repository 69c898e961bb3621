//! Billing cycles as they are answered: closed ones by their statements, the open one as it stands.

use dossier::app::AppError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{HOME, World, id_of, said};

async fn cycles(world: &World) -> Vec<Value> {
    let cycles = world.house.cycles(HOME).await.unwrap();
    cycles.iter().map(|cycle| serde_json::to_value(cycle).unwrap()).collect()
}

/// All members, by pages of so many.
async fn members(world: &World, cycle: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.house.cycle_members(HOME, cycle, cursor.as_deref(), limit).await.unwrap();
        assert!(page.contacts.len() <= limit);
        all.extend(page.contacts.iter().map(|member| serde_json::to_value(member).unwrap()));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_cycle_before_the_first_contact_event() {
    let world = World::new().await;
    assert_eq!(cycles(&world).await, Vec::<Value>::new());
    world.configure(HOME, "Asia/Kuala_Lumpur", 15, 30).await;
    assert_eq!(cycles(&world).await, Vec::<Value>::new());
    world.contact("a").await;
    let now = cycles(&world).await;
    assert_eq!(now.len(), 1);
    assert_eq!((&now[0]["state"], &now[0]["active"], &now[0]["digest"]), (&json!("open"), &json!(0), &json!(null)));
    assert_eq!(now[0]["time_zone"], "Asia/Kuala_Lumpur");
    assert!(now[0]["cycle"].as_str().unwrap().ends_with("-15"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_cycle_has_a_statement_and_the_next_is_open() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for (at, name) in [("2026-01-10T00:00:00Z", "a"), ("2026-01-11T00:00:00Z", "b"), ("2026-02-03T00:00:00Z", "c")] {
        ids.push(id_of(&world.at(at, said(name, "1")).await));
    }
    let found = cycles(&world).await;
    let names: Vec<_> = found.iter().map(|cycle| (cycle["cycle"].as_str(), cycle["active"].as_u64())).collect();
    assert_eq!(names, [(Some("2026-02-01"), Some(1)), (Some("2026-01-01"), Some(2))]);
    assert_eq!(found[1]["state"], "closed");
    assert_eq!(found[1]["digest"].as_str().map(str::len), Some(64));
    let january = serde_json::to_value(world.house.cycle(HOME, "2026-01-01").await.unwrap()).unwrap();
    assert_eq!(january, found[1]);
    for unknown in ["2025-12-01", "2026-03-01", ""] {
        assert!(matches!(world.house.cycle(HOME, unknown).await, Err(AppError::UnknownCycle)), "{unknown}");
        let members = world.house.cycle_members(HOME, unknown, None, 9).await;
        assert!(matches!(members, Err(AppError::UnknownCycle)), "{unknown}");
    }
    let mut wanted = ids[..2].to_vec();
    wanted.sort();
    let counted: Vec<_> = members(&world, "2026-01-01", 1).await;
    assert_eq!(counted.iter().map(|member| member["contact_id"].as_str().unwrap()).collect::<Vec<_>>(), wanted);
    assert_eq!(members(&world, "2026-02-01", 1).await[0]["contact_id"], ids[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_says_which_interaction_made_it_count() {
    let world = World::new().await;
    let (a, b) = (world.contact("a").await, world.contact("b").await);
    let first = world.says("b", "1").await;
    world.says("a", "1").await;
    world.merge(&a, &b).await;
    let open = cycles(&world).await[0]["cycle"].as_str().unwrap().to_owned();
    let counted = members(&world, &open, 9).await;
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0]["contact_id"], a);
    let why = &counted[0]["interaction"];
    assert_eq!((&why["contact_id"], &why["channel"]), (&json!(b), &json!("chat")));
    assert_eq!((&why["kind"], &why["type"]), (&json!("message"), &json!("message_received")));
    assert!(why["position"].as_u64().unwrap() <= first.position);
    assert!(why["id"].as_str().unwrap().parse::<Uuid>().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_moves_no_statement() {
    let world = World::new().await;
    let a = id_of(&world.at("2026-01-10T00:00:00Z", said("a", "1")).await);
    world.at("2026-02-01T00:00:00Z", said("b", "1")).await;
    let (before, counted) = (cycles(&world).await, members(&world, "2026-01-01", 9).await);
    world.at("2026-02-02T00:00:00Z", json!({"command": "delete_contact", "contact": a})).await;
    assert_eq!(cycles(&world).await, before);
    assert_eq!(members(&world, "2026-01-01", 9).await, counted);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_members_neither_repeat_nor_skip() {
    let world = World::new().await;
    for number in 0..7 {
        world.at("2026-01-10T00:00:00Z", said(&number.to_string(), "1")).await;
    }
    let open = members(&world, "2026-01-01", 1_000).await;
    assert_eq!(open.len(), 7);
    for limit in [1, 3, 7] {
        assert_eq!(members(&world, "2026-01-01", limit).await, open);
    }
    world.at("2026-02-01T00:00:00Z", said("0", "2")).await;
    assert_eq!(members(&world, "2026-01-01", 3).await, open);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_of_one_list_alone() {
    let world = World::new().await;
    for (at, name) in [("2026-01-10T00:00:00Z", "a"), ("2026-01-10T00:00:00Z", "b"), ("2026-02-01T00:00:00Z", "c")] {
        world.at(at, said(name, "1")).await;
    }
    let page = world.house.cycle_members(HOME, "2026-01-01", None, 1).await.unwrap();
    let cursor = page.next_cursor.unwrap();
    for (cycle, cursor) in [("2026-02-01", cursor.as_str()), ("2026-01-01", "nonsense"), ("2026-01-01", "")] {
        let answer = world.house.cycle_members(HOME, cycle, Some(cursor), 1).await;
        assert!(matches!(answer, Err(AppError::BadCursor)), "{cycle} {cursor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_shows_its_settings() {
    let world = World::new().await;
    let shown = async |name: &str| serde_json::to_value(world.house.workspace(name).await.unwrap()).unwrap();
    let usual = json!({"time_zone": "UTC", "billing_anchor_day": 1, "default_region": null, "active_days": 30});
    assert_eq!(shown(HOME).await, usual);
    world.configure("team", "Europe/Paris", 31, 7).await;
    assert_eq!(shown("team").await["billing_anchor_day"], 31);
    assert!(matches!(world.house.workspace("nobody").await, Err(AppError::UnknownWorkspace)));
}
