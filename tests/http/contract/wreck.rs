//! One thing of a good request is wrecked.

use serde_json::{Value, json};

use super::super::server::Dice;
use super::{Asked, Operation, Reply};

/// A request of which one thing is wrecked, and what must come of it.
pub(super) struct Wrecked {
    pub(super) what: &'static str,
    pub(super) asked: Asked,
    expected: Expected,
}

enum Expected {
    /// Anything but a failure.
    Whatever,
    /// This status.
    Status(u16),
    /// A validation problem that points here or below.
    At(String),
    /// A validation problem outside of the body.
    Outside,
}

/// Every way to wreck a request.
pub(super) const ALL: [&str; 11] = [
    "a type",
    "an unknown member",
    "a member twice",
    "a text",
    "a time",
    "bytes",
    "deep nesting",
    "the media type",
    "a header",
    "the query",
    "the path",
];

impl Wrecked {
    pub(super) fn told(&self) -> String {
        let body =
            self.asked.body.as_ref().map(|body| String::from_utf8_lossy(&body[..body.len().min(600)]).into_owned());
        format!("{} {} {:?} {:?}", self.what, self.asked.path, self.asked.headers, body)
    }

    pub(super) fn must_be_refused(&self) -> bool {
        !matches!(self.expected, Expected::Whatever)
    }

    #[track_caller]
    pub(super) fn check(&self, told: &str, reply: &Reply) {
        let pointers = || -> Vec<String> {
            assert_eq!(reply.problem(), (422, "validation".into()), "{told}");
            let json = reply.json();
            let errors = json["errors"].as_array().unwrap();
            errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
        };
        match &self.expected {
            Expected::Whatever => {}
            Expected::Status(status) => assert_eq!(reply.status, *status, "{told}"),
            Expected::At(place) => assert!(pointers().iter().any(|own| own.starts_with(place)), "{place}: {told}"),
            Expected::Outside => assert!(pointers().iter().any(String::is_empty), "{told}"),
        }
    }
}

/// Wrecks one thing, another one each round; `None` where the operation has no such thing.
pub(super) fn one_thing(operation: &Operation, asked: Asked, dice: &mut Dice, round: usize) -> Option<Wrecked> {
    let what = ALL[round % ALL.len()];
    let body: Option<Value> = asked.body.as_ref().map(|body| serde_json::from_slice(body).unwrap());
    let with =
        |body: Vec<u8>, expected| Some(Wrecked { what, asked: Asked { body: Some(body), ..asked.clone() }, expected });
    match what {
        "the query" => return Some(query(what, asked, dice)),
        "the path" => return path(what, operation, asked, dice),
        "a header" => return header(what, operation, asked, dice),
        _ => {}
    }
    let mut body = body?;
    match what {
        "a type" => {
            let place = dice.of(&places(&body, |_| true))?.clone();
            let wrong = of_another_type(body.pointer(&place)?);
            *body.pointer_mut(&place)? = wrong;
            with(body.to_string().into_bytes(), Expected::At(place))
        }
        "an unknown member" => {
            let place = dice.of(&places(&body, Value::is_object))?.clone();
            body.pointer_mut(&place)?.as_object_mut()?.insert("surprise".into(), json!(1));
            with(body.to_string().into_bytes(), Expected::At(format!("{place}/surprise")))
        }
        "a member twice" => {
            let (name, value) = body.as_object()?.iter().next()?;
            let twice = body.to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
            let expected = Expected::At(format!("/{name}"));
            with(twice.into_bytes(), expected)
        }
        "a text" => {
            let place = dice.of(&places(&body, Value::is_string))?.clone();
            *body.pointer_mut(&place)? = json!(dice.of(&texts())?);
            with(body.to_string().into_bytes(), Expected::Whatever)
        }
        "a time" => {
            let times = |value: &Value| value.as_str().is_some_and(|text| text.ends_with("00:00:00Z"));
            let place = dice.of(&places(&body, times))?.clone();
            *body.pointer_mut(&place)? = json!(dice.of(TIMES)?);
            with(body.to_string().into_bytes(), Expected::At(place))
        }
        "bytes" => {
            let mut bytes = body.to_string().into_bytes();
            match dice.below(3) {
                0 => bytes.truncate(bytes.len() - 1),
                1 => bytes[1] = 0xff,
                _ => bytes.extend(b"}"),
            }
            with(bytes, Expected::Status(400))
        }
        "deep nesting" => {
            let (open, close) = [("[", "]"), ("{\"a\":", "}")][dice.below(2)];
            let deep = [open.repeat(10_000), "1".into(), close.repeat(10_000)].concat();
            with(deep.into_bytes(), Expected::Status(400))
        }
        "the media type" => {
            let mut asked = asked;
            let strange = ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense", ""];
            asked.headers.retain(|(name, _)| name != "content-type");
            asked.headers.push(("content-type".into(), (*dice.of(&strange)?).into()));
            Some(Wrecked { what, asked, expected: Expected::Status(415) })
        }
        other => unreachable!("{other}"),
    }
}

