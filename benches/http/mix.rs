//! What the callers ask: of ten commands eight are messages from known contacts, one makes a contact, and one edits a
//! contact or tags it. Known contacts are drawn uniformly.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::client::Source;
use super::shared::dice::Dice;
use super::shared::messages;
use super::shared::process::{dossier, run};

const AT: &str = "/v1/workspaces/default";
const TAGS: usize = 40;

/// Makes a store that knows so many contacts, by one message each.
pub(crate) fn prepare(data: &Path, known: usize) {
    let input = tempfile::NamedTempFile::new().unwrap();
    let mut lines = std::io::BufWriter::new(input.as_file());
    (0..known).for_each(|contact| messages::line(&mut lines, contact, contact, "hello"));
    lines.flush().unwrap();
    let mut command = dossier();
    command.arg("ingest").arg("--data").arg(data).arg(input.path());
    run(command.stdout(Stdio::null()).stderr(Stdio::null()));
}

/// What one connection asks.
pub(crate) struct Mix {
    place: usize,
    known: usize,
    dice: Dice,
    asked: usize,
    body: Vec<u8>,
}

impl Mix {
    pub(crate) fn of_connection(place: usize, known: usize) -> Self {
        Mix { place, known, dice: Dice::seeded(1000 + place as u64), asked: 0, body: Vec::new() }
    }

    fn message(&mut self, request: &mut Vec<u8>) {
        let (contact, text) = (self.dice.below(self.known), messages::text(&mut self.dice));
        let (handle, name) = (messages::handle(contact), messages::first_name(contact));
        let Mix { place, asked, .. } = self;
        write!(
            self.body,
            r#"{{"channel":"whatsapp","external_id":"{handle}","message_id":"wamid.{place}.{asked}","profile":{{"first_name":"{name}"}},"content":{{"type":"text","text":"{text}"}}}}"#
        )
        .unwrap();
        self.finish(request, "POST", format_args!("/messages"), false);
    }

    fn contact(&mut self, request: &mut Vec<u8>) {
        let Mix { place, asked, .. } = self;
        write!(
            self.body,
            r#"{{"first_name":"New{asked}","last_name":"Of{place}","email":"new{asked}@of{place}.example","channels":[{{"channel":"telegram","external_id":"@{place}.{asked}"}}]}}"#
        )
        .unwrap();
        self.finish(request, "POST", format_args!("/contacts"), true);
    }

    fn edit(&mut self, request: &mut Vec<u8>) {
        let handle = messages::handle(self.dice.below(self.known));
        if self.dice.below(2) == 0 {
            let Mix { place, asked, .. } = self;
            write!(self.body, r#"{{"company":"Number {asked} of {place}"}}"#).unwrap();
            self.finish(request, "PATCH", format_args!("/contacts/channel:whatsapp:{handle}"), true);
        } else {
            let tag = self.dice.below(TAGS);
            self.finish(request, "PUT", format_args!("/contacts/channel:whatsapp:{handle}/tags/tag{tag}"), true);
        }
    }

    fn finish(&mut self, request: &mut Vec<u8>, method: &str, path: std::fmt::Arguments<'_>, keyed: bool) {
        let Mix { place, asked, body, .. } = self;
        write!(request, "{method} {AT}{path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n")
            .unwrap();
        if keyed {
            write!(request, "idempotency-key: {place}.{asked}\r\n").unwrap();
        }
        write!(request, "content-length: {}\r\n\r\n", body.len()).unwrap();
        request.extend_from_slice(body);
    }
}

impl Source for Mix {
    fn write(&mut self, request: &mut Vec<u8>) {
        self.asked += 1;
        self.body.clear();
        match self.dice.below(10) {
            0 => self.contact(request),
            1 => self.edit(request),
            _ => self.message(request),
        }
    }
}
