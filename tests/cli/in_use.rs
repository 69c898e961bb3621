//! A folder that a server holds: every other process is refused, and told what to do.

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_killed_server_was_is_not_told_of_the_next_holder() {
    let place = Place::with_ada();
    Server::start(&place.data()).await.kill();
    let mut ingest = place.command("ingest -").stdin(std::process::Stdio::piped()).spawn().unwrap();
    // It holds the folder once it is refused to others.
    let said = loop {
        let run = place.run("projections list");
        if run.code == Some(1) {
            break run.err;
        }
    };
    assert!(said.contains("in use by another process: stop it"), "{said}");
    drop(ingest.stdin.take());
    assert!(ingest.wait().unwrap().success());
}
