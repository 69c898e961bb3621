//! Lines that say again what was said, and lines that are refused: each for one reason alone.

use chrono::Duration;
use serde_json::{Value, json};

use crate::generator::{Deed, Generator, label, number, utc};
use crate::values::{identity, rfc, text};

/// Named by no line.
const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

impl Generator {
    /// A line taken before that fits, by preference one whose contact was erased, or merged, or no longer shows the
    /// identity that it came by.
    fn earlier(&mut self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let (mut found, preferred) = (None, self.dice.below(4));
        for _ in 0..25 {
            let chosen = self.dice.below(self.lines.len());
            if self.answers[chosen]["changed"] != true || !wanted(&self.lines[chosen]) {
                continue;
            }
            found = Some(self.lines[chosen].clone());
            let landed = number(&self.answers[chosen]["contact"])?;
            let shows = self.oracle.identities.get(&identity(&self.lines[chosen])).map(|it| self.oracle.root(*it));
            let erased = self.oracle.erased.contains(&landed);
            let absorbed = self.oracle.root(landed) != landed;
            if [erased, absorbed, !erased && !absorbed && shows != Some(landed), true][preferred] {
                break;
            }
        }
        found
    }

    /// The same line, or the same message without a key, or with another key and another text.
    pub(crate) fn deliver_again(&mut self) -> Option<Value> {
        let messages = self.dice.chance(85);
        let is_message = |it: &Value| it["command"] == "receive_message" || it["command"] == "send_message";
        let mut command = self.earlier(|it| !messages || is_message(it))?;
        let sent_by_channel = command["command"] == "send_message"
            && (command["external_id"].is_null() || self.oracle.bearer(&command["contact"]).is_err());
        let form = self.dice.below(3);
        if form == 0 || !messages || sent_by_channel {
            return Some(command).filter(|it| it["key"].is_string());
        }
        command["at"] = json!(rfc(self.now));
        command["key"] = if form == 1 { Value::Null } else { json!(format!("k{}", self.line())) };
        if form == 2 {
            command.as_object_mut()?.remove("content");
            command["text"] = json!("said otherwise");
        }
        Some(command)
    }

    pub(crate) fn wrong(&mut self) -> Option<Value> {
        let wrongs: [Deed; 18] = [
            Self::merge_with_blocked,
            Self::delete_absorbed,
            Self::claim_taken,
            Self::create_with_taken,
            Self::merge_with_itself,
            Self::unmerge_twice,
            Self::merge_absorbed,
            Self::send_to_blocked,
            Self::open_blocked,
            Self::snooze_nothing,
            Self::snooze_into_the_past,
            Self::touch_erased,
            Self::touch_nobody,
            Self::unmerge_nothing,
            Self::unmerge_erased,
            Self::behind_the_clock,
            Self::reuse_key,
            Self::create_nobody,
        ];
        let chosen = self.dice.below(wrongs.len());
        wrongs[chosen](self)
    }

    fn pair(&mut self, primary: Option<usize>, secondary: Option<usize>, name: &str) -> Option<Value> {
        let (mut one, mut other) = (primary?, secondary?);
        if name == "merge_contacts" && self.dice.chance(50) {
            (one, other) = (other, one);
        }
        let (primary, secondary) = (self.reference(one), self.reference(other));
        Some(json!({"command": name, "primary": primary, "secondary": secondary}))
    }

    fn blocked_root(&mut self) -> Option<usize> {
        let blocked: Vec<usize> = self.blocked.iter().copied().collect();
        self.dice.pick(&blocked)
    }

    fn free_root(&mut self) -> Option<usize> {
        let free = self.free_roots();
        self.dice.pick(&free)
    }

    fn merge_with_blocked(&mut self) -> Option<Value> {
        let (blocked, free) = (self.blocked_root(), self.free_root());
        self.pair(blocked, free, "merge_contacts")
    }

    fn delete_absorbed(&mut self) -> Option<Value> {
        let absorbed = self.absorbed();
        let contact = self.dice.pick(&absorbed)?;
        let reference = self.reference(contact);
        Some(json!({"command": "delete_contact", "contact": reference}))
    }

    fn claim_taken(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let root = self.oracle.root(contact);
        let others = self.held_where(|it| self.oracle.root(it) != root);
        let ((channel, external_id), _) = self.dice.pick(&others)?;
        let reference = self.reference(contact);
        Some(json!({"command": "claim_channel", "contact": reference, "channel": channel, "external_id": external_id}))
    }

    fn create_with_taken(&mut self) -> Option<Value> {
        let held = self.held_where(|_| true);
        let ((channel, external_id), _) = self.dice.pick(&held)?;
        let fresh = self.fresh_identity();
        Some(json!({"command": "create_contact", "first_name": "Twice", "channels":
            [{"channel": fresh.0, "external_id": fresh.1}, {"channel": channel, "external_id": external_id}]}))
    }

