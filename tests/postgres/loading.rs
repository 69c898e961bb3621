//! Contacts are made anew at once: states are folded elsewhere first, and rows, keys and indexes come afterwards.

use std::fmt::Write as _;
use std::process::Child;

use super::*;

const CONTACTS: usize = 300;

/// Contacts with fields, tags and messages, of whom some are merged, freed again, blocked and erased.
fn history() -> String {
    let mut lines = String::from(
        r#"{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"tier","name":"Tier","type":"list","options":["gold","silver"]}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"score","name":"Score","type":"number"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"gone","name":"Gone","type":"text"}
{"command":"retire_field","at":"2024-01-01T00:00:00Z","field":"gone"}
"#,
    );
    let at = r#""at":"2024-01-05T10:00:00Z""#;
    for number in 0..CONTACTS {
        let named = format!(r#""contact":"channel:web:c{number}""#);
        let pair =
            format!(r#""primary":"channel:web:c{}","secondary":"channel:web:c{number}""#, number.saturating_sub(3));
        writeln!(
            lines,
            r#"{{"command":"create_contact",{at},"first_name":"N{number}","email":"n{number}@example.com","tags":["T{}"],"custom":{{"tier":"gold","score":{number}}},"channels":[{{"channel":"web","external_id":"c{number}"}}]}}
{{"command":"receive_message",{at},"channel":"web","external_id":"c{number}","message_id":"m{number}","text":"hello"}}"#,
            number % 7,
        )
        .unwrap();
        let more = match number % 20 {
            7 => format!(r#"{{"command":"merge_contacts",{at},{pair}}}"#),
            8 => format!(
                r#"{{"command":"merge_contacts",{at},{pair}}}
{{"command":"unmerge_contacts",{at},{pair}}}"#
            ),
            11 => format!(r#"{{"command":"block_contact",{at},{named},"reason":"spam"}}"#),
            13 => format!(r#"{{"command":"delete_contact",{at},{named}}}"#),
            _ => continue,
        };
        writeln!(lines, "{more}").unwrap();
    }
    lines
}

/// Every row that is not sealed.
fn rows(place: &Place) -> Vec<String> {
    let tables = ["lookups", "contacts", "contact_tags", "contact_channels", "merges", "custom_fields"];
    let rows = tables.map(|table| {
        let row = "to_jsonb(r)::text";
        place.postgres.answer(&format!("select string_agg({row}, E'\\n' order by {row}) from dossier.{table} as r"))
    });
    rows.into()
}

/// What the catalog knows of the tables: indexes, constraints, options and views.
fn catalog(place: &Place) -> Vec<String> {
    let told = [
        "select string_agg(indexname || ' ' || indexdef, E'\\n' order by indexname) from pg_indexes
         where schemaname = 'dossier'",
        "select string_agg(conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid), E'\\n'
         order by conrelid::regclass::text, conname) from pg_constraint where connamespace = 'dossier'::regnamespace",
        "select string_agg(relname || ' ' || relkind::text || coalesce(reloptions::text, ''), E'\\n' order by relname)
         from pg_class where relnamespace = 'dossier'::regnamespace",
    ];
    told.map(|asked| place.postgres.answer(asked)).into()
}

#[test]
fn a_rebuild_gives_the_rows_of_a_live_projection_while_queries_go_on() {
    let place = Place::with(&history(), "--replay-clock");
    let before = rows(&place);
    assert!(before.iter().all(|table| !table.is_empty()), "{before:?}");
    let count = "select count(*) from dossier.contacts";
    let shown = place.postgres.answer(count);
    let mut rebuilding = place.command("projections rebuild contacts").spawn().unwrap();
    let mut asked = 0;
    while rebuilding.try_wait().unwrap().is_none() {
        assert_eq!(place.postgres.answer(count), shown, "after {asked} looks");
        asked += 1;
    }
    assert!(rebuilding.wait().unwrap().success() && asked > 0);
    assert_eq!(rows(&place), before);
    assert!(place.faults().is_empty());
}

#[test]
fn the_catalog_is_the_same_after_a_rebuild_as_after_the_migrations() {
    let place = Place::with(&history(), "--replay-clock");
    let before = catalog(&place);
    place.run("projections rebuild contacts");
    assert_eq!(catalog(&place), before);
    let known = "select count(distinct tablename) from pg_stats where schemaname = 'dossier'
        and tablename in ('contacts', 'contact_tags', 'own_states')";
    assert_eq!(place.postgres.answer(known), "3", "what is asked next is planned by what is there");
}

/// Holds whoever makes an index over loaded rows.
const HOLD: &str = "
    create function hold() returns event_trigger language plpgsql as $$
    declare
        made record;
        is_loaded boolean;
    begin
        for made in select schema_name from pg_event_trigger_ddl_commands() where schema_name like 'dossier\\_scratch%' loop
            continue when to_regclass(made.schema_name || '.contacts') is null;
            execute format('select exists (select from %I.contacts)', made.schema_name) into is_loaded;
            if is_loaded then perform pg_sleep(600); end if;
        end loop;
    end $$;
    create event trigger held on ddl_command_end when tag in ('CREATE INDEX') execute function hold()";
const HELD: &str = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";

#[test]
fn killed_while_it_loads_it_leaves_what_serves_as_it_is() {
    let place = Place::with(&history(), "--replay-clock");
    let (before, catalog_before) = (rows(&place), catalog(&place));
    place.postgres.answer(HOLD);
    let mut rebuilding: Child = place.command("projections rebuild contacts").spawn().unwrap();
    while place.postgres.answer(HELD) == "0" {
        assert!(rebuilding.try_wait().unwrap().is_none(), "it is held while it makes indexes");
    }
    rebuilding.kill().unwrap();
    rebuilding.wait().unwrap();
    place.postgres.answer("drop event trigger held");
    place.postgres.answer("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
    assert_eq!((rows(&place), catalog(&place)), (before, catalog_before));
    assert!(place.faults().is_empty());
    assert_eq!(place.postgres.answer("select count(*) from pg_namespace where nspname like 'dossier\\_%'"), "0");
    let names = std::fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with("scratch-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What a batch does not change keeps its row, and what it changes is written in the page of the old row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_writes_no_index_and_touches_no_tag() {
    let place = Place::with(&history(), "--replay-clock");
    place.run("projections rebuild contacts");
    let tags = "select string_agg(ctid || key, ',' order by ctid) from dossier.contact_tags";
    let before = place.postgres.answer(tags);
    let server = place.serve(None).await;
    for number in 0..2 {
        let message = serde_json::json!({"channel": "web", "external_id": "c1", "message_id": format!("again-{number}"),
            "content": {"type": "text", "text": "hello"}});
        let said = server.call("POST", "/messages", message).await.expect(200);
        let seen = format!("/contacts/channel:web:c1?min_position={}", said["position"]);
        server.call("GET", &seen, Value::Null).await.expect(200);
    }
    server.stop();
    assert_eq!(place.postgres.answer(tags), before);
    let updated = "select n_tup_upd, n_tup_hot_upd from pg_stat_user_tables
        where schemaname = 'dossier' and relname = 'contacts'";
    let told = || place.postgres.answer(updated);
    // The server's own processes tell what they did when they end, a little after the connection does.
    let told = std::iter::repeat_with(told)
        .find(|told| told.split_once('|').is_some_and(|(all, _)| all.parse::<u32>().unwrap() >= 2))
        .unwrap();
    assert_ne!(told.split_once('|').unwrap().1, "0", "{told}");
}

/// The newest page does not sort everybody: the server says how it looked for it.
#[test]
fn the_usual_order_has_an_index() {
    let place = Place::with(&history(), "--replay-clock");
    place.postgres.answer(
        "set search_path = dossier;
         update contacts set last_interaction = timestamptz '2024-01-01T00:00:00Z' + position * interval '1 hour'",
    );
    place.postgres.answer("analyze dossier.contacts");
    let told = "options=-c%20session_preload_libraries%3Dauto_explain%20-c%20auto_explain.log_min_duration%3D0";
    let address = format!("{}&{told}", place.postgres.address());
    let searched = place.command("search --in-store --limit 10").env(READ_STORE, address).output().unwrap();
    assert!(searched.status.success(), "{searched:?}");
    let log = std::fs::read_to_string(place.postgres.host().join("log")).unwrap();
    assert!(log.contains("Presorted Key: c.last_hour") && log.contains("contacts_workspace_last_hour_idx"), "{log}");
}
