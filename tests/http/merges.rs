//! Merges: made, refused, undone.

use serde_json::{Value, json};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_contacts_are_merged_shown_as_one_and_parted_again() {
    let door = Door::open().await;
    let (ada, bob) = (door.named("Ada").await, door.contact(json!({"first_name": "Bob", "company": "Acme"})).await);
    let body = json!({"primary": ada, "secondary": bob, "choices": {"first_name": "secondary"}});
    let merged = door.call("POST", "/merges", body.clone()).await;
    let answer = merged.clone().expect(201);
    let merge = answer["merge_id"].as_str().unwrap();
    assert_eq!(merged.header("location"), format!("/v1/workspaces/default/merges/{merge}"));
    let shown = door.show(&bob).await;
    assert_eq!(
        (shown["id"].as_str(), &shown["first_name"], &shown["company"]),
        (Some(&*ada), &json!("Bob"), &json!("Acme"))
    );
    let resolved = &shown["resolved_from"];
    assert_eq!((resolved["contact_id"].as_str(), resolved["merge_id"].as_str()), (Some(&*bob), Some(merge)));
    assert_eq!(shown["absorbed"][0]["contact_id"], *bob);
    let again = door.call("POST", "/merges", body).await;
    assert_eq!((again.problem(), again.json()["merged_into"].as_str()), ((409, "not_live".into()), Some(&*ada)));
    let absorbed = door.refused("DELETE", &format!("/contacts/{bob}"), Value::Null).await;
    assert_eq!(absorbed, (409, "contact_absorbed".into()));
    let undone = door.call("POST", &format!("/merges/{merge}/unmerge"), Value::Null).await.expect(200);
    assert_eq!((undone["secondary"].as_str(), undone["root"].as_str()), (Some(&*bob), Some(&*ada)));
    assert_eq!(
        (door.show(&ada).await["first_name"].clone(), door.show(&bob).await["id"].clone()),
        (json!("Ada"), json!(bob))
    );
    let twice = door.refused("POST", &format!("/merges/{merge}/unmerge"), Value::Null).await;
    assert_eq!(twice, (409, "already_unmerged".into()));
    door.verify();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_that_may_not_be_is_refused() {
    let door = Door::open().await;
    let (ada, bob) = (door.named("Ada").await, door.named("Bob").await);
    let merge = |primary: &str, secondary: &str| json!({"primary": primary, "secondary": secondary});
    assert_eq!(door.refused("POST", "/merges", merge(&ada, &ada)).await, (409, "same_contact".into()));
    let nobody = "0197f3a2-0000-7000-8000-000000000001";
    assert_eq!(door.refused("POST", "/merges", merge(&ada, nobody)).await, (404, "contact_not_found".into()));
    assert_eq!(
        door.refused("POST", &format!("/merges/{nobody}/unmerge"), Value::Null).await,
        (404, "merge_not_found".into())
    );
    let path = format!("/contacts/{ada}/unmerge");
    assert_eq!(door.refused("POST", &path, json!({"secondary": bob})).await, (409, "not_merged".into()));
    let stale = json!({"primary": ada, "secondary": bob, "expected": {"primary": 77, "secondary": 0}});
    assert_eq!(door.refused("POST", "/merges", stale).await, (412, "revision_conflict".into()));
    door.call("POST", &format!("/contacts/{bob}/block"), json!({"reason": "spam"})).await.expect(200);
    assert_eq!(door.refused("POST", "/merges", merge(&ada, &bob)).await, (409, "merge_blocked_contact".into()));
    assert_eq!(pointers(&door.call("POST", "/merges", json!({"primary": ada})).await), ["/secondary"]);
    assert!(door.show(&ada).await["absorbed"].as_array().unwrap().is_empty());
    door.verify();
}
