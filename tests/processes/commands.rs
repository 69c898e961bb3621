//! Commands on whichever process: what one acknowledged every other one knows.

use futures::future::join_all;

use super::*;

/// Sends a message until it is taken, as a caller does who is told to try again.
async fn sent(server: &Server, from: &str, id: &str) -> Value {
    loop {
        let reply = server.call("POST", "/messages", message(from, id)).await;
        match reply.status {
            200 | 201 => return reply.json(),
            _ => assert_eq!(reply.problem(), (503, "busy".to_owned())),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_first_messages_of_one_identity_make_one_contact() {
    let shared = Shared::new();
    let (a, b, c) = tokio::join!(shared.start("a", "all"), shared.start("b", "all"), shared.start("c", "api"));
    let servers = [a, b, c];
    let ids: Vec<String> = (0..64).map(|number| format!("m{number}")).collect();
    let answers = join_all(ids.iter().zip(servers.iter().cycle()).map(|(id, server)| sent(server, "new", id))).await;
    let contact = contact_of(&answers[0]);
    assert!(answers.iter().all(|answer| contact_of(answer) == contact), "{answers:?}");
    for server in &servers {
        servers.iter().for_each(|other| server.caller().hear(&other.caller()));
        let shown = server.call("GET", &format!("/contacts/{contact}"), Value::Null).await.expect(200);
        assert_eq!(shown["counts"]["messages_in"], 64, "{shown}");
        let found = server.call("POST", "/contacts/search", json!({"count": true})).await.expect(200);
        assert_eq!(found["count"], 1, "{found}");
    }
    // Delivered again, to others than took them.
    let again = join_all(ids.iter().zip(servers.iter().cycle().skip(1)).map(|(id, server)| sent(server, "new", id)));
    assert!(again.await.iter().all(|answer| answer["duplicate"] == true && contact_of(answer) == contact));
    servers.into_iter().for_each(Server::stop);
    shared.must_agree();
}

/// A field that one process defines, and a value that another one takes right afterwards: its status.
async fn used_where_it_was_not_defined(broken: &[(&str, &str)]) -> u16 {
    let shared = Shared::new();
    let (a, b) = tokio::join!(shared.start("a", "all"), shared.start_with("b", broken));
    let ada = contact_of(&b.call("POST", "/contacts", json!({"first_name": "Ada"})).await.expect(201));
    let tier = json!({"key": "tier", "name": "Tier", "type": "list", "options": ["gold", "silver"]});
    a.call("POST", "/fields", tier).await.expect(201);
    b.call("PATCH", &format!("/contacts/{ada}"), json!({"custom": {"tier": "gold"}})).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_defines_every_other_knows() {
    assert_eq!(used_where_it_was_not_defined(&[]).await, 200);
    assert_eq!(used_where_it_was_not_defined(&[("DOSSIER_SABOTAGE", "OthersAreForgotten")]).await, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_by_one_process_is_the_ground_of_the_next_by_another() {
    let shared = Shared::new();
    let (a, b) = tokio::join!(shared.start("a", "all"), shared.start("b", "api"));
    let ada = contact_of(&a.call("POST", "/contacts", json!({"first_name": "Ada", "tags": ["VIP"]})).await.expect(201));
    let path = format!("/contacts/{ada}");
    b.caller().hear(&a.caller());
    b.call("GET", &path, Value::Null).await.expect(200);
    for (number, server) in (0..20).zip([&a, &b].into_iter().cycle()) {
        let company = json!({"company": format!("Company {number}")});
        let answer = server.call("PATCH", &path, company.clone()).await.expect(200);
        // The other one knows that nothing is changed by the same again.
        let other = if number % 2 == 0 { &b } else { &a };
        let again = other.call("PATCH", &path, company).await.expect(200);
        assert_eq!((&again["revision"], &again["position"]), (&answer["revision"], &answer["position"]));
    }
    // A tag is spelled as it was first, by whichever process.
    let bob = contact_of(&b.call("POST", "/contacts", json!({"first_name": "Bob"})).await.expect(201));
    b.call("PUT", &format!("/contacts/{bob}/tags/vip"), Value::Null).await.expect(200);
    let shown = b.call("GET", &format!("/contacts/{bob}"), Value::Null).await.expect(200);
    assert_eq!(shown["tags"], json!(["VIP"]), "{shown}");
    // And who has an address is found by it.
    let mary = json!({"first_name": "Mary", "email": "mary@example.com"});
    let mary = contact_of(&a.call("POST", "/contacts", mary).await.expect(201));
    b.caller().hear(&a.caller());
    let found = b.call("GET", "/contacts/email:mary@example.com", Value::Null).await.expect(200);
    assert_eq!(found["id"], *mary);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snooze_ends_by_the_process_that_projects_whichever_made_it() {
    let shared = Shared::new();
    let (_projector, api) = tokio::join!(shared.start("a", "projector"), shared.start("b", "api"));
    let ada = contact_of(&api.call("POST", "/messages", message("ada", "m1")).await.expect(201));
    let soon = chrono::Utc::now() + chrono::TimeDelta::milliseconds(1_500);
    let path = format!("/contacts/{ada}");
    let until_then = json!({"until": soon.to_rfc3339()});
    api.call("POST", &format!("{path}/conversation/snooze"), until_then).await.expect(200);
    let status = async || {
        let shown = api.call("GET", &path, Value::Null).await.expect(200);
        shown["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status().await, "snoozed");
    until("the snooze is over", async || status().await == "open").await;
}
