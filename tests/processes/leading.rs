//! One process projects, the others wait: through kills, stops and pauses no event is left out or applied twice.

use super::*;

/// Sends a message by each process in turn; every one is acknowledged.
async fn write_in(servers: &[&Server], part: &str, count: usize) {
    for (number, server) in (0..count).zip(servers.iter().cycle()) {
        let sent = server.call("POST", "/messages", message(&format!("h{}", number % 4), &format!("{part}-{number}")));
        let status = sent.await.status;
        assert!(status == 200 || status == 201, "{part}: {status}");
    }
}

/// So many messages of each of the four are shown.
async fn shows(server: &Server, each: usize) {
    for handle in 0..4 {
        let shown = server.call("GET", &format!("/contacts/channel:web:h{handle}"), Value::Null).await.expect(200);
        assert_eq!(shown["counts"]["messages_in"], each, "{shown}");
    }
}

/// A segment that everybody enters.
async fn keep_a_segment(server: &Server) {
    let everyone = json!({"name": "Web", "filter": {"field": "channels", "op": "any_of", "value": ["web"]}});
    server.call("POST", "/segments", everyone).await.expect(201);
}

async fn each_entered_once(server: &Server) {
    let feed = server.call("GET", "/segments/Web/changes", Value::Null).await.expect(200);
    assert_eq!(feed["changes"].as_array().unwrap().len(), 4, "{feed}");
}

/// Stops a process that projects in the midst of its transactions, one for each projection.
async fn pause_within_a_batch(shared: &Shared, server: &Server) {
    let (holding, connection) =
        tokio_postgres::connect(&shared.postgres.address(), tokio_postgres::NoTls).await.unwrap();
    let connected = tokio::spawn(connection);
    holding.batch_execute("begin; select from dossier.checkpoints for share").await.unwrap();
    write_in(&[server], "within", 4).await;
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'";
    until("its batches wait", async || shared.postgres.answer(waiting) == "3").await;
    server.signal("-STOP");
    drop(holding);
    connected.await.unwrap().unwrap();
    let within = "select count(*) from pg_stat_activity where state = 'idle in transaction'";
    until("its transactions stand still", async || shared.postgres.answer(within) == "3").await;
}

/// The process that projects first, and the one that waits.
async fn in_order(servers: [Server; 2]) -> (Server, Server) {
    let [one, other] = servers;
    let leads = [projects(&one).await, projects(&other).await];
    assert_ne!(leads[0], leads[1], "exactly one projects");
    if leads[0] { (one, other) } else { (other, one) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_one_that_projects_is_killed_the_other_goes_on_without_a_gap() {
    let shared = Shared::new();
    let (one, other) = tokio::join!(shared.start("a", "all"), shared.start("b", "all"));
    let (first, second) = in_order([one, other]).await;
    keep_a_segment(&second).await;
    write_in(&[&first, &second], "before", 40).await;
    second.caller().hear(&first.caller());
    shows(&second, 10).await;
    let stood_at = shared.checkpoint();

    first.kill();
    let killed = Instant::now();
    write_in(&[&second], "without", 40).await;
    let mut last = stood_at;
    until("the other projects", async || {
        let now = shared.checkpoint();
        assert!(now >= last, "a checkpoint went back from {last} to {now}");
        last = now;
        projects(&second).await
    })
    .await;
    assert!(killed.elapsed() < Duration::from_secs(20), "{:?}", killed.elapsed());
    shows(&second, 20).await;
    assert!(shared.checkpoint() > stood_at);

    let third = shared.start("a", "all").await;
    assert!(!projects(&third).await);
    write_in(&[&third, &second], "after", 40).await;
    third.caller().hear(&second.caller());
    shows(&third, 30).await;
    each_entered_once(&third).await;
    second.stop();
    third.stop();
    shared.must_agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_paused_finds_the_lease_taken_and_changes_nothing() {
    let shared = Shared::new();
    let (one, other) = tokio::join!(shared.start("a", "all"), shared.start("b", "all"));
    let (first, second) = in_order([one, other]).await;
    keep_a_segment(&first).await;
    write_in(&[&first, &second], "before", 20).await;

    pause_within_a_batch(&shared, &first).await;
    let takes = "select token, until > clock_timestamp() + '1 s' from dossier.lease";
    let held = shared.postgres.answer(takes);
    write_in(&[&second], "without", 20).await;
    until("the lease is taken", async || shared.postgres.answer(takes).split('|').next() != held.split('|').next())
        .await;
    assert!(shared.postgres.answer(takes).ends_with("|t"), "it is held for its time, however long it was waited for");
    assert!(shared.postgres.log().contains("due to administrator command"), "the transactions are cut off");
    until("the other projects", async || projects(&second).await).await;
    write_in(&[&second], "meanwhile", 20).await;
    shows(&second, 16).await;
    first.signal("-CONT");
    until("the first has noticed", async || first.get("/metrics").await.is_ok() && !projects(&first).await).await;
    assert!(projects(&second).await, "the other goes on");

    write_in(&[&first, &second], "after", 20).await;
    first.caller().hear(&second.caller());
    shows(&first, 21).await;
    assert_eq!(first.get("/healthz").await.unwrap().status, 200);
    each_entered_once(&first).await;
    first.stop();
    second.stop();
    shared.must_agree();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_stops_gives_the_lease_back_at_once() {
    let shared = Shared::new();
    let first = shared.start("a", "all").await;
    assert!(projects(&first).await);
    let name = format!("process {} on %", first.id());
    let held = format!("select count(*) from dossier.lease where until > clock_timestamp() and name like '{name}'");
    assert_eq!(shared.postgres.answer(&held), "1");
    let second = shared.start("b", "all").await;
    write_in(&[&second], "before", 8).await;
    first.stop();
    assert_eq!(shared.postgres.answer(&held), "0");
    until("the other projects", async || projects(&second).await).await;
    write_in(&[&second], "after", 8).await;
    shows(&second, 4).await;
    second.stop();
    shared.must_agree();
}
