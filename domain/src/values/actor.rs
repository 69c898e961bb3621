//! Actors as they are written from outside: `<kind>:<id>` (rule 9).

use super::invalid::{Invalid, Unit};
use super::text::check_characters;
use crate::meta::{Actor, ActorKind};
use crate::personal::Personal;

/// The longest id of an actor, in characters.
const LIMIT: usize = 200;

/// The actor; the id is everything after the first colon, as it is.
///
/// # Errors
/// An unknown kind, no id, or an id of more than 200 characters or with a control character.
pub fn parse_actor(text: &str) -> Result<Actor, Invalid> {
    let (kind, id) = text.trim().split_once(':').ok_or(Invalid::Actor)?;
    let kind = ActorKind::from_name(kind).ok_or(Invalid::Actor)?;
    if id.is_empty() {
        return Err(Invalid::Actor);
    }
    check_characters(id, false)?;
    if id.chars().count() > LIMIT {
        return Err(Invalid::TooLong { limit: LIMIT, unit: Unit::Characters });
    }
    Ok(Actor { kind, id: Personal::Open(id.into()) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_actor_is_a_kind_and_an_id() {
        let actor = parse_actor("user:ada:7").unwrap();
        assert_eq!((actor.kind, actor.to_string().as_str()), (ActorKind::User, "user:ada:7"));
    }

    #[test]
    fn what_is_no_actor_is_refused() {
        for bad in ["", "user", "user:", "robot:7", "User:7", ":7"] {
            assert_eq!(parse_actor(bad), Err(Invalid::Actor), "{bad}");
        }
        assert_eq!(parse_actor("user:a\0b"), Err(Invalid::Nul));
        let long = format!("api:{}", "x".repeat(201));
        assert_eq!(parse_actor(&long), Err(Invalid::TooLong { limit: 200, unit: Unit::Characters }));
    }

    proptest! {
        #[test]
        fn an_actor_never_panics_and_stays(text in prop_oneof![any::<String>(), "(user|ai|api):\\PC{0,9}"]) {
            if let Ok(once) = parse_actor(&text) {
                prop_assert_eq!(parse_actor(&once.to_string()), Ok(once.clone()));
            }
        }
    }
}