    fn merge_with_itself(&mut self) -> Option<Value> {
        let root = self.free_root();
        self.pair(root, root, "merge_contacts")
    }

    fn unmerge_twice(&mut self) -> Option<Value> {
        let undone = self.merges_where(|all, it| {
            it.undone && !all.erased.contains(&it.primary) && !all.erased.contains(&it.secondary)
        });
        let chosen = self.dice.pick(&undone)?;
        Some(json!({"command": "unmerge_contacts", "merge_id": self.merges[chosen].id}))
    }

    fn merge_absorbed(&mut self) -> Option<Value> {
        let (absorbed, free) = (self.absorbed(), self.free_root());
        let absorbed = self.dice.pick(&absorbed);
        self.pair(free, absorbed, "merge_contacts")
    }

    fn send_to_blocked(&mut self) -> Option<Value> {
        let held = self.held_where(|it| self.blocked.contains(&self.oracle.root(it)));
        let ((channel, external_id), holder) = self.dice.pick(&held)?;
        let addressed = self.one_of_tree(holder);
        let reference = self.reference(addressed);
        Some(json!({"command": "send_message", "contact": reference, "channel": channel, "external_id": external_id,
            "text": "are you there", "sender": "user", "message_id": format!("out{}", self.line())}))
    }

    fn open_blocked(&mut self) -> Option<Value> {
        let root = self.blocked_root()?;
        let addressed = self.one_of_tree(root);
        let reference = self.reference(addressed);
        if self.dice.chance(50) {
            return Some(json!({"command": "open_conversation", "contact": reference}));
        }
        let until = rfc(self.now + Duration::seconds(86_401));
        Some(json!({"command": "snooze_conversation", "contact": reference, "until": until}))
    }

    fn snooze(&mut self, under_way: bool, seconds: i64) -> Option<Value> {
        let free = self.free_roots();
        let fitting: Vec<usize> = free.into_iter().filter(|&it| self.may_snooze(it) == under_way).collect();
        let root = self.dice.pick(&fitting)?;
        let reference = self.reference(root);
        let until = rfc(self.now + Duration::seconds(seconds));
        Some(json!({"command": "snooze_conversation", "contact": reference, "until": until}))
    }

    fn snooze_nothing(&mut self) -> Option<Value> {
        self.snooze(false, 7201)
    }

    fn snooze_into_the_past(&mut self) -> Option<Value> {
        self.snooze(true, -3599)
    }

    fn touch_erased(&mut self) -> Option<Value> {
        let erased = self.erased();
        let contact = self.dice.pick(&erased)?;
        let reference = format!("id:{}", label(contact));
        let free = self.free_root()?;
        Some(match self.dice.below(4) {
            0 => json!({"command": "add_comment", "contact": reference, "text": "too late"}),
            1 => json!({"command": "update_contact", "contact": reference, "company": "Acme"}),
            2 => json!({"command": "delete_contact", "contact": reference}),
            _ => json!({"command": "merge_contacts", "primary": self.reference(free), "secondary": reference}),
        })
    }

    fn touch_nobody(&mut self) -> Option<Value> {
        let nobody = [format!("id:{NOBODY}"), format!("channel:web:nobody{}", self.line())];
        let reference = self.dice.pick(&nobody)?;
        Some(match self.dice.below(3) {
            0 => json!({"command": "add_tag", "contact": reference, "tag": "vip"}),
            1 => json!({"command": "delete_contact", "contact": reference}),
            _ => json!({"command": "assign", "contact": reference, "assignee": "user:anna"}),
        })
    }

    fn unmerge_nothing(&mut self) -> Option<Value> {
        Some(json!({"command": "unmerge_contacts", "merge_id": NOBODY}))
    }

    fn unmerge_erased(&mut self) -> Option<Value> {
        let lost = self.merges_where(|all, it| !it.undone && all.erased.contains(&it.primary));
        let chosen = self.dice.pick(&lost)?;
        Some(json!({"command": "unmerge_contacts", "merge_id": self.merges[chosen].id}))
    }

    /// Before what was appended last, so that no reading of the workspace's clock takes it.
    fn behind_the_clock(&mut self) -> Option<Value> {
        let contact = self.somebody()?;
        let at = utc(&self.appended_at) - Duration::seconds(2 + 2 * self.dice.below(100_000) as i64);
        let reference = self.reference(contact);
        Some(json!({"command": "add_comment", "contact": reference, "text": "from before", "at": rfc(at)}))
    }

    fn reuse_key(&mut self) -> Option<Value> {
        let mut command = self.earlier(|it| it["command"] == "add_comment")?;
        command["text"] = json!(format!("{} and more", text(&command, "text")));
        Some(command)
    }

    fn create_nobody(&mut self) -> Option<Value> {
        Some(json!({"command": "create_contact", "company": "Nobody's", "tags": ["vip"]}))
    }
}
