//! The numbering plans of the world, as libphonenumber's data has them.
//!
//! The crate keeps 100 compiled patterns and throws the oldest away, so that numbers of many countries in turn are
//! slow, and it looks only whether a number begins as a pattern says. Here each pattern is compiled once, when it is
//! first needed, and must fit the whole number.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor};
use regex::Regex;

/// One region's plan.
pub(super) struct Plan {
    /// Alpha-2, or `001` for numbers of no country.
    pub(super) region: &'static str,
    /// The calling code.
    pub(super) code: &'static str,
    /// What is dialled before a national number within the region, such as `0`.
    pub(super) national_prefix: Option<&'static str>,
    meta: &'static Metadata,
    general: Pattern,
    leading: Pattern,
    /// Patterns of fixed lines, mobiles and all other kinds.
    kinds: Vec<Pattern>,
    abroad: Pattern,
}

/// A pattern compiled at its first use.
struct Pattern {
    source: Option<&'static str>,
    /// Whether it must fit to the end.
    whole: bool,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn whole(descriptor: Option<&'static Descriptor>) -> Self {
        let source = descriptor.map(|descriptor| descriptor.national_number().as_str());
        Pattern { source, whole: true, compiled: OnceLock::new() }
    }

    fn beginning(source: Option<&'static str>) -> Self {
        Pattern { source, whole: false, compiled: OnceLock::new() }
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let end = if self.whole { "$" } else { "" };
            Regex::new(&format!("(?x)^(?:{}){end}", self.source?)).ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    fn fits(&self, digits: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(digits))
    }
}

impl Plan {
    fn new(meta: &'static Metadata, code: &'static str) -> Self {
        let all = meta.descriptors();
        let kinds = [
            all.premium_rate(),
            all.toll_free(),
            all.shared_cost(),
            all.voip(),
            all.personal_number(),
            all.pager(),
            all.uan(),
            all.voicemail(),
            all.fixed_line(),
            all.mobile(),
        ];
        Plan {
            region: meta.id(),
            code,
            national_prefix: meta.national_prefix(),
            meta,
            general: Pattern::whole(Some(all.general())),
            leading: Pattern::beginning(meta.leading_digits().map(|regex| regex.as_str())),
            kinds: kinds.into_iter().flatten().map(|kind| Pattern::whole(Some(kind))).collect(),
            abroad: Pattern::beginning(meta.international_prefix().map(|regex| regex.as_str())),
        }
    }

    /// Whether a national number has a form of this region. Ranges not in use yet pass: the data is older than the
    /// next number handed out, and a contact with a new one must be kept.
    pub(super) fn fits(&self, national: &str) -> bool {
        self.general.fits(national)
    }

    /// Whether the region has more to take off or put on than its national prefix, which only the crate knows.
    pub(super) fn rewrites(&self) -> bool {
        self.meta.national_prefix_for_parsing().is_some()
    }

    /// Whether a national number of a calling code that several regions share is of this one.
    fn owns(&self, national: &str) -> bool {
        if self.meta.leading_digits().is_some() {
            self.leading.fits(national)
        } else {
            self.fits(national) && self.kinds.iter().any(|kind| kind.fits(national))
        }
    }

    /// What follows the prefix for calls abroad, such as `00`.
    pub(super) fn after_international_prefix<'d>(&self, digits: &'d str) -> Option<&'d str> {
        let prefix = self.abroad.regex()?.find(digits)?;
        Some(&digits[prefix.end()..])
    }

    /// The crate's name for the region.
    pub(super) fn crate_id(&self) -> Option<phonenumber::country::Id> {
        self.region.parse().ok()
    }
}

/// All plans by calling code, the main region of a shared code first.
static PLANS: LazyLock<HashMap<&'static str, Vec<Plan>>> = LazyLock::new(|| {
    let codes = (1u16..1000).filter_map(|code| Some((code, DATABASE.by_code(&code)?)));
    codes
        .map(|(code, regions)| {
            let code: &'static str = code.to_string().leak();
            (code, regions.into_iter().map(|meta| Plan::new(meta, code)).collect())
        })
        .collect()
});

/// Where each region's plan is.
static REGIONS: LazyLock<HashMap<&'static str, &'static Plan>> = LazyLock::new(|| {
    let plans = PLANS.values().flatten().filter(|plan| plan.region != "001");
    plans.map(|plan| (plan.region, plan)).collect()
});

/// The plan of a region; `None` for a country without phone numbers of its own.
pub(super) fn of_region(region: &str) -> Option<&'static Plan> {
    REGIONS.get(region).copied()
}

/// The plans of the calling code that the digits begin with, and the national number after it.
pub(super) fn split(digits: &str) -> Option<(&'static [Plan], &str)> {
    (1..=3).find_map(|length| {
        let (code, national) = digits.split_at_checked(length)?;
        PLANS.get(code).map(|plans| (plans.as_slice(), national))
    })
}

/// The region of a national number: the one whose numbers look so, else the main one of the calling code.
pub(super) fn region_of(plans: &[Plan], national: &str) -> Option<&'static str> {
    if let [only] = plans {
        return Some(only.region);
    }
    let owner = plans.iter().find(|plan| plan.owns(national));
    owner.or(plans.first()).map(|plan| plan.region)
}

#[cfg(test)]
pub(super) mod examples {
    use super::*;

    /// An example of each kind of number of each region, with its plan.
    pub(crate) fn all() -> Vec<(&'static Plan, &'static str)> {
        let mut examples = Vec::new();
        for plan in REGIONS.values() {
            let all = plan.meta.descriptors();
            let kinds = [all.fixed_line(), all.mobile(), all.toll_free(), all.premium_rate(), all.voip(), all.uan()];
            let of_kinds = kinds.into_iter().flatten().filter_map(Descriptor::example);
            examples.extend(of_kinds.map(|example| (*plan, example)));
        }
        examples
    }

    #[test]
    fn every_pattern_of_the_data_compiles() {
        for plan in PLANS.values().flatten() {
            let patterns = [&plan.general, &plan.leading, &plan.abroad].into_iter().chain(&plan.kinds);
            for pattern in patterns.filter(|pattern| pattern.source.is_some()) {
                assert!(pattern.regex().is_some(), "{}", plan.region);
            }
        }
    }

    #[test]
    fn every_region_of_the_data_has_a_plan_and_a_crate_id() {
        assert!(REGIONS.len() > 240);
        assert!(REGIONS.values().all(|plan| plan.crate_id().is_some()));
    }
}
