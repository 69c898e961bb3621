//! The oracle's bills: every cycle counted anew from the whole history (rules 27-31).

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, Duration, Months, NaiveDate, NaiveTime, TimeZone};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::oracle::{Merge, Oracle};
use crate::values::{rfc, text, utc};

impl Oracle {
    /// Every cycle from the first to the running one, counted anew: `{cycle, start, end, state, active, digest, members}`,
    /// members by id, each `[id, line of the interaction that made it count]`.
    pub fn statements(&self, id_of: &dyn Fn(&str) -> String) -> Vec<Value> {
        let Some(first) = self.contacts.first().map(|it| text(&it.stream[0], "at")) else { return Vec::new() };
        let day = utc(&first).with_timezone(&self.zone).date_naive();
        let month = day.with_day(1).expect("every month has a first") - Months::new(1);
        let starts =
            (0..).map(|it| (self.cycle_start(month + Months::new(it)), self.cycle_start(month + Months::new(it + 1))));
        let cycles = starts.skip_while(|(_, end)| end.1 <= first).take_while(|(start, _)| start.1 <= self.now);
        cycles.map(|(start, end)| self.statement(&start.0, &start.1, &end.1, id_of)).collect()
    }

    fn statement(&self, cycle: &str, start: &str, end: &str, id_of: &dyn Fn(&str) -> String) -> Value {
        let (closed, within) = (end <= self.now.as_str(), |at: Option<&str>| Some(start) <= at && at < Some(end));
        let undone = |it: &Merge| it.undone.as_deref().is_some_and(|at| at < end);
        let merged = self.merges.iter().filter(|it| it.at.as_str() < end && !undone(it));
        let above: HashMap<usize, usize> = merged.map(|it| (it.secondary, it.primary)).collect();
        let mut members: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for contact in 0..self.contacts.len() {
            let root = std::iter::successors(Some(contact), |it| above.get(it).copied()).last().unwrap_or(contact);
            let id = id_of(&self.contacts[root].label);
            for it in self.contacts[contact].stream.iter().filter(|it| within(it["at"].as_str()) && it["via"].is_u64())
            {
                let failed = self.failed.get(&it["position"].as_u64().unwrap_or(0)).is_some_and(|at| at.as_str() < end);
                let old_block = it["suppressed"].is_string() && !within(it["suppressed"].as_str());
                if !failed && !old_block && it["sender"] != "broadcast" {
                    let reason = (it["position"].as_u64().unwrap_or(0), it["line"].as_u64().unwrap_or(0));
                    let member = members.entry(id.clone()).or_insert(reason);
                    *member = reason.min(*member);
                }
            }
        }
        let ids: String = members.keys().map(|id| format!("{id}\n")).collect();
        json!({"cycle": cycle, "start": start, "end": end, "state": if closed { "closed" } else { "open" },
            "active": members.len(), "digest": closed.then(|| format!("{:x}", Sha256::digest(ids))),
            "members": members.iter().map(|(id, (_, line))| json!([id, line])).collect::<Vec<_>>()})
    }

    /// The anchor day of a month, clamped, and its first instant in the zone.
    pub(crate) fn cycle_start(&self, month: NaiveDate) -> (String, String) {
        let day = (1..=self.anchor_day).rev().find_map(|it| month.with_day(it)).unwrap_or(month);
        let minutes = (0..24 * 60).map(|it| day.and_time(NaiveTime::MIN) + Duration::minutes(it));
        let start = minutes.filter_map(|it| self.zone.from_local_datetime(&it).earliest()).next();
        (day.to_string(), rfc(start.expect("a day has an instant").to_utc()))
    }
}
