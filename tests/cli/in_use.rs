//! A folder that a server holds: every other process is refused, and told what to do.

use dossier::adapters::sqlite::DataFolder;

use super::server::Server;
use super::*;

/// Carries out the call of curl that a refusal gives.
fn asked_instead(said: &str, place: &Place) -> String {
    let call = said.split("or ask the server: ").nth(1).unwrap_or_else(|| panic!("no call in {said}"));
    let output =
        Command::new("sh").args(["-c", &format!("{} -s -f", call.trim())]).current_dir(place.0.path()).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{call}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_refused_and_told_how_to_ask_the_first() {
    let place = Place::with_ada();
    let server = Server::start(&place.data()).await;
    let has_curl = Command::new("curl").arg("--version").output().is_ok();
    for (line, answered) in [
        ("contact show channel:telegram:@ada", "\"display_name\":\"Ada\""),
        ("contact timeline email:ada@example.com", "\"entries\":["),
        ("contact history channel:telegram:@ada", "merge_prepared"),
        ("projections list", "\"name\":\"contacts\""),
        ("projections rebuild mac", "\"name\":\"mac\""),
        ("ingest ada.ndjson", "{\"line\":1,\"status\":20"),
    ] {
        let said = place.run(line).failed(1);
        assert!(said.contains("is in use by another process, which serves it at http://127.0.0.1:"), "{said}");
        if has_curl {
            let reply = asked_instead(&said, &place);
            assert!(reply.contains(answered), "{line}: {reply}");
        }
    }
    for line in ["verify", "events", "keys rotate", "serve --listen 127.0.0.1:0"] {
        let said = place.run(line).failed(1);
        assert!(said.contains("stop it, or name another folder with --data"), "{said}");
    }
    server.stop();
    place.run("contact show channel:telegram:@ada").good();
}

#[test]
fn an_address_in_use_is_named_with_what_to_do() {
    let place = Place::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let said = place.run(&format!("serve --listen {address}")).failed(1);
    assert!(said.contains(&format!("can't listen on {address}: ")) && said.contains("--listen"), "{said}");
    let everywhere = place.run("serve --listen 0.0.0.0:0").failed(1);
    assert!(everywhere.contains("there is no access control yet"), "{everywhere}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_killed_server_was_is_not_told_of_the_next_holder() {
    let place = Place::with_ada();
    Server::start(&place.data()).await.kill();
    let held = DataFolder::open(place.data()).unwrap();
    let said = place.run("projections list").failed(1);
    assert!(said.contains("in use by another process: stop it"), "{said}");
    drop(held);
    place.run("projections list").good();
}

#[test]
fn a_server_that_is_stopped_the_moment_it_says_where_it_listens_ends_well() {
    let place = Place::with_ada();
    for _ in 0..10 {
        Server::spawn(&place.data()).stop();
    }
}
