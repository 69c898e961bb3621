//! Old stored shapes to today's: the only place that knows them (decision 11).
//!
//! A step takes one version of one event to the next one; steps chain until today's shape is reached. The stored bytes
//! stay as they are: this happens whenever they are read.

use std::borrow::Cow;

use dossier_domain::event::EVENT_TYPES;

/// What stands in the log, opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape<'a> {
    /// Stored name.
    pub name: Cow<'a, str>,
    /// Version of the stored shape.
    pub version: u16,
    /// JSON object that anyone may read.
    pub public: Cow<'a, [u8]>,
    /// JSON object that was sealed; `None` where there is none or it was erased.
    pub personal: Option<Cow<'a, [u8]>>,
}

/// One step towards today.
struct Step {
    name: &'static str,
    version: u16,
    /// The next shape; `None` retires the event: nobody else remembers it.
    to: fn(Shape<'_>) -> Result<Option<Shape<'_>>, serde_json::Error>,
}

/// Every event is of its first version still.
const STEPS: &[Step] = &[];

/// What a stored shape is today.
#[derive(Clone, Debug, PartialEq)]
pub enum Today<'a> {
    /// An event of today's shape.
    Shape(Shape<'a>),
    /// An event that no longer means anything.
    Retired,
    /// A name or version that this program does not know: a newer one wrote it.
    Unknown,
}

/// Takes a stored shape to today's.
///
/// # Errors
/// The bytes do not have the shape that their name and version promise.
pub fn upcast(shape: Shape<'_>) -> Result<Today<'_>, serde_json::Error> {
    along(STEPS, EVENT_TYPES, shape)
}

fn along<'a>(steps: &[Step], today: &[(&str, u16)], mut shape: Shape<'a>) -> Result<Today<'a>, serde_json::Error> {
    while let Some(step) = steps.iter().find(|step| (step.name, step.version) == (&*shape.name, shape.version)) {
        match (step.to)(shape)? {
            Some(next) => shape = next,
            None => return Ok(Today::Retired),
        }
    }
    let known = today.iter().any(|(name, version)| (*name, *version) == (&*shape.name, shape.version));
    Ok(if known { Today::Shape(shape) } else { Today::Unknown })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TODAY: &[(&str, u16)] = &[("contact_named", 3)];
    /// A rename, a value that moved, and an event that is gone.
    const STEPS: &[Step] = &[
        Step {
            name: "contact_renamed",
            version: 1,
            to: |shape| Ok(Some(Shape { name: "contact_named".into(), version: 2, ..shape })),
        },
        Step { name: "contact_named", version: 2, to: seal_the_name },
        Step { name: "contact_poked", version: 1, to: |_| Ok(None) },
    ];

    fn seal_the_name(shape: Shape<'_>) -> Result<Option<Shape<'_>>, serde_json::Error> {
        let mut public: Value = serde_json::from_slice(&shape.public)?;
        let personal = json!({ "name": public["name"].take() });
        Ok(Some(Shape {
            version: 3,
            public: serde_json::to_vec(&json!({}))?.into(),
            personal: Some(serde_json::to_vec(&personal)?.into()),
            ..shape
        }))
    }

    fn shape<'a>(name: &'a str, version: u16, public: &'a str) -> Shape<'a> {
        Shape { name: name.into(), version, public: public.as_bytes().into(), personal: None }
    }

    #[test]
    fn every_event_of_today_passes_untouched() {
        for (name, version) in EVENT_TYPES {
            let today = upcast(shape(name, *version, "{}")).unwrap();
            assert_eq!(today, Today::Shape(shape(name, *version, "{}")));
            let Today::Shape(Shape { public: Cow::Borrowed(_), .. }) = today else { panic!("copied for nothing") };
        }
    }

    #[test]
    fn steps_chain_up_to_today() {
        let today = along(STEPS, TODAY, shape("contact_renamed", 1, r#"{"name":"Ada"}"#)).unwrap();
        let Today::Shape(today) = today else { panic!("{today:?}") };
        assert_eq!((&*today.name, today.version, &*today.public), ("contact_named", 3, b"{}".as_slice()));
        assert_eq!(today.personal.as_deref(), Some(br#"{"name":"Ada"}"#.as_slice()));
    }

    #[test]
    fn a_retired_event_is_no_longer_there() {
        assert_eq!(along(STEPS, TODAY, shape("contact_poked", 1, "{}")).unwrap(), Today::Retired);
    }

    #[test]
    fn a_name_or_version_from_the_future_is_unknown() {
        assert_eq!(upcast(shape("contact_cloned", 1, "{}")).unwrap(), Today::Unknown);
        assert_eq!(upcast(shape("contact_created", 2, "{}")).unwrap(), Today::Unknown);
    }

    #[test]
    fn bytes_that_break_their_promise_are_an_error() {
        assert!(along(STEPS, TODAY, shape("contact_renamed", 1, "no json")).is_err());
    }
}
