//! A workspace of any size, as a history of commands over two years: the same one every time, written line by line and
//! with nothing remembered of the contacts, so that memory does not grow with it.
//!
//! What becomes of a contact lies in its number: some are merged, blocked and erased a while after they came.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::dice::Dice;

pub(crate) mod people;

use people::{CHANNELS, PLANS, address};

/// When the history ends: what counts as now in whatever is asked of it.
pub(crate) const END: &str = "2026-06-01T00:00:00Z";
const DAYS: i64 = 730;
/// Steps that are no coming of a contact, for ten contacts: all in all a contact makes ten events.
const STEPS_FOR_TEN: usize = 37;
/// How many contacts come before something is made of one.
const MEANWHILE: usize = 20;
/// Coprime to every count of contacts that it is used with: who is drawn often is spread over all who came.
const SPREAD: u64 = 2_654_435_761;

/// By which chance a contact is written to or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    /// Zipf with s = 1: the first has ten times as much as the tenth.
    Zipf,
    Uniform,
}

impl Draw {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Draw::Zipf => "Zipf",
            Draw::Uniform => "uniform",
        }
    }

    /// One of so many contacts.
    pub(crate) fn contact(self, dice: &mut Dice, of: usize) -> usize {
        match self {
            Draw::Uniform => dice.below(of),
            Draw::Zipf => {
                // The chance of rank k is ln((k + 1) / k) over ln(of + 1), which is 1/k but for a constant.
                let share = dice.below(1 << 30) as f64 / f64::from(1 << 30);
                let rank = ((of + 1) as f64).powf(share) as u64 - 1;
                (rank.min(of as u64 - 1) * SPREAD % of as u64) as usize
            }
        }
    }
}

/// A number that does not look like the one before it.
pub(crate) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// What becomes of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lives,
    /// Is merged into another one.
    Absorbed {
        primary: usize,
        /// And out of it again.
        undone: bool,
    },
    Blocked,
    Erased,
}

pub(crate) fn fate(contact: usize) -> Fate {
    match contact % 200 {
        13 => Fate::Erased,
        11 | 111 => Fate::Blocked,
        place if place % 40 == 7 => Fate::Absorbed { primary: contact - 4, undone: contact % 400 == 7 },
        _ => Fate::Lives,
    }
}

/// Writes the history of a workspace of so many contacts as NDJSON; answers how many lines that is.
pub(crate) fn write(out: impl Write, contacts: usize, draw: Draw) -> io::Result<u64> {
    let end: DateTime<Utc> = END.parse().unwrap_or_default();
    let mut history = History {
        out,
        contacts,
        draw,
        dice: Dice::seeded(17),
        known: 0,
        start: end - TimeDelta::days(DAYS),
        at: end - TimeDelta::days(DAYS),
        lines: 0,
    };
    history.fields()?;
    let steps = contacts + contacts * STEPS_FOR_TEN / 10;
    for step in 0..steps {
        let span = i128::from(TimeDelta::days(DAYS).num_microseconds().unwrap_or_default());
        let passed = (span * step as i128 / steps as i128) as i64;
        history.at = history.start + TimeDelta::microseconds(passed);
        if (step + 1) * contacts / steps > step * contacts / steps || history.known == 0 {
            history.comes()?;
        } else {
            history.something_happens()?;
        }
    }
    history.out.flush()?;
    Ok(history.lines)
}

struct History<W> {
    out: W,
    contacts: usize,
    draw: Draw,
    dice: Dice,
    /// How many contacts came so far.
    known: usize,
    start: DateTime<Utc>,
    at: DateTime<Utc>,
    lines: u64,
}

