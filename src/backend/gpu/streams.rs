//! Zlib streams by themselves: a batch of tasks that inflates them and does nothing else, and what came of each.
//!
//! Beside the chunks of columns (`tasks.rs`): for tests, and to measure what inflating takes alone.

use super::Fault;
use super::numbers::{LONGEST_CHUNK, Status, UNIT, units};
use super::tasks::{Batch, Filter, Launch, Place, Side, State};

/// Streams that are inflated and nothing else, each to at most so many bytes. `None` where one is too long.
pub fn batch(streams: &[(&[u8], u32)]) -> Option<Batch> {
    let mut batch = Batch::default();
    let mut tasks = Vec::with_capacity(streams.len());
    for (wanted, (stream, room)) in streams.iter().enumerate() {
        let length = u32::try_from(stream.len()).ok()?;
        if length.max(*room) > LONGEST_CHUNK {
            return None;
        }
        let (stored, work) = (batch.stored as u32, batch.work as u32);
        batch.chunks.push(Place {
            wanted,
            stored,
            word: 0,
        });
        batch.states.push([Status::Good as u32, length, 0, 0]);
        tasks.push((length, [wanted as u32, stored, work, *room, 0, 0, 0, 0]));
        batch.stored += units(u64::from(length));
        batch.work += units(u64::from(*room));
    }
    tasks.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    batch.launches.push(Launch {
        filter: Filter::Inflate,
        from: Side::Stored,
        tasks: tasks.into_iter().map(|(_, task)| task).collect(),
    });
    u32::try_from(batch.stored.max(batch.work))
        .is_ok()
        .then_some(batch)
}

/// What became of streams, of which `work` are the bytes: as the states say, the bytes or what is wrong.
///
/// # Errors
/// A state is none: what it is.
pub fn inflated(
    batch: &Batch,
    states: &[State],
    work: &[u8],
) -> Result<Vec<Result<Vec<u8>, Status>>, Fault> {
    let mut all = vec![Err(Status::Place); states.len()];
    for [chunk, _, to, ..] in batch.launches.iter().flat_map(|launch| &launch.tasks) {
        let [_, length, ..] = states[*chunk as usize];
        all[*chunk as usize] = match status_of(&states[*chunk as usize])? {
            Status::Good => {
                let bytes = work.get(*to as usize * UNIT as usize..);
                let bytes = bytes.and_then(|rest| rest.get(..length as usize));
                let beyond =
                    || Fault::Wrong(format!("a stream has {length} bytes, beyond its room"));
                Ok(bytes.ok_or_else(beyond)?.to_vec())
            }
            status => Err(status),
        };
    }
    Ok(all)
}

/// What a state says.
///
/// # Errors
/// It is none.
pub fn status_of(state: &State) -> Result<Status, Fault> {
    let status = Status::of(state[0]);
    status.ok_or_else(|| Fault::Wrong(format!("a chunk has the status {}", state[0])))
}
