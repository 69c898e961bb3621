//! Inbound messages as a channel would deliver them, to contacts drawn uniformly: the hardest case for every cache,
//! since each of a hundred thousand contacts is as likely to be next as any other.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::dice::Dice;

const TEXTS: [&str; 4] = [
    "Good morning, is the blue one still there, and may I come and look at it on Friday?",
    "Yes please.",
    "I have sent the papers yesterday. Could you confirm that they arrived? The number on the parcel is 4411.",
    "Thank you so much, that was quick! One more question: do you also deliver to the islands, and what is it then?",
];

/// The handle of a contact on its channel.
pub(crate) fn handle(contact: usize) -> String {
    format!("60{:09}", 120_000_000 + contact)
}

/// What a message says.
pub(crate) fn text(dice: &mut Dice) -> &'static str {
    TEXTS[dice.below(TEXTS.len())]
}

/// The name that a channel sends along with every message of a contact.
pub(crate) fn first_name(contact: usize) -> String {
    format!("Sender{}", contact % 9_973)
}

/// Writes messages to contacts as NDJSON, the same file every time.
pub(crate) fn write(path: &Path, messages: usize, contacts: usize) {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path).unwrap());
    let mut dice = Dice::seeded(7);
    for message in 0..messages {
        let contact = dice.below(contacts);
        line(&mut file, contact, message, text(&mut dice));
    }
    file.flush().unwrap();
}

/// One message as a line.
pub(crate) fn line(out: &mut impl Write, contact: usize, message: usize, text: &str) {
    writeln!(
        out,
        r#"{{"command":"receive_message","channel":"whatsapp","external_id":"{}","message_id":"wamid.{message}","profile":{{"first_name":"{}"}},"text":"{text}"}}"#,
        handle(contact),
        first_name(contact),
    )
    .unwrap();
}
