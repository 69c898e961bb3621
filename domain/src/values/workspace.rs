//! The name and the settings of a workspace.

use std::sync::Arc;

use chrono_tz::Tz;

use super::channel::is_plain_name;
use super::country::parse_country;
use super::invalid::Invalid;
use super::numbering;

/// A workspace name: `[a-z0-9_-]{1,64}`, as it is.
///
/// # Errors
/// Anything else.
pub fn parse_workspace(text: &str) -> Result<Arc<str>, Invalid> {
    if is_plain_name(text) { Ok(text.into()) } else { Err(Invalid::Workspace) }
}

/// A time zone by its IANA name, spelled as the time zone data spells it.
///
/// # Errors
/// A name that the time zone data does not have.
pub fn parse_time_zone(text: &str) -> Result<Tz, Invalid> {
    text.trim().parse().map_err(|_| Invalid::TimeZone)
}

/// A default region: a country that has national phone numbers.
///
/// # Errors
/// No country, or one without.
pub fn parse_region(text: &str) -> Result<&'static str, Invalid> {
    let country = parse_country(text).map_err(|_| Invalid::Region)?;
    numbering::of_region(country).map(|_| country).ok_or(Invalid::Region)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_workspace_is_a_plain_name() {
        assert_eq!(parse_workspace("team-7_b").as_deref(), Ok("team-7_b"));
        for bad in ["", "Team", "a/b", "a b", "ä"] {
            assert_eq!(parse_workspace(bad), Err(Invalid::Workspace));
        }
    }

    #[test]
    fn a_time_zone_is_known_by_its_iana_name() {
        assert_eq!(parse_time_zone(" Asia/Kuala_Lumpur "), Ok(Tz::Asia__Kuala_Lumpur));
        assert_eq!(parse_time_zone("UTC"), Ok(Tz::UTC));
        for bad in ["", "asia/kuala_lumpur", "Asia/Atlantis", "+08:00"] {
            assert_eq!(parse_time_zone(bad), Err(Invalid::TimeZone), "{bad}");
        }
    }

    #[test]
    fn a_default_region_has_phone_numbers() {
        assert_eq!(parse_region("mx"), Ok("MX"));
        for bad in ["AQ", "ZZ", "", "001"] {
            assert_eq!(parse_region(bad), Err(Invalid::Region), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn settings_never_panic_and_stay(text in any::<String>()) {
            if let Ok(zone) = parse_time_zone(&text) {
                prop_assert_eq!(parse_time_zone(zone.name()), Ok(zone));
            }
            if let Ok(region) = parse_region(&text) {
                prop_assert_eq!(parse_region(region), Ok(region));
            }
            let _ = parse_workspace(&text);
        }
    }
}
