//! Somebody with an unmistakable value in every place that takes personal data.

use serde_json::{Value, json};

use crate::server::Server;

pub(crate) struct Person {
    name: String,
    phone: String,
    number: u64,
}

/// Places of personal data; each value is the place and the name.
const PLACES: &[&str] = &[
    "firstname",
    "lastname",
    "mailbox",
    "company",
    "tag",
    "secondtag",
    "custom",
    "comment",
    "words",
    "answer",
    "handle",
    "claimed",
    "messageid",
    "answerid",
    "reason",
    "unblockreason",
    "assignee",
    "idemkey",
    "actor",
    "avatar",
    "summary",
    "category",
    "channelname",
    "statuserror",
    "replaced",
    "linekey",
    "lineactor",
    "lasttag",
];

impl Person {
    pub(crate) fn new(name: &str, number: usize) -> Self {
        Person { name: name.into(), phone: format!("17638492{number}"), number: 918_273_640 + number as u64 }
    }

    fn value(&self, place: &str) -> String {
        assert!(PLACES.contains(&place));
        format!("{place}-{}", self.name)
    }

    /// What must not be found anywhere.
    pub(crate) fn needles(&self) -> Vec<String> {
        let values = PLACES.iter().map(|place| self.value(place));
        values.chain([self.phone.clone(), self.number.to_string()]).collect()
    }

    /// Says everything about the person to the server; answers the contact's id.
    pub(crate) async fn live(&self, server: &Server) -> String {
        let id = self.be_created(server).await;
        let at = |rest: &str| format!("/contacts/{id}{rest}");
        for (method, path, body) in [
            ("PATCH", at(""), json!({"company": self.value("company")})),
            ("PUT", at(&format!("/tags/{}", self.value("secondtag"))), Value::Null),
            ("PUT", at(&format!("/tags/{}", self.value("lasttag"))), Value::Null),
            ("DELETE", at(&format!("/tags/{}", self.value("lasttag"))), Value::Null),
            ("PUT", at(&format!("/channels/chat/{}", self.value("claimed"))), Value::Null),
            ("POST", at("/comments"), json!({"text": self.value("comment")})),
            ("POST", at("/assign"), json!({"assignee": format!("user:{}", self.value("assignee"))})),
            ("POST", "/messages".into(), self.message()),
            ("POST", at("/messages"), self.answer()),
            ("POST", at(&format!("/messages/{}/status", self.value("answerid"))), self.report()),
            (
                "POST",
                at("/conversation/close"),
                json!({"category": self.value("category"), "summary": self.value("summary")}),
            ),
            ("POST", at("/block"), json!({"reason": self.value("reason")})),
            ("POST", at("/unblock"), json!({"reason": self.value("unblockreason")})),
        ] {
            let actor = format!("user:{}", self.value("actor"));
            let reply = server.with(method, &path, &[("dossier-actor", &actor)], body).await;
            assert!(reply.status < 300, "{method} {path}: {}", reply.json());
        }
        self.send_line(server, &id).await;
        id
    }

    async fn be_created(&self, server: &Server) -> String {
        let body = json!({
            "first_name": self.value("firstname"), "last_name": self.value("lastname"),
            "email": format!("{}@example.com", self.value("mailbox")), "phone": format!("+60{}", self.phone),
            "company": self.value("replaced"), "avatar_url": format!("https://example.com/{}.png", self.value("avatar")),
            "custom": {"tier": self.value("custom"), "score": self.number}, "tags": [self.value("tag")],
            "channels": [{"channel": "web", "external_id": self.value("handle")}],
        });
        let key = self.value("idemkey");
        let made = server.with("POST", "/contacts", &[("idempotency-key", &key)], body).await.expect(201);
        made["contact_id"].as_str().unwrap().to_owned()
    }

    fn message(&self) -> Value {
        json!({"channel": "web", "external_id": self.value("handle"), "message_id": self.value("messageid"),
            "content": {"type": "text", "text": self.value("words")},
            "profile": {"custom": {"nick": self.value("channelname")}}})
    }

    fn answer(&self) -> Value {
        json!({"channel": "web", "external_id": self.value("handle"), "message_id": self.value("answerid"),
            "content": {"type": "text", "text": self.value("answer")}, "sender": "user"})
    }

    fn report(&self) -> Value {
        json!({"status": "failed", "error": self.value("statuserror")})
    }

    async fn send_line(&self, server: &Server, id: &str) {
        let line = json!({"command": "add_comment", "contact": id, "text": self.value("comment"),
            "key": self.value("linekey"), "actor": format!("user:{}", self.value("lineactor"))});
        let answers = server.call("POST", "/commands", line).await;
        assert_eq!(answers.json()["status"], 200);
    }
}
