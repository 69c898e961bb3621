//! Verifying: the whole log is read, and every read model is compared with a fresh fold, row by row.

use std::collections::HashMap;

use dossier_domain::ids::Stream;

use super::projectors::Inputs;
use super::rebuild::{RebuildProgress, rebuild};
use super::runner::PAGE;
use crate::app::AppError;
use crate::ports::read_store::{Beside, Projection, ReadStore};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Events read.
    pub events: u64,
    /// Rows compared.
    pub rows: u64,
    /// What is wrong, in words; empty if all is well.
    pub faults: Vec<String>,
}

/// How many faults are told before the rest is left out.
const FAULTS_TOLD: usize = 100;

/// Reads the whole log and compares every read model with a fresh fold up to the same position.
///
/// # Errors
/// A store failed so that nothing can be said.
pub async fn verify(inputs: &Inputs, mut progress: impl FnMut(RebuildProgress)) -> Result<Verdict, AppError> {
    let mut verdict = Verdict::default();
    read_log(inputs, &mut verdict, &mut progress).await?;
    for projection in Projection::ALL {
        let beside = inputs.read.beside(projection).await?;
        let compared = fold_and_compare(inputs, &*beside, projection, &mut verdict, &mut progress).await;
        beside.discard().await?;
        compared?;
    }
    Ok(verdict)
}

async fn fold_and_compare(
    inputs: &Inputs,
    beside: &dyn Beside,
    projection: Projection,
    verdict: &mut Verdict,
    progress: &mut impl FnMut(RebuildProgress),
) -> Result<(), AppError> {
    let up_to = inputs.read.checkpoint(projection).await?;
    let fresh = beside.store();
    drop(rebuild(inputs, fresh.clone(), &[projection], up_to, progress).await?);
    compare(&*inputs.read, &*fresh, projection, verdict).await
}

/// Positions rising (without gaps, where the log promises that), revisions without gaps in each stream, every event
/// readable.
async fn read_log(
    inputs: &Inputs,
    verdict: &mut Verdict,
    progress: &mut impl FnMut(RebuildProgress),
) -> Result<(), AppError> {
    let head = inputs.store.head().await?;
    let mut next_revisions: HashMap<Stream, u64> = HashMap::new();
    let mut position = 0;
    loop {
        let page = inputs.store.read_all(position, PAGE).await?;
        if page.is_empty() {
            break;
        }
        let mut opener = inputs.codec.opener();
        for recorded in page {
            if recorded.position <= position {
                verdict.fault(format!("position {} follows position {position}", recorded.position));
            } else if inputs.store.counts_positions() && recorded.position > position + 1 {
                verdict.fault(format!("the log has a gap after position {position}"));
            }
            position = recorded.position;
            let next = next_revisions.entry(recorded.stream.clone()).or_default();
            if recorded.revision != *next {
                verdict.fault(format!(
                    "{} has revision {} at position {position}, not {next}",
                    recorded.stream, recorded.revision
                ));
            }
            *next = recorded.revision + 1;
            match opener.open(&recorded).await {
                Ok(opened) if opened.damaged => {
                    verdict.fault(format!("the event at position {position} can't be opened, and nobody erased it"));
                }
                Ok(_) => {}
                Err(error) => verdict.fault(error.to_string()),
            }
            verdict.events += 1;
        }
        progress(RebuildProgress { done: position, head });
    }
    Ok(())
}

/// Two read stores at the same checkpoint hold the same rows.
async fn compare(
    living: &dyn ReadStore,
    fresh: &dyn ReadStore,
    projection: Projection,
    verdict: &mut Verdict,
) -> Result<(), AppError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let ours = living.plain_rows(projection, after.as_deref(), PAGE).await?;
        let theirs = fresh.plain_rows(projection, after.as_deref(), PAGE).await?;
        verdict.rows += ours.len() as u64;
        let differs = ours.iter().zip(&theirs).find(|(one, other)| one != other);
        if let Some(((key, _), _)) = differs {
            verdict.fault(format!("{}: row {} is not what a fresh fold gives", projection.name(), hex::encode(key)));
        }
        if ours.len() != theirs.len() {
            verdict.fault(format!(
                "{}: {} rows where a fresh fold gives {}",
                projection.name(),
                ours.len(),
                theirs.len()
            ));
        }
        match ours.last() {
            Some((key, _)) if ours.len() == theirs.len() && differs.is_none() => after = Some(key.clone()),
            _ => return Ok(()),
        }
    }
}

impl Verdict {
    fn fault(&mut self, fault: String) {
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(fault);
        }
    }
}
