//! The stored form of an event's data: read as it is written in one look from both ends, in any other form by serde.

use std::borrow::Cow;

use dossier_domain::event::{Public, Sealable};
use dossier_domain::written::Cursor;
use memchr::memrchr;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::text::Text;

/// The data of a stored event: what anyone may read, and a sealed box with what is personal.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StoredData<'a> {
    /// The public part, as the schema of its event says.
    #[serde(borrow)]
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    public: &'a RawValue,
    /// The box; absent where nothing is personal.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    sealed: Option<StoredBox<'a>>,
}

/// A sealed box: AES-256-GCM, bound to `<stream>|<event id>|<type>|<version>`.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct StoredBox<'a> {
    /// The contact whose key is needed besides that of the stream's own; in an identity's stream, the one whose key
    /// alone is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) also: Option<Uuid>,
    /// Base64 of nonce (12 bytes), ciphertext and tag (16 bytes). Opened, it is what the schema `sealed` says.
    #[serde(borrow)]
    pub(super) with: &'a str,
}

/// What lies in a sealed box.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Inside<'a> {
    /// Which one of its kind acted; absent for the store itself, and where nobody's key seals the event.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    actor: Option<Text<'a>>,
    /// The personal part, as the schema of its event says; absent where it has none.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<serde_json::Map<String, serde_json::Value>>"))]
    data: Option<&'a RawValue>,
}

/// [`StoredData`] as it is written: the parts of the event go where they belong at once.
#[derive(Serialize)]
pub(super) struct WrittenData<'a> {
    pub(super) public: Public<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sealed: Option<StoredBox<'a>>,
}

/// [`Inside`] as it is written.
#[derive(Serialize)]
pub(super) struct WrittenInside<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Sealable<'a>>,
}

/// The data of a stored event, taken apart.
pub(super) struct Parts<'a> {
    /// JSON that anyone may read.
    pub(super) public: &'a [u8],
    /// The box, if something is sealed.
    pub(super) sealed: Option<StoredBox<'a>>,
}

impl<'a> Parts<'a> {
    /// Takes data apart.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, serde_json::Error> {
        let StoredData { public, sealed } = serde_json::from_slice(data)?;
        Ok(Parts { public: public.get().as_bytes(), sealed })
    }

    /// Takes data apart that stands in the form in which it is written; `None`: it does not. The data was JSON of that
    /// form only if the public part turns out to be JSON and the box to be base64: nobody has looked inside.
    pub(super) fn written(data: &'a [u8]) -> Option<Self> {
        let body = data.strip_prefix(br#"{"public":"#)?;
        match sealed(body) {
            Some(parts) => Some(parts),
            None => Some(Parts { public: body.strip_suffix(b"}")?, sealed: None }),
        }
    }
}

