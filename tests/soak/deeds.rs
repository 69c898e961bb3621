//! What writers do: anything, to anybody, refused or not.

use std::sync::Arc;

use dossier::api::read::envelope::anonymous;
use dossier::api::read::{Setting, line};
use dossier::app::AppError;
use dossier::house::House;
use dossier_domain::meta::Cause;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::support::one_field_of_each_type;
use crate::{HOME, segments};

/// People that could be, and those that are.
pub(crate) struct Deeds {
    house: Arc<House>,
    people: Vec<Value>,
    filters: Vec<Value>,
    contacts: Mutex<Vec<String>>,
    merges: Mutex<Vec<String>>,
    input: Mutex<line::Input>,
}

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() { None } else { Some(items[self.below(items.len())].clone()) }
    }
}

impl Deeds {
    pub(crate) fn new(house: Arc<House>, people: Vec<Value>) -> Self {
        let (contacts, merges, input) = (Mutex::default(), Mutex::default(), Mutex::default());
        Deeds { house, people, filters: segments::filters(), contacts, merges, input }
    }

    /// What is there before anybody: fields and segments.
    pub(crate) async fn define(&self) {
        for field in one_field_of_each_type().iter() {
            let line = json!({"command": "define_field", "field": field.key, "name": field.key, "type": field.kind,
                "options": field.options});
            self.run(line).await.expect("it is a new field");
        }
        for line in segments::defined() {
            self.run(line).await.expect("it is a new segment");
        }
    }

    /// One writer's life.
    pub(crate) async fn do_some(&self, seed: u64, steps: usize) {
        let mut dice = Dice(seed);
        for step in 0..steps {
            let Some(line) = self.next(&mut dice, &format!("{seed}-{step}")) else { continue };
            match self.run(line.clone()).await {
                Ok((contact, merge)) => {
                    if line["command"] == "create_contact" {
                        self.contacts.lock().extend(contact);
                    }
                    self.merges.lock().extend(merge);
                }
                Err(AppError::Rejected(_) | AppError::Invalid(_) | AppError::Busy) => {}
                Err(error) => panic!("{line}: {error}"),
            }
        }
    }

    /// The next line; none where it would need somebody and nobody is there yet.
    fn next(&self, dice: &mut Dice, name: &str) -> Option<Value> {
        let someone = |dice: &mut Dice| dice.of(&self.contacts.lock());
        let person = self.people[dice.below(self.people.len())].clone();
        Some(match dice.below(20) {
            0..=4 => created(&person, name),
            5..=7 => edited(&person, &someone(dice)?),
            8 => json!({"command": "add_tag", "contact": someone(dice)?, "tag": "VIP"}),
            9 => json!({"command": "remove_tag", "contact": someone(dice)?, "tag": "vip"}),
            10 => json!({"command": "assign", "contact": someone(dice)?, "assignee": person["assignee"]}),
            11 => json!({"command": "block_contact", "contact": someone(dice)?, "reason": "noise"}),
            12 => json!({"command": "unblock_contact", "contact": someone(dice)?}),
            13 => json!({"command": "close_conversation", "contact": someone(dice)?}),
            14 | 15 => json!({"command": "merge_contacts", "primary": someone(dice)?, "secondary": someone(dice)?}),
            16 => json!({"command": "unmerge_contacts", "merge_id": dice.of(&self.merges.lock())?}),
            17 if dice.below(3) == 0 => json!({"command": "delete_contact", "contact": someone(dice)?}),
            18 if dice.below(4) == 0 => segments::next(dice.below(3), &dice.of(&self.filters)?),
            // Anybody's: now and then that of a contact which is absorbed or erased by now.
            _ => json!({"command": "receive_message", "channel": "whatsapp", "message_id": name, "text": "hello",
                "external_id": format!("{}-{}", 1 + dice.below(3), dice.below(40))}),
        })
    }

    async fn run(&self, line: Value) -> Result<(Option<String>, Option<String>), AppError> {
        let bytes = serde_json::to_vec(&line).unwrap();
        let setting = Setting {
            workspace: HOME.into(),
            region: None,
            actor: anonymous(),
            cause: Cause::Api,
            correlation_id: None,
        };
        let command = {
            let mut input = self.input.lock();
            input.take(&bytes);
            line::read(&bytes, &setting, &input, false).unwrap_or_else(|error| panic!("{line}: {error:?}")).command
        };
        let answer = self.house.execute(command).await?;
        let merge = answer.merge.filter(|_| answer.status == 201).map(|merge| merge.merge_id.to_string());
        Ok((answer.contact_id.map(|id| id.to_string()), merge))
    }
}

/// What of a person is set by hand.
const PROFILE: [&str; 7] = ["first_name", "last_name", "email", "phone", "company", "country", "language"];

fn created(person: &Value, name: &str) -> Value {
    let mut line = edited(person, "");
    let members = line.as_object_mut().unwrap();
    members.remove("contact");
    members.insert("command".into(), "create_contact".into());
    members.insert("tags".into(), person["tags"].clone());
    members.insert("channels".into(), json!([{"channel": "whatsapp", "external_id": name}]));
    line
}

fn edited(person: &Value, contact: &str) -> Value {
    let mut line = json!({"command": "update_contact", "contact": contact, "custom": person["custom"]});
    for member in PROFILE {
        line[member] = person[member].clone();
    }
    line
}
