//! Whatever happened before: what a preview says is what the command then does (rule 25).

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use crate::merges::try_preview;
use crate::world::{HOME, World};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Something that is done to contacts, which are named by their place in [`NAMES`].
#[derive(Clone, Debug)]
enum Deed {
    Edit(usize, &'static str, Option<&'static str>),
    Tag(usize, &'static str, bool),
    Says(usize),
    Comment(usize),
    Release(usize),
    Block(usize, bool),
    Merge(usize, usize, Vec<(&'static str, &'static str)>),
    Unmerge(Index),
}

fn deed() -> impl Strategy<Value = Deed> {
    let who = 0..NAMES.len();
    let value = |field: &'static str| match field {
        "email" => prop_oneof![Just(None), Just(Some("one@x.org")), Just(Some("two@x.org"))].boxed(),
        "phone" => prop_oneof![Just(None), Just(Some("+60123456789")), Just(Some("+33612345678"))].boxed(),
        "country" => prop_oneof![Just(None), Just(Some("SE"))].boxed(),
        _ => prop_oneof![Just(None), Just(Some("One")), Just(Some("Two"))].boxed(),
    };
    let field = prop::sample::select(vec!["first_name", "last_name", "email", "phone", "country", "company"]);
    let edit = (who.clone(), field.clone())
        .prop_flat_map(move |(who, field)| value(field).prop_map(move |value| Deed::Edit(who, field, value)));
    let choice = prop::sample::select(vec!["primary", "secondary", "given", "null"]);
    let choices = prop::collection::vec((field, choice), 0..3);
    prop_oneof![
        6 => edit,
        3 => (who.clone(), prop::sample::select(vec!["t", "u"]), any::<bool>()).prop_map(|(who, tag, on)| Deed::Tag(who, tag, on)),
        3 => who.clone().prop_map(Deed::Says),
        1 => who.clone().prop_map(Deed::Comment),
        1 => who.clone().prop_map(Deed::Release),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, on)| Deed::Block(who, on)),
        5 => (who.clone(), who, choices).prop_map(|(one, other, choices)| Deed::Merge(one, other, choices)),
        4 => any::<Index>().prop_map(Deed::Unmerge),
    ]
}

struct History {
    world: World,
    contacts: Vec<String>,
    merges: Vec<String>,
    said: usize,
}

impl History {
    async fn new() -> Self {
        let world = World::new().await;
        let mut contacts = Vec::new();
        for name in NAMES {
            contacts.push(world.contact(name).await);
        }
        History { world, contacts, merges: Vec::new(), said: 0 }
    }

    async fn play(&mut self, deed: &Deed) {
        let id = |who: usize| self.contacts[who].as_str();
        let line = match deed {
            Deed::Edit(who, field, value) => json!({"command": "update_contact", "contact": id(*who), *field: value}),
            Deed::Tag(who, tag, true) => json!({"command": "add_tag", "contact": id(*who), "tag": tag}),
            Deed::Tag(who, tag, false) => json!({"command": "remove_tag", "contact": id(*who), "tag": tag}),
            Deed::Says(who) => {
                self.said += 1;
                crate::world::said(NAMES[*who], &self.said.to_string())
            }
            Deed::Comment(who) => json!({"command": "add_comment", "contact": id(*who), "text": "a note"}),
            Deed::Release(who) => {
                json!({"command": "release_channel", "contact": id(*who), "channel": "chat", "external_id": NAMES[*who]})
            }
            Deed::Block(who, true) => json!({"command": "block_contact", "contact": id(*who)}),
            Deed::Block(who, false) => json!({"command": "unblock_contact", "contact": id(*who)}),
            Deed::Merge(primary, secondary, choices) => return self.merge(*primary, *secondary, choices).await,
            Deed::Unmerge(index) => return self.unmerge(*index).await,
        };
        // A message by a released handle makes a contact of its own; a blocked one refuses nothing here.
        self.world.run(line).await;
    }