/// Finds the box from the end, where it stands: in its base64 there is no quote.
fn sealed(body: &[u8]) -> Option<Parts<'_>> {
    let body = body.strip_suffix(br#""}}"#)?;
    let (before, with) = body.split_at(memrchr(b'"', body)? + 1);
    let before = before.strip_suffix(br#""with":""#)?;
    let (public, also) = match before.strip_suffix(br#","sealed":{"#) {
        Some(public) => (public, None),
        None => {
            let (before, also) = before.strip_suffix(br#"","#)?.split_last_chunk::<36>()?;
            (before.strip_suffix(br#","sealed":{"also":""#)?, Some(Uuid::try_parse_ascii(also).ok()?))
        }
    };
    Some(Parts { public, sealed: Some(StoredBox { also, with: std::str::from_utf8(with).ok()? }) })
}

/// What lay in a sealed box, taken apart.
#[derive(Default)]
pub(super) struct Contents<'a> {
    /// Which one of its kind acted.
    pub(super) actor: Option<Cow<'a, str>>,
    /// JSON: the personal part.
    pub(super) data: Option<&'a [u8]>,
}

impl<'a> Contents<'a> {
    /// Takes apart what was opened.
    pub(super) fn read(plain: &'a [u8]) -> Result<Self, serde_json::Error> {
        let Inside { actor, data } = serde_json::from_slice(plain)?;
        Ok(Contents { actor: actor.map(|Text(actor)| actor), data: data.map(|data| data.get().as_bytes()) })
    }

    /// Takes apart what was opened and stands in the form in which it is written; `None`: it does not. As in
    /// [`Parts::written`], the data is JSON only if it turns out to be.
    pub(super) fn written(plain: &'a [u8]) -> Option<Self> {
        Cursor::whole(plain, |cursor| {
            cursor.pass("{")?;
            let actor = match cursor.passes(r#""actor":""#) {
                true => Some(Cow::Borrowed(cursor.text()?)),
                false => None,
            };
            let begins = if actor.is_some() { r#","data":"# } else { r#""data":"# };
            match cursor.passes(begins) {
                true => Some(Contents { actor, data: Some(cursor.rest().strip_suffix(b"}")?) }),
                false => cursor.pass("}").map(|()| Contents { actor, data: None }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ALSO: &str = "00000000-0000-0000-0000-000000000007";

    fn public_of(parts: &Parts<'_>) -> Value {
        serde_json::from_slice(parts.public).unwrap()
    }

    #[test]
    fn data_is_taken_apart_as_serde_does() {
        for public in ["{}", r#"{"a":"b"}"#, r#"{"sealed":{"with":"QQ=="}}"#, r#"{"a":"\"}}"}"#] {
            for sealed in [None, Some((None, "QUJD")), Some((Some(ALSO), ""))] {
                let data = match sealed {
                    None => format!(r#"{{"public":{public}}}"#),
                    Some((None, with)) => format!(r#"{{"public":{public},"sealed":{{"with":"{with}"}}}}"#),
                    Some((Some(also), with)) => {
                        format!(r#"{{"public":{public},"sealed":{{"also":"{also}","with":"{with}"}}}}"#)
                    }
                };
                let expected = Parts::read(data.as_bytes()).unwrap();
                let written = Parts::written(data.as_bytes()).unwrap();
                assert_eq!(public_of(&written), public_of(&expected), "{data}");
                let of = |parts: &Parts<'_>| parts.sealed.as_ref().map(|sealed| (sealed.also, sealed.with.to_owned()));
                assert_eq!(of(&written), of(&expected), "{data}");
            }
        }
    }

    /// Data in another form is not taken for what it is not: its public part is then no JSON.
    #[test]
    fn data_in_another_form_is_no_json_where_it_was_cut() {
        let other = [
            r#"{"public":{},"sealed":{"with":"QUJD"} }"#,
            r#"{"public":{},"sealed":{"with":"QUJD","also":"00000000-0000-0000-0000-000000000007"}}"#,
            r#"{"public":{}, "sealed":{"with":"QUJD"}}"#,
            r#"{"public":{},"sealed":{"with": "QUJD"}}"#,
            r#"{"public":{},"later":1}"#,
        ];
        for data in other {
            assert!(Parts::read(data.as_bytes()).is_ok(), "{data}");
            let written = Parts::written(data.as_bytes());
            let is_json = written.is_some_and(|parts| serde_json::from_slice::<Value>(parts.public).is_ok());
            assert!(!is_json, "{data}");
        }
    }

    #[test]
    fn contents_are_taken_apart_as_serde_does() {
        let said = json!({"text": "a \"quote\""});
        for plain in [json!({"actor": "u7", "data": said}), json!({"actor": "u7"}), json!({"data": said}), json!({})] {
            let plain = plain.to_string().into_bytes();
            let (expected, written) = (Contents::read(&plain).unwrap(), Contents::written(&plain).unwrap());
            assert_eq!((written.actor, written.data), (expected.actor, expected.data));
        }
        for other in [r#"{"actor":"\u0041"}"#, r#" {"actor":"a"}"#, r#"{"actor":"a" ,"data":{}}"#] {
            assert!(
                Contents::read(other.as_bytes()).is_ok() && Contents::written(other.as_bytes()).is_none(),
                "{other}"
            );
        }
    }
}
