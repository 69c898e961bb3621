//! Who is in a workspace: people whose names, numbers and languages belong together, a number of contact each.

use serde_json::{Map, Value, json};

use super::super::dice::Dice;
use super::mixed;

/// A country, the first digits of its mobile numbers, how many digits follow, the language most people write in there,
/// and how they write their names.
pub(crate) struct Country {
    pub(crate) code: &'static str,
    prefix: &'static str,
    digits: u32,
    language: &'static str,
    script: &'static [Name],
}

/// Names as they are written, and in the letters of an email address.
type Name = ((&'static str, &'static str), (&'static str, &'static str));

const MALAY: &[Name] = &[
    (("Aisyah", "aisyah"), ("binti Abdullah", "abdullah")),
    (("Muhammad", "muhammad"), ("bin Ismail", "ismail")),
    (("Siti", "siti"), ("Rahman", "rahman")),
    (("Wei Ling", "weiling"), ("Tan", "tan")),
    (("Priya", "priya"), ("Subramaniam", "subra")),
    (("Dewi", "dewi"), ("Lestari", "lestari")),
];
const LATIN: &[Name] = &[
    (("José", "jose"), ("García", "garcia")),
    (("Zoë", "zoe"), ("O'Connor", "oconnor")),
    (("Jürgen", "juergen"), ("Weiß", "weiss")),
    (("Emma", "emma"), ("Taylor", "taylor")),
    (("Maria", "maria"), ("da Silva", "dasilva")),
    (("Søren", "soren"), ("Lindqvist", "lindqvist")),
    (("Ada", "ada"), ("Lovelace", "lovelace")),
];
const HAN: &[Name] = &[
    (("伟", "wei"), ("王", "wang")),
    (("芳", "fang"), ("李", "li")),
    (("明", "ming"), ("欧阳", "ouyang")),
    (("秀英", "xiuying"), ("陈", "chen")),
];
const KANA: &[Name] = &[
    (("健太", "kenta"), ("田中", "tanaka")),
    (("さくら", "sakura"), ("佐藤", "sato")),
    (("ヒロシ", "hiroshi"), ("鈴木", "suzuki")),
];
const ARABIC: &[Name] = &[
    (("محمد", "mohammed"), ("القاسم", "alqasim")),
    (("فاطمة", "fatima"), ("الحربي", "alharbi")),
    (("علي", "ali"), ("حسن", "hassan")),
];
const CYRILLIC: &[Name] = &[
    (("Иван", "ivan"), ("Петров", "petrov")),
    (("Ольга", "olga"), ("Иванова", "ivanova")),
    (("Дмитрий", "dmitry"), ("Соколов", "sokolov")),
];
const THAI: &[Name] = &[
    (("สมชาย", "somchai"), ("ใจดี", "jaidee")),
    (("ณัฐยา", "nattaya"), ("แสงทอง", "saengthong")),
    (("กิตติ", "kitti"), ("ศรีสุข", "srisuk")),
];
const DEVANAGARI: &[Name] = &[
    (("प्रिया", "priya"), ("शर्मा", "sharma")),
    (("राहुल", "rahul"), ("कुमार", "kumar")),
    (("अनीता", "anita"), ("पटेल", "patel")),
];
const HANGUL: &[Name] = &[(("민준", "minjun"), ("김", "kim")), (("서연", "seoyeon"), ("박", "park"))];
const GREEK: &[Name] = &[(("Ελένη", "eleni"), ("Παππά", "pappa")), (("Γιώργος", "giorgos"), ("Νικολάου", "nikolaou"))];

const fn country(
    code: &'static str,
    prefix: &'static str,
    digits: u32,
    language: &'static str,
    script: &'static [Name],
) -> Country {
    Country { code, prefix, digits, language, script }
}

