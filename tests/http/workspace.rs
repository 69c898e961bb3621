//! The settings of a workspace.

use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_is_configured_and_shown() {
    let door = Door::open().await;
    let wanted =
        json!({"time_zone": "Asia/Kuala_Lumpur", "billing_anchor_day": 31, "default_region": "MY", "active_days": 7});
    door.call("PUT", "", wanted.clone()).await.expect(200);
    let shown = door.call("GET", "", Value::Null).await.expect(200);
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(&shown[member], value);
    }
    let ada = door.contact(json!({"phone": "012-345 6789"})).await;
    assert_eq!(door.show(&ada).await["phone"], "+60123456789");
    for (wrong, pointer) in [
        (json!({"time_zone": "Mars/Olympus"}), "/time_zone"),
        (json!({"billing_anchor_day": 32}), "/billing_anchor_day"),
        (json!({"default_region": "QQ"}), "/default_region"),
    ] {
        assert_eq!(pointers(&door.call("PUT", "", wrong).await), [pointer]);
    }
    door.verify();
}
