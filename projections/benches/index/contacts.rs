//! Contacts as a workspace has them: skewed countries and tags, names in several scripts, times over two years.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use dossier_domain::compose::{ActivityLevel, Status};
use dossier_domain::fields::Typed;
use dossier_domain::filter::Subject;
use dossier_domain::ids::ContactId;
use dossier_domain::state::ConversationStatus;
use dossier_domain::values::text::fold;
use dossier_domain::values::time::parse_time;
use uuid::Uuid;

use crate::dice::Dice;

pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) fn now() -> DateTime<Utc> {
    parse_time(NOW).unwrap()
}

/// Country, calling code, and how many digits follow.
pub(crate) const COUNTRIES: [(&str, &str, usize); 12] = [
    ("MY", "6012", 7),
    ("ID", "62812", 8),
    ("SG", "659", 7),
    ("IN", "9198", 8),
    ("TH", "668", 8),
    ("PH", "63917", 7),
    ("GB", "447", 9),
    ("US", "1415", 7),
    ("DE", "49151", 8),
    ("AE", "97150", 7),
    ("BR", "55119", 8),
    ("JP", "8190", 8),
];
pub(crate) const CHANNELS: [&str; 5] = ["whatsapp", "telegram", "sms", "email", "webchat"];
pub(crate) const OPTIONS: [&str; 4] = ["free", "basic", "pro", "enterprise"];
const DOMAINS: [&str; 6] = ["gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "example.org"];
const FIRST: [&str; 48] = [
    "Aisyah",
    "Ahmad",
    "Siti",
    "Muhammad",
    "Nur",
    "Wei",
    "Mei",
    "Jun",
    "Priya",
    "Rahul",
    "Anita",
    "Arjun",
    "Somchai",
    "Nattaya",
    "Maria",
    "José",
    "Juan",
    "Ana",
    "John",
    "Emma",
    "Oliver",
    "Amelia",
    "Müller",
    "Jürgen",
    "Søren",
    "Zoë",
    "明",
    "芳",
    "伟",
    "健太",
    "さくら",
    "陽子",
    "محمد",
    "فاطمة",
    "علي",
    "Иван",
    "Ольга",
    "Дмитрий",
    "Ελένη",
    "Γιώργος",
    "민준",
    "서연",
    "สมชาย",
    "प्रिया",
    "Chloe",
    "Liam",
    "Noah",
    "Sofia",
];
const LAST: [&str; 40] = [
    "binti Abdullah",
    "bin Ismail",
    "Tan",
    "Lim",
    "Wong",
    "Lee",
    "Ng",
    "Kumar",
    "Sharma",
    "Patel",
    "Singh",
    "Santos",
    "Reyes",
    "Cruz",
    "Garcia",
    "Smith",
    "Jones",
    "Taylor",
    "Brown",
    "Schmidt",
    "Weiß",
    "Nguyễn",
    "Sato",
    "田中",
    "王",
    "李",
    "القاسم",
    "Петров",
    "Иванова",
    "Παπαδόπουλος",
    "김",
    "박",
    "da Silva",
    "Pereira",
    "O'Connor",
    "van den Berg",
    "Lovelace",
    "Turing",
    "Hopper",
    "Curie",
];
const COMPANIES: [&str; 10] =
    ["Trading", "Holdings", "Motors", "Foods", "Logistics", "Dental", "Realty", "Travel", "Software", "Engines"];

/// Makes contacts, the same ones every time.
pub(crate) struct Contacts {
    dice: Dice,
    texts: BTreeMap<String, Arc<str>>,
}

/// Few of the first are most of all.
pub(crate) fn skewed(dice: &mut Dice, end: usize) -> usize {
    let share = dice.below(1 << 20) as f64 / f64::from(1 << 20);
    ((share * share * share) * end as f64) as usize
}

impl Contacts {
    pub(crate) fn new() -> Self {
        Contacts::seeded(5)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Contacts { dice: Dice::seeded(seed), texts: BTreeMap::new() }
    }

    /// True in so many of a hundred cases.
    fn chance(&mut self, percent: usize) -> bool {
        self.dice.below(100) < percent
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        self.texts.entry(text.to_owned()).or_insert_with(|| text.into()).clone()
    }

    fn pick(&mut self, of: &[&str]) -> Arc<str> {
        let at = skewed(&mut self.dice, of.len());
        self.shared(of[at])
    }

    fn ago(&mut self, days: usize) -> DateTime<Utc> {
        now() - TimeDelta::microseconds((self.dice.number() % (days as u64 * 86_400_000_000)) as i64)
    }

    pub(crate) fn make(&mut self) -> Subject {
        let (country, code, digits) = COUNTRIES[skewed(&mut self.dice, COUNTRIES.len())];
        let number = self.dice.number() % 10_u64.pow(digits as u32);
        let phone: Arc<str> = format!("+{code}{number:0digits$}").into();
        let first = FIRST[self.dice.below(FIRST.len())];
        let last = LAST[self.dice.below(LAST.len())];
        let email = self.chance(60).then(|| self.email(first, last));
        let company = self.chance(30).then(|| {
            let name = format!("{last} {} {}", COMPANIES[self.dice.below(COMPANIES.len())], self.dice.below(300));
            self.shared(&name)
        });
        let created_at = self.ago(730);
        let last_in = self.chance(90).then(|| self.between(created_at));
        let last_out = self.chance(70).then(|| self.between(created_at));
        let last_interaction = last_in.max(last_out);
        let status = [
            ConversationStatus::Closed,
            ConversationStatus::None,
            ConversationStatus::Open,
            ConversationStatus::Snoozed,
        ][skewed(&mut self.dice, 4)];
        let blocked = self.chance(1);
        let channel = self.pick(&CHANNELS);
        let (custom, custom_sets) = self.custom();
        Subject {
            id: ContactId(Uuid::from_u64_pair(self.dice.number(), self.dice.number())),
            display_name: format!("{first} {last}").into(),
            first_name: Some(self.shared(first)),
            last_name: Some(self.shared(last)),
            email,
            handles: vec![phone.trim_start_matches('+').into()],
            phone: Some(phone),
            company,
            country: Some(self.shared(country)),
            language: self.chance(80).then(|| self.pick(&["en", "ms", "id", "zh", "hi", "th", "de", "ar"])),
            source: Some(channel.clone()),
            last_channel: last_interaction.is_some().then(|| channel.clone()),
            assignee: self.chance(25).then(|| {
                let n = skewed(&mut self.dice, 200);
                self.shared(&format!("user:{n}"))
            }),
            conversation_status: status,
            status: Status::of(status, blocked),
            activity: ActivityLevel::of(blocked, last_interaction, 30, now()),
            blocked,
            has_absorbed: self.chance(3),
            opened_at: (status != ConversationStatus::None).then(|| self.between(created_at)),
            created_at,
            first_seen: created_at,
            last_in,
            last_out,
            last_interaction,
            tags: self.tags(),
            channels: BTreeSet::from([channel]),
            custom,
            custom_sets,
            other_emails: Vec::new(),
            other_phones: Vec::new(),
        }
    }

    fn between(&mut self, from: DateTime<Utc>) -> DateTime<Utc> {
        let span = (now() - from).num_microseconds().unwrap().max(1);
        now() - TimeDelta::microseconds((self.dice.number() % span as u64) as i64)
    }

    fn email(&mut self, first: &str, last: &str) -> Arc<str> {
        let domain = skewed(&mut self.dice, 40);
        let ascii = |text: &str| fold(text).chars().filter(char::is_ascii_alphanumeric).collect::<String>();
        let number = self.dice.below(10_000);
        match DOMAINS.get(domain) {
            Some(domain) => format!("{}.{}{number}@{domain}", ascii(first), ascii(last)).into(),
            None => format!("{}@{}{domain}{}.example", ascii(first), ascii(last), self.dice.below(500)).into(),
        }
    }

    fn tags(&mut self) -> BTreeMap<Arc<str>, Arc<str>> {
        let count = skewed(&mut self.dice, 6);
        let names = (0..count).map(|_| {
            let tag = skewed(&mut self.dice, 500);
            self.shared(&format!("tag {tag}"))
        });
        names.map(|name| (name.clone(), name)).collect()
    }

    #[allow(clippy::type_complexity, reason = "two maps of a subject")]
    fn custom(&mut self) -> (BTreeMap<Arc<str>, Typed>, BTreeMap<Arc<str>, BTreeSet<Arc<str>>>) {
        let mut custom = BTreeMap::new();
        if self.chance(50) {
            custom.insert(self.shared("score"), Typed::Number(self.dice.below(1_000) as f64 / 10.0));
        }
        if self.chance(70) {
            custom.insert(self.shared("plan"), Typed::Option(self.pick(&OPTIONS)));
        }
        if self.chance(30) {
            let day = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(self.dice.below(365) as i64);
            custom.insert(self.shared("renewal"), Typed::Date(day));
        }
        if self.chance(30) {
            let city = format!("City of {}", skewed(&mut self.dice, 1_000));
            custom.insert(self.shared("city"), Typed::Text(self.shared(&city)));
        }
        (custom, BTreeMap::new())
    }
}