/// Most contacts are in the first ones.
pub(crate) const COUNTRIES: [Country; 18] = [
    country("MY", "6012", 7, "ms", MALAY),
    country("ID", "62812", 8, "id", MALAY),
    country("SG", "6591", 6, "en", MALAY),
    country("CN", "86138", 8, "zh", HAN),
    country("IN", "9198", 8, "hi", DEVANAGARI),
    country("TH", "6681", 7, "th", THAI),
    country("SA", "96650", 7, "ar", ARABIC),
    country("PH", "63917", 7, "en", LATIN),
    country("GB", "447400", 6, "en", LATIN),
    country("US", "14152", 6, "en", LATIN),
    country("BR", "551196", 7, "pt-BR", LATIN),
    country("RU", "7912", 7, "ru", CYRILLIC),
    country("DE", "49151", 8, "de", LATIN),
    country("AE", "97150", 7, "ar", ARABIC),
    country("EG", "2010", 8, "ar", ARABIC),
    country("JP", "81901", 7, "ja", KANA),
    country("KR", "82102", 7, "ko", HANGUL),
    country("GR", "30691", 7, "el", GREEK),
];
pub(crate) const CHANNELS: [&str; 5] = ["whatsapp", "telegram", "sms", "email", "webchat"];
pub(crate) const PLANS: [&str; 4] = ["free", "basic", "pro", "enterprise"];
pub(crate) const CITIES: usize = 1_000;
pub(crate) const TAGS: usize = 300;
pub(crate) const ASSIGNEES: usize = 200;
const TRADES: [&str; 8] = ["Trading", "Holdings", "Motors", "Foods", "Logistics", "Dental", "Travel", "Software"];
const DOMAINS: [&str; 5] = ["gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "example.org"];

/// Few of the first are most of all.
pub(crate) fn skewed(dice: &mut Dice, end: usize) -> usize {
    let share = dice.below(1 << 20) as f64 / f64::from(1 << 20);
    ((share * share * share) * end as f64) as usize
}

pub(crate) fn tag(number: usize) -> String {
    format!("tag {number}")
}

pub(crate) fn assignee(number: usize) -> String {
    format!("user:{number}")
}

pub(crate) fn city(number: usize) -> String {
    format!("City of {number}")
}

/// The identity by which a contact is reached first.
pub(crate) fn address(contact: usize) -> (&'static str, String) {
    let drawn = mixed(contact as u64 ^ 0xadd) % 100;
    let channel = match drawn {
        0..60 => CHANNELS[0],
        60..75 => CHANNELS[1],
        75..85 => CHANNELS[2],
        85..92 => CHANNELS[3],
        _ => CHANNELS[4],
    };
    let external_id = match channel {
        "telegram" => format!("@user{contact}"),
        "email" => format!("writer{contact}@example.net"),
        "webchat" => format!("visitor-{:016x}", mixed(contact as u64)),
        _ => format!("60{:010}", 1_000_000_000 + contact),
    };
    (channel, external_id)
}

/// What is known of a contact when it comes: the members of a profile, without tags and channels.
pub(crate) fn profile(dice: &mut Dice) -> Map<String, Value> {
    let country = &COUNTRIES[skewed(dice, COUNTRIES.len())];
    let (first, _) = country.script[dice.below(country.script.len())];
    let (_, last) = country.script[dice.below(country.script.len())];
    let number = dice.number() % 10_u64.pow(country.digits);
    let mut profile = Map::new();
    let mut put = |name: &str, value: Value| profile.insert(name.to_owned(), value);
    put("first_name", json!(first.0));
    put("phone", json!(format!("+{}{number:0digits$}", country.prefix, digits = country.digits as usize)));
    if dice.below(10) < 9 {
        put("last_name", json!(last.0));
    }
    if dice.below(10) < 6 {
        put("email", json!(email(dice, first.1, last.1)));
    }
    if dice.below(10) < 8 {
        put("language", json!(if dice.below(4) == 0 { "en" } else { country.language }));
    }
    // That of the others is derived from the phone.
    if dice.below(10) < 5 {
        put("country", json!(country.code));
    }
    if dice.below(10) < 3 {
        put("company", json!(format!("{} {} {}", last.0, TRADES[dice.below(TRADES.len())], dice.below(300))));
    }
    profile
}

fn email(dice: &mut Dice, first: &str, last: &str) -> String {
    let number = dice.below(10_000);
    match DOMAINS.get(skewed(dice, 40)) {
        Some(domain) => format!("{first}.{last}{number}@{domain}"),
        None => format!("{first}@{last}{}.example", dice.below(500)),
    }
}

/// Values of the custom fields; some contacts have none.
pub(crate) fn custom(dice: &mut Dice) -> Value {
    let mut custom = Map::new();
    let mut put = |name: &str, value: Value| custom.insert(name.to_owned(), value);
    if dice.below(10) < 7 {
        put("plan", json!(PLANS[skewed(dice, PLANS.len())]));
    }
    if dice.below(10) < 5 {
        put("score", json!(dice.below(1_000) as f64 / 10.0));
    }
    if dice.below(10) < 3 {
        put("renewal", json!(format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28))));
    }
    if dice.below(10) < 3 {
        put("city", json!(city(skewed(dice, CITIES))));
    }
    if dice.below(10) < 4 {
        put("subscribed", json!(dice.below(3) > 0));
    }
    custom.into()
}

/// The tags that a contact comes with.
pub(crate) fn tags(dice: &mut Dice) -> Vec<String> {
    let mut tags: Vec<String> = (0..skewed(dice, 5)).map(|_| tag(skewed(dice, TAGS))).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}
