//! Bytes of an object by range: asked for until they are there, and checked each time.
//!
//! Beside `object.rs`. What came before a connection was lost is kept, and asked for from there on. Every answer has to be
//! of the object that was opened, by length, ETag and date, and of the range that was asked for.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::backend::{Backend, Identity, Stores};
use super::trouble::{Trouble, What};
use crate::source::Remote;

/// The first wait before a request is made again; the next is twice as long.
const WAIT: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST: Duration = Duration::from_secs(10);
/// Requests for one range in all, however far each brings it.
const MOST: u32 = 200;

/// What bytes of one object are asked for with.
#[derive(Debug, Clone)]
pub struct Fetch {
    pub stores: Arc<Stores>,
    pub backend: Backend,
    pub remote: Remote,
}

/// Trouble that was not over, and how often it was tried.
#[derive(Debug, Clone)]
pub struct GivenUp {
    pub trouble: Trouble,
    pub tries: u32,
}

impl Fetch {
    /// The first bytes, as many as there are up to so many, and what the object is.
    pub async fn first(&self, most: u64) -> Result<(Identity, Vec<u8>), GivenUp> {
        let mut bytes = Vec::new();
        let mut known = None;
        self.until_done(&(0..most), &mut known, &mut bytes).await?;
        match known {
            Some(known) => Ok((known, bytes)),
            None => Err(GivenUp {
                trouble: Trouble::new(What::Unfit, "it says nothing of itself"),
                tries: 1,
            }),
        }
    }

    /// The bytes of a range that lies within the object.
    pub async fn range(&self, known: &Identity, range: Range<u64>) -> Result<Vec<u8>, GivenUp> {
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        self.until_done(&range, &mut Some(known.clone()), &mut bytes)
            .await?;
        Ok(bytes)
    }

    async fn until_done(
        &self,
        range: &Range<u64>,
        known: &mut Option<Identity>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), GivenUp> {
        let (mut idle, mut tries) = (0, 0);
        loop {
            let before = bytes.len();
            let done = self.once(range, known, bytes).await;
            tries += 1;
            let trouble = match done {
                Ok(true) => return Ok(()),
                Ok(false) => Trouble::new(What::Lost, "it ended before all had come"),
                Err(trouble) => trouble,
            };
            idle = if bytes.len() > before { 0 } else { idle + 1 };
            if !trouble.may_pass()
                || idle > self.remote.retries
                || tries >= MOST
                || self.remote.is_stopped()
            {
                return Err(GivenUp { trouble, tries });
            }
            self.remote.traffic.retry();
            tokio::time::sleep(trouble.after.unwrap_or_else(|| pause(idle))).await;
        }
    }

    /// One request for what is missing; whether nothing is, then.
    async fn once(
        &self,
        range: &Range<u64>,
        known: &mut Option<Identity>,
        bytes: &mut Vec<u8>,
    ) -> Result<bool, Trouble> {
        let end = known
            .as_ref()
            .map_or(range.end, |known| range.end.min(known.length));
        let at = range.start + bytes.len() as u64;
        if known.is_some() && at >= end {
            return Ok(true);
        }
        let asked = self
            .stores
            .get(&self.backend, at..end, known.as_ref())
            .await;
        let mut answer = match asked {
            // Nothing is at the start of what is empty.
            Err(Trouble {
                what: What::Status(416),
                ..
            }) if known.is_none() => {
                *known = Some(Identity {
                    length: 0,
                    etag: None,
                    modified: 0,
                });
                return Ok(true);
            }
            asked => asked?,
        };
        let end = range.end.min(answer.identity.length);
        known.get_or_insert(answer.identity);
        while let Some(part) = answer.body.next().await {
            let part = part?;
            let left = (end - range.start) as usize - bytes.len();
            if part.len() > left {
                return Err(Trouble::new(
                    What::Unfit,
                    "more bytes came than were asked for",
                ));
            }
            self.remote.traffic.received(part.len() as u64);
            bytes.extend_from_slice(&part);
        }
        Ok(range.start + bytes.len() as u64 == end)
    }
}

/// How long to wait before the next try: longer each time, and between half and all of that, so that many who wait do
/// not come back together.
pub(super) fn pause(idle: u32) -> Duration {
    let whole = WAIT.saturating_mul(1 << idle.min(10)).min(LONGEST);
    let any = RandomState::new().build_hasher().finish() % 1000;
    whole.mul_f64(0.5 + any as f64 / 2000.0)
}
