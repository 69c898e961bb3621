//! The oracle's bills: every cycle counted anew from the whole history (rules 27-31).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::iter::successors;

use chrono::{Datelike, Duration, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::oracle::Oracle;
use crate::values::{index, rfc, text};

impl Oracle {
    /// Every cycle from the first to the running one, counted anew: `{cycle, start, end, state, active, digest,
    /// members}`, members by id, each `[id, line of the interaction that made it count]`.
    pub fn statements(&self, zone: Tz, anchor_day: u32, id_of: &dyn Fn(&str) -> String) -> Vec<Value> {
        let Some(first) = self.streams.first().map(|it| text(&it[0], "at")) else { return Vec::new() };
        let month = format!("{}-01", &first[..7]).parse::<NaiveDate>().expect("a date") - Months::new(2);
        let starts: Vec<_> = (0..99).map(|it| cycle_start(zone, anchor_day, month + Months::new(it))).collect();
        let cycles = starts.windows(2).filter(|it| it[1].1 > first && it[0].1 <= self.now);
        let talk = self.talk(&(0..self.streams.len()).collect::<Vec<_>>());
        cycles.map(|it| self.statement(&it[0], &it[1].1, &talk, id_of)).collect()
    }

    fn statement(&self, first: &(String, String), end: &str, talk: &[&Value], id_of: &dyn Fn(&str) -> String) -> Value {
        let before = |at: &Value| at.as_str().is_some_and(|at| at < end);
        let within = |at: &Value| before(at) && at.as_str() >= Some(&first.1);
        let facts = || self.streams.iter().flatten();
        let merged = facts().filter(|it| it["edge"].is_string() && before(&it["at"]) && !before(&it["undone"]));
        let above: HashMap<usize, usize> = merged.map(|it| (index(&it["secondary"]), index(&it["by"]))).collect();
        let failed = facts().filter(|it| it["status"] == "failed" && before(&it["at"]));
        let failed: HashSet<String> = failed.map(|it| text(it, "message_id")).collect();
        let mut members: BTreeMap<String, &Value> = BTreeMap::new();
        for it in talk.iter().filter(|it| within(&it["at"]) && it["sender"] != "broadcast") {
            let old_block = it["suppressed"].is_string() && !within(&it["suppressed"]);
            if !failed.contains(&text(it, "message_id")) && !old_block {
                let root = successors(Some(index(&it["by"])), |it| above.get(it).copied()).last().unwrap_or_default();
                members.entry(id_of(&format!("@{root}"))).or_insert(&it["line"]);
            }
        }
        let (closed, ids) = (end <= self.now.as_str(), members.keys().map(|id| format!("{id}\n")).collect::<String>());
        json!({"cycle": first.0, "start": first.1, "end": end, "state": if closed { "closed" } else { "open" },
            "active": members.len(), "digest": closed.then(|| format!("{:x}", Sha256::digest(ids))),
            "members": members.into_iter().collect::<Vec<_>>()})
    }
}

/// The anchor day of a month, clamped, and its first instant in the zone.
pub(crate) fn cycle_start(zone: Tz, anchor_day: u32, month: NaiveDate) -> (String, String) {
    let day = (1..=anchor_day).rev().find_map(|it| month.with_day(it)).unwrap_or(month);
    let minutes = (0..24 * 60).map(|it| day.and_time(NaiveTime::MIN) + Duration::minutes(it));
    let start = minutes.filter_map(|it| zone.from_local_datetime(&it).earliest()).next();
    (day.to_string(), rfc(start.expect("a day has an instant").to_utc()))
}