impl<W: Write> History<W> {
    fn line(&mut self, command: &str, members: Value) -> io::Result<()> {
        let Value::Object(members) = members else { return Ok(()) };
        let mut line = Map::new();
        line.insert("command".to_owned(), command.into());
        line.insert("at".to_owned(), self.at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true).into());
        line.extend(members);
        serde_json::to_writer(&mut self.out, &line)?;
        self.lines += 1;
        self.out.write_all(b"\n")
    }

    fn fields(&mut self) -> io::Result<()> {
        self.line("define_field", json!({"field": "plan", "name": "Plan", "type": "list", "options": PLANS}))?;
        for (field, name, kind) in [
            ("score", "Score", "number"),
            ("renewal", "Renewal", "date"),
            ("city", "City", "text"),
            ("subscribed", "Subscribed", "boolean"),
        ] {
            self.line("define_field", json!({"field": field, "name": name, "type": kind}))?;
        }
        Ok(())
    }

    /// Another contact comes: most are entered with all that is known, the others write.
    fn comes(&mut self) -> io::Result<()> {
        let contact = self.known;
        self.known += 1;
        let mut profile = people::profile(&mut self.dice);
        let (channel, external_id) = address(contact);
        if self.dice.below(10) < 6 {
            profile.insert("custom".to_owned(), people::custom(&mut self.dice));
            profile.insert("tags".to_owned(), people::tags(&mut self.dice).into());
            let mut channels = vec![json!({"channel": channel, "external_id": external_id})];
            if self.dice.below(10) == 0 {
                channels.push(json!({"channel": CHANNELS[4], "external_id": format!("second-{contact}")}));
            }
            profile.insert("channels".to_owned(), channels.into());
            self.line("create_contact", profile.into())?;
        } else {
            let message = message(&mut self.dice, contact, self.lines);
            let Value::Object(mut message) = message else { return Ok(()) };
            message.insert("profile".to_owned(), profile.into());
            self.line("receive_message", message.into())?;
            self.edit(contact)?;
        }
        match contact.checked_sub(MEANWHILE) {
            Some(earlier) => self.befalls(earlier),
            None => Ok(()),
        }
    }

    fn befalls(&mut self, contact: usize) -> io::Result<()> {
        let named = reference(contact);
        match fate(contact) {
            Fate::Lives => Ok(()),
            Fate::Blocked => self.line("block_contact", json!({"contact": named, "reason": "spam"})),
            Fate::Erased => self.line("delete_contact", json!({"contact": named})),
            Fate::Absorbed { primary, undone } => {
                let both = json!({"primary": reference(primary), "secondary": named});
                self.line("merge_contacts", both.clone())?;
                if undone { self.line("unmerge_contacts", both) } else { Ok(()) }
            }
        }
    }

    fn something_happens(&mut self) -> io::Result<()> {
        let contact = self.somebody();
        let named = reference(contact);
        match self.dice.below(100) {
            0..76 => {
                let message = message(&mut self.dice, contact, self.lines);
                self.line("receive_message", message)
            }
            76..88 if fate(contact) != Fate::Blocked => {
                let (channel, external_id) = address(contact);
                let sent = json!({
                    "contact": named, "channel": channel, "external_id": external_id, "sender": "user",
                    "message_id": format!("out.{}", self.lines), "text": text(&mut self.dice),
                });
                self.line("send_message", sent)
            }
            88..92 => self.line("close_conversation", json!({"contact": named, "category": "solved"})),
            92..95 => {
                let assignee = people::assignee(people::skewed(&mut self.dice, people::ASSIGNEES));
                self.line("assign", json!({"contact": named, "assignee": assignee}))
            }
            95 if fate(contact) != Fate::Blocked => {
                let message = message(&mut self.dice, contact, self.lines);
                self.line("receive_message", message)?;
                let until = self.at + TimeDelta::days(1 + self.dice.below(60) as i64);
                self.line("snooze_conversation", json!({"contact": named, "until": until.to_rfc3339()}))
            }
            _ => self.edit(contact),
        }
    }

    /// One who came and is not to be erased: nobody writes to those who are.
    fn somebody(&mut self) -> usize {
        loop {
            let contact = self.draw.contact(&mut self.dice, self.contacts);
            if contact < self.known && fate(contact) != Fate::Erased {
                return contact;
            }
            // The first ones would be waited for long.
            if self.known < 100 {
                return 0;
            }
        }
    }

    fn edit(&mut self, contact: usize) -> io::Result<()> {
        let contact = reference(contact);
        if self.dice.below(2) == 0 {
            let tag = people::tag(people::skewed(&mut self.dice, people::TAGS));
            return self.line("add_tag", json!({"contact": contact, "tag": tag}));
        }
        let custom = people::custom(&mut self.dice);
        self.line("update_contact", json!({"contact": contact, "custom": custom}))
    }
}

/// By which a command names a contact.
pub(crate) fn reference(contact: usize) -> String {
    let (channel, external_id) = address(contact);
    format!("channel:{channel}:{external_id}")
}

/// The members of an inbound message; no two of one number.
pub(crate) fn message(dice: &mut Dice, contact: usize, number: u64) -> Value {
    let (channel, external_id) = address(contact);
    json!({
        "channel": channel, "external_id": external_id, "message_id": format!("in.{number}"), "text": text(dice),
    })
}

fn text(dice: &mut Dice) -> &'static str {
    const TEXTS: [&str; 5] = [
        "Good morning, is the blue one still there, and may I come and look at it on Friday?",
        "是的，谢谢。",
        "Ya, boleh. Saya datang esok pagi.",
        "نعم، شكرا جزيلا",
        "I have sent the papers yesterday. Could you confirm that they arrived? The number on the parcel is 4411.",
    ];
    TEXTS[dice.below(TEXTS.len())]
}