/// Pointers to what is in a body, but for places that take any name or any type of value.
fn places(body: &Value, wanted: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), body)];
    while let Some((place, value)) = open.pop() {
        if wanted(value) {
            found.push(place.clone());
        }
        match value {
            Value::Object(members) => {
                let closed = members.iter().filter(|(name, _)| !["custom", "choices"].contains(&name.as_str()));
                open.extend(closed.map(|(name, below)| (format!("{place}/{name}"), below)));
            }
            Value::Array(items) => {
                open.extend(items.iter().enumerate().map(|(index, below)| (format!("{place}/{index}"), below)));
            }
            _ => {}
        }
    }
    found.sort();
    found
}

fn of_another_type(value: &Value) -> Value {
    match value {
        Value::String(_) => json!(7),
        Value::Number(_) => json!("7"),
        Value::Bool(_) => json!("true"),
        Value::Array(_) => json!({"0": 1}),
        Value::Object(_) => json!([1]),
        Value::Null => json!(false),
    }
}

fn texts() -> Vec<String> {
    let short =
        ["", " ", "\u{0}", "a\u{0}b", "\u{1b}[2J", "\u{202e}x\u{feff}", "\u{10ffff}", "e\u{301}\u{301}", "..", "null"];
    let mut texts: Vec<String> = short.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([201, 257, 4_001, 70_000].map(|length| "x".repeat(length)));
    texts.push("é".repeat(200_000));
    texts
}

const TIMES: &[&str] = &[
    "",
    "yesterday",
    "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:00+99:99",
    "0000-01-01T00:00:00Z",
    "-262143-01-01T00:00:00Z",
    "+262142-12-31T23:59:59Z",
    "99999-01-01T00:00:00Z",
    "1700000000",
];

fn query(what: &'static str, mut asked: Asked, dice: &mut Dice) -> Wrecked {
    let wrong = ["surprise=1", "%FF=1", "=", "a[]=1", "limit=1&limit=2&x=%00"];
    asked.path = format!("{}?{}", asked.path, wrong[dice.below(wrong.len())]);
    Wrecked { what, asked, expected: Expected::Whatever }
}

fn path(what: &'static str, operation: &Operation, mut asked: Asked, dice: &mut Dice) -> Option<Wrecked> {
    let name = (*dice.of(&operation.has("path"))?).to_owned();
    let wrong = [
        "%00",
        "%FF",
        "%F0%9F%98%80",
        "x",
        "id:",
        "email:@",
        "channel::",
        "phone:1",
        "%2e%2e%2f",
        "9".repeat(3_000).leak(),
    ];
    let parts: Vec<&str> = operation.path.split('/').collect();
    let index = parts.iter().position(|part| *part == format!("{{{name}}}"))?;
    let mut given: Vec<&str> = asked.path.split('/').collect();
    given[index] = wrong[dice.below(wrong.len())];
    asked.path = given.join("/");
    Some(Wrecked { what, asked, expected: Expected::Whatever })
}

fn header(what: &'static str, operation: &Operation, mut asked: Asked, dice: &mut Dice) -> Option<Wrecked> {
    let long = "x".repeat(300);
    let name = (*dice.of(&operation.has("header"))?).to_owned();
    let wrong = match name.as_str() {
        "Idempotency-Key" => ["", &long, " "],
        "If-Match" => ["7", "\"", "\"a\", \"b\""],
        "Dossier-Actor" => ["nobody", "system:dossier", ":"],
        "Dossier-Cause" => ["timer", "", "MANUAL"],
        "Dossier-Correlation-Id" => ["7", "", "urn:uuid"],
        "Last-Event-ID" => ["-1", "x", "1e3"],
        other => panic!("nobody knows what is wrong for {other}"),
    };
    asked.headers.retain(|(own, _)| *own != name);
    asked.headers.push((name, wrong[dice.below(3)].to_owned()));
    Some(Wrecked { what, asked, expected: Expected::Outside })
}
