//! Custom fields as analysts and filters find them: a column of the view of their workspace, and an index, each.

use serde_json::{Value, json};

use super::*;

const HISTORY: &str = r#"{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"note","name":"Note","type":"text"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"tier","name":"Tier","type":"list","options":["gold","silver"]}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"score","name":"Score","type":"number"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"vip","name":"Vip","type":"boolean"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"born","name":"Born","type":"date"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"seen","name":"Seen","type":"datetime"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"wakes","name":"Wakes","type":"time"}
{"command":"define_field","at":"2024-01-01T00:00:00Z","field":"topics","name":"Topics","type":"multi_list","options":["News","Offers"]}
{"command":"create_contact","at":"2024-01-05T10:00:00Z","first_name":"Ada","custom":{"note":"First","tier":"gold","score":0.5,"vip":true,"born":"1915-12-10","seen":"2024-01-01T08:00:00.25+08:00","wakes":"06:30","topics":["Offers","News"]},"channels":[{"channel":"web","external_id":"ada"}]}
{"command":"create_contact","at":"2024-01-05T10:00:00Z","first_name":"Bob","custom":{"tier":"silver"},"channels":[{"channel":"web","external_id":"bob"}]}
"#;

fn with_fields() -> Place {
    Place::with(HISTORY, "--replay-clock")
}

const COLUMNS: &str = "select string_agg(attname, ' ' order by attnum) from pg_attribute
    where attrelid = 'dossier.contacts_in_default'::regclass and attname like 'custom%'";
const INDEXES: &str =
    "select count(*) from pg_indexes where schemaname = 'dossier' and indexname like 'contacts_custom_%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_has_a_column_and_an_index_while_it_is_in_use() {
    let place = with_fields();
    let all = "custom_note custom_tier custom_score custom_vip custom_born custom_seen custom_wakes custom_topics";
    let values = all.replace(' ', ", ");
    let row = format!("select display_name, {values} from dossier.contacts_in_default order by 1");
    for _ in ["at first", "after a rebuild"] {
        assert_eq!(place.postgres.answer(COLUMNS), all);
        assert_eq!(place.postgres.answer(INDEXES), "8");
        let ada = "Ada|First|gold|0.5|t|1915-12-10|2024-01-01 00:00:00.25+00|06:30:00|{News,Offers}";
        assert_eq!(place.as_analyst(&row), format!("{ada}\nBob||silver||||||"));
        place.run("projections rebuild contacts");
    }
    let server = place.serve(None).await;
    server.call("DELETE", "/fields/tier", Value::Null).await.expect(200);
    let plan = json!({"key": "plan", "name": "Plan", "type": "text"});
    server.call("POST", "/fields", plan).await.expect(201);
    server.call("GET", "/contacts/channel:web:bob", Value::Null).await.expect(200);
    server.stop();
    let left = format!("{} custom_plan", all.replace("custom_tier ", ""));
    assert_eq!(place.postgres.answer(COLUMNS), left);
    assert_eq!(place.postgres.answer(INDEXES), "8");
    assert!(place.faults().is_empty());
    place.run("projections rebuild contacts");
    assert_eq!((place.postgres.answer(COLUMNS), place.postgres.answer(INDEXES)), (left, "8".to_owned()));
}

/// A view that somebody built on ours is theirs: fields come and go without it, and nothing stands still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_build_on_the_view_stays() {
    let place = with_fields();
    place.postgres.answer("create view public.theirs as select custom_tier from dossier.contacts_in_default");
    let server = place.serve(None).await;
    let plan = json!({"key": "plan", "name": "Plan", "type": "text"});
    server.call("POST", "/fields", plan).await.expect(201);
    server.call("DELETE", "/fields/tier", Value::Null).await.expect(200);
    let custom = json!({"custom": {"plan": "Pro"}});
    server.call("PATCH", "/contacts/channel:web:bob", custom).await.expect(200);
    server.call("GET", "/contacts/channel:web:bob", Value::Null).await.expect(200);
    server.stop();
    let plans = "select custom_plan from dossier.contacts_in_default where display_name = 'Bob'";
    assert_eq!(place.postgres.answer(plans), "Pro");
    assert_eq!(place.postgres.answer("select count(*) from public.theirs"), "2");
}

#[test]
fn names_are_quoted_and_long_ones_stay_apart() {
    let place = with_fields();
    let long = "k".repeat(63);
    let of = |workspace: &str, key: &str, kind: &str| {
        let key = key.replace('\'', "''");
        let define = format!("set search_path = dossier; select define_field('{workspace}', '{key}', '{kind}')");
        place.postgres.answer(&define)
    };
    let workspace = "w-".repeat(32);
    for key in [format!("{long}1"), format!("{long}2"), "\"; drop table contacts; --'$$".to_owned()] {
        for kind in ["text", "number", "boolean", "date", "datetime", "time", "list", "multi_list", "email"] {
            of(&workspace, &format!("{key}{kind}"), kind);
        }
    }
    let custom = "select count(*) from pg_attribute where attname like 'custom\\_%' and attrelid =
        (select oid from pg_class where relname like 'contacts_in_w-%')";
    assert_eq!(place.postgres.answer(custom), "27");
    assert_eq!(place.postgres.answer(INDEXES), "35");
}

#[test]
fn a_filter_by_a_field_finds_its_index() {
    let place = with_fields();
    // Every other index by which a workspace is found.
    let others = "select string_agg('drop index ' || indexname || ';', ' ') from pg_indexes
        where tablename = 'contacts' and indexname like 'contacts_workspace_%'";
    let others = place.postgres.answer(others);
    for (column, of, value) in [
        ("(c.custom_compared -> $2 ->> 'folded') collate \"C\" = $3", "note", "first"),
        ("(c.custom_compared -> $2 ->> 'exact') collate \"C\" = $3", "tier", "gold"),
        ("(c.custom_compared -> $2 -> 'number')::float8 > $3::float8", "score", "0.1"),
        ("(c.custom_compared -> $2 ->> 'date') collate \"C\" <= $3", "born", "2000-01-01"),
        ("(c.custom_compared -> $2 -> 'multi_list') ?| array[$3]", "topics", "News"),
    ] {
        let plan = format!(
            "set search_path = dossier; set enable_seqscan = off; {others}
             prepare asked (text, text, text) as select contact_id from contacts as c where c.workspace = $1 and {column};
             explain execute asked ('default', '{of}', '{value}')"
        );
        let plan = place.postgres.answer(&format!("begin; {plan}; rollback"));
        let index = format!("contacts_custom_{}", place.postgres.answer(&format!("select md5('default/{of}')")));
        assert!(plan.contains(&index), "{column}: {plan}");
    }
}
