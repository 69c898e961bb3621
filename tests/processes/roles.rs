//! What each role does, and says that it does not.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projector_answers_its_condition_alone() {
    let shared = Shared::new();
    let projector = shared.start("a", "projector").await;
    assert!(projects(&projector).await);
    for path in ["/healthz", "/readyz", "/metrics", "/v1/projections"] {
        assert_eq!(projector.get(path).await.unwrap().status, 200, "{path}");
    }
    for (method, path) in
        [("GET", ""), ("GET", "/contacts/channel:web:ada"), ("POST", "/contacts"), ("GET", "/healthz")]
    {
        let body = if method == "POST" { json!({"first_name": "Ada"}) } else { Value::Null };
        let refused = projector.call(method, path, body).await;
        assert_eq!(refused.problem(), (503, "other_process".to_owned()), "{method} {path}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("--role projector"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_the_one_that_projects_does_is_refused_by_name() {
    let shared = Shared::new();
    let api = shared.start("b", "api").await;
    let nobody = api.caller().send(reqwest::Method::POST, "/v1/projections/contacts/rebuild", &[], None).await.unwrap();
    assert_eq!(nobody.problem(), (503, "other_process".to_owned()));
    assert!(nobody.json()["detail"].as_str().unwrap().contains("start one of role all or projector"));

    let all = shared.start("a", "all").await;
    let refused =
        api.caller().send(reqwest::Method::POST, "/v1/projections/contacts/rebuild", &[], None).await.unwrap();
    assert_eq!(refused.problem(), (503, "other_process".to_owned()));
    let named = format!("ask process {} on ", all.id());
    assert!(refused.json()["detail"].as_str().unwrap().contains(&named), "{}", refused.json());
    let line = r#"{"command": "create_contact", "first_name": "Ada", "at": "2024-01-01T00:00:00Z"}"#;
    let headers = [("content-type", "application/x-ndjson")];
    let replay = "/v1/workspaces/default/commands?clock=replay";
    let replayed = api.caller().send(reqwest::Method::POST, replay, &headers, Some(line.into())).await.unwrap();
    assert!(String::from_utf8_lossy(&replayed.bytes).contains("/problems/other_process"), "{replayed:?}");
    let by_hand = shared.command("verify");
    let said = String::from_utf8_lossy(&by_hand.stderr).into_owned();
    assert!(by_hand.status.code() == Some(1) && said.contains(&named), "{said}");

    // The command line reads beside them, and whoever projects rebuilds while others read.
    let ada = contact_of(&all.call("POST", "/contacts", json!({"first_name": "Ada"})).await.expect(201));
    let shown = shared.command(&format!("contact show {ada}"));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("Ada"), "{shown:?}");
    for name in ["contacts", "mac", "unfinished"] {
        let path = format!("/v1/projections/{name}/rebuild");
        let begun = all.caller().send(reqwest::Method::POST, &path, &[], None).await.unwrap();
        assert_eq!(begun.status, 202, "{}", begun.json());
        until("it is rebuilt", async || {
            let told = all.get("/v1/projections").await.unwrap().json();
            told["projections"].as_array().unwrap().iter().all(|one| one["state"] == "live")
        })
        .await;
        api.call("GET", &format!("/contacts/{ada}"), Value::Null).await.expect(200);
    }
    all.stop();
    api.stop();
    shared.must_agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_wants_everything_shared() {
    let shared = Shared::new();
    for role in ["api", "projector"] {
        for without in ["DOSSIER_EVENT_STORE", "DOSSIER_READ_STORE", "DOSSIER_KEYRING"] {
            let variables = shared.variables();
            let mut given: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
            given.retain(|(name, _)| *name != without);
            given.push(("DOSSIER_ROLE", role));
            let said = Server::refused(&shared.data("a"), &given);
            assert!(said.contains("name a server for the log with --event-store"), "{said}");
        }
    }
    let variables = shared.variables();
    let mut given: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    given.extend([("DOSSIER_ROLE", "api"), ("DOSSIER_ALONE", "true")]);
    let said = Server::refused(&shared.data("a"), &given);
    assert!(said.contains("--alone says"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_database_a_process_is_not_ready_and_comes_back() {
    let shared = Shared::new();
    let (all, api) = (shared.start("a", "all").await, shared.start("b", "api").await);
    tokio::task::block_in_place(|| shared.postgres.crash());
    until("it says so", async || api.get("/readyz").await.unwrap().status == 503).await;
    tokio::task::block_in_place(|| shared.postgres.run());
    until("it is ready again", async || api.get("/readyz").await.unwrap().status == 200).await;
    let ada = contact_of(&api.call("POST", "/contacts", json!({"first_name": "Ada"})).await.expect(201));
    api.call("GET", &format!("/contacts/{ada}"), Value::Null).await.expect(200);
    all.stop();
    api.stop();
    shared.must_agree();
}