    async fn merge(&mut self, primary: usize, secondary: usize, choices: &[(&str, &str)]) {
        let (primary, secondary) = (self.contacts[primary].clone(), self.contacts[secondary].clone());
        let mut line = json!({"command": "merge_contacts", "primary": primary, "secondary": secondary});
        line["choices"] = choices_of(choices);
        let foreseen = try_preview(&self.world, &line).await.unwrap();
        line["expected"] = foreseen["expected"].clone();
        let done = self.world.try_run(line).await;
        assert_eq!(done.is_ok(), foreseen["allowed"].as_bool().unwrap(), "{foreseen} {done:?}");
        let Ok(done) = done else { return };
        self.merges.push(done.merge.unwrap().merge_id.to_string());
        let shown = self.world.show(&primary).await;
        same(&foreseen, &shown);
        self.same_bill(&foreseen).await;
    }

    async fn unmerge(&mut self, index: Index) {
        if self.merges.is_empty() {
            return;
        }
        let mut line = json!({"command": "unmerge_contacts", "merge_id": *index.get(&self.merges)});
        let foreseen = try_preview(&self.world, &line).await.unwrap();
        line["expected"] = foreseen["expected"].clone();
        let done = self.world.try_run(line).await;
        assert_eq!(done.is_ok(), foreseen["allowed"].as_bool().unwrap(), "{foreseen} {done:?}");
        let blocks = foreseen["contacts"].as_array().unwrap();
        assert_eq!(done.is_ok(), !blocks.is_empty());
        if let Some(last) = blocks.len().checked_sub(1) {
            self.same_bill(&foreseen).await;
            for block in [&blocks[0], &blocks[last]] {
                let shown = self.world.show(block["contact_id"].as_str().unwrap()).await;
                assert_eq!(shown["resolved_from"], json!(null));
                same(block, &shown);
            }
            self.free_those_between(&blocks[1..last]).await;
        }
    }

    /// Contacts between are seen when they are freed in turn, from the top, save that their conversation is closed.
    async fn free_those_between(&mut self, blocks: &[Value]) {
        for block in blocks.iter().rev() {
            let id = block["contact_id"].as_str().unwrap();
            let merge = self.world.show(id).await["resolved_from"]["merge_id"].as_str().unwrap().to_owned();
            self.world.unmerge(&merge).await;
            let shown = self.world.show(id).await;
            let mut block = block.clone();
            block["conversation"] = shown["conversation"].clone();
            same(&block, &shown);
        }
    }

    async fn same_bill(&self, foreseen: &Value) {
        let cycles = self.world.house.cycles(HOME).await.unwrap();
        assert_eq!(foreseen["billing"]["open_cycle_after"], cycles[0].active, "{foreseen}");
    }
}

fn choices_of(choices: &[(&str, &str)]) -> Value {
    let given = |field: &str| match field {
        "email" => "given@x.org",
        "phone" => "+4722345678",
        "country" => "NO",
        _ => "Given",
    };
    let each = choices.iter().map(|(field, choice)| {
        let choice = match *choice {
            "given" => json!({"value": given(field)}),
            "null" => json!({"value": null}),
            side => json!(side),
        };
        ((*field).to_owned(), choice)
    });
    Value::Object(each.collect::<Map<_, _>>())
}

/// What was foreseen is what is shown.
fn same(foreseen: &Value, shown: &Value) {
    for field in foreseen["fields"].as_array().unwrap() {
        let name = field["field"].as_str().unwrap();
        assert_eq!(field["result"], shown[name], "{name}: {foreseen} {shown}");
    }
    for name in ["first_name", "last_name", "email", "phone", "country", "company"] {
        let named = foreseen["fields"].as_array().unwrap().iter().any(|field| field["field"] == name);
        assert!(named || shown[name].is_null(), "{name} is not foreseen: {foreseen} {shown}");
    }
    for member in ["tags", "channels", "counts", "conversation"] {
        assert_eq!(foreseen[member], shown[member], "{member}: {foreseen} {shown}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn what_a_preview_says_is_what_then_happens(deeds in prop::collection::vec(deed(), 10..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut history = History::new().await;
            for deed in &deeds {
                history.play(deed).await;
            }
        });
    }
}
