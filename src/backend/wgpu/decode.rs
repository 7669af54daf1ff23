//! Storage chunks inflated on an adapter, as `src/backend/cuda/decode.rs` has them inflated; other filters are the
//! host's. No run does that yet.

use crate::backend::gpu::numbers::{STATE_WORDS, Status, TASK_WORDS, UNIT};
use crate::backend::gpu::streams;
use crate::backend::gpu::tasks::State;
use crate::error::Result as IcefoldResult;

use super::Wgpu;
use super::commands::Commands;
use super::gpu::{Fault, Result};
use super::kernels::Kernel;

/// Rounds of loops that an invocation may go for a chunk. Mesa's software adapters end loops without a word after 65,535
/// rounds of the invocations that run side by side, which are those of a workgroup; a device may end what takes seconds.
const ROUNDS: u32 = 1 << 26;
const SOFTWARE_ROUNDS: u32 = 15_000;
/// Tasks of a workgroup of `shaders/inflate.wgsl`.
const DECODERS: u32 = 4;
const UNIT_WORDS: u64 = UNIT as u64 / 4;

impl Wgpu {
    /// Inflates zlib streams, each to at most so many bytes: its bytes, or what is wrong with it.
    ///
    /// # Errors
    /// The device failed, or the streams do not fit its bindings.
    pub fn inflated(
        &self,
        streams: &[(&[u8], u32)],
    ) -> IcefoldResult<Vec<std::result::Result<Vec<u8>, Status>>> {
        let _turn = self.turn();
        self.settled(self.try_inflated(streams))
    }

    fn try_inflated(
        &self,
        asked: &[(&[u8], u32)],
    ) -> Result<Vec<std::result::Result<Vec<u8>, Status>>> {
        let gpu = &self.gpu;
        let batch = streams::batch(asked);
        let most = gpu.most_words() / UNIT_WORDS;
        let batch = batch
            .filter(|batch| batch.stored.max(batch.work) <= most)
            .ok_or_else(|| {
                let all: usize = asked.iter().map(|(bytes, _)| bytes.len()).sum();
                let why = format!("streams of {all} bytes do not fit {most} units of a binding");
                Fault::Memory(why)
            })?;
        let tasks = batch.launches.iter().flat_map(|launch| &launch.tasks);
        let tasks: Vec<u32> = tasks.flatten().copied().collect();
        let n = (tasks.len() / TASK_WORDS) as u32;
        let mut bytes = vec![0_u8; (batch.stored * u64::from(UNIT)) as usize];
        for place in &batch.chunks {
            let stream = asked[place.wanted].0;
            bytes[place.stored as usize * UNIT as usize..][..stream.len()].copy_from_slice(stream);
        }
        let stored: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
        let mut commands = Commands::new(gpu);
        let words = |words: usize| gpu.words(words.max(1) as u64);
        let states_words = batch.states.len() * STATE_WORDS;
        let tasks_there = words(tasks.len());
        let (stored_there, states) = (words(stored.len()), words(states_words));
        let work_words = batch.work * UNIT_WORDS;
        let work = words(work_words as usize);
        commands.upload(&tasks, &tasks_there)?;
        commands.upload(&stored, &stored_there)?;
        let is_software = self.adapter.kind == "Cpu";
        let rounds = if is_software { SOFTWARE_ROUNDS } else { ROUNDS };
        let asked = batch.states.iter();
        let asked: Vec<State> = asked.map(|[a, b, c, _]| [*a, *b, *c, rounds]).collect();
        commands.upload(asked.as_flattened(), &states)?;
        let params = [
            n,
            batch.states.len() as u32,
            batch.stored as u32,
            batch.work as u32,
        ];
        let buffers: [&wgpu::Buffer; 4] = [&tasks_there, &stored_there, &work, &states];
        commands.run_groups(Kernel::Inflate, params, &buffers, n.div_ceil(DECODERS));
        let sources: [(&wgpu::Buffer, u64); 2] =
            [(&states, states_words as u64), (&work, work_words)];
        let read = commands.read(&sources)?;
        let states: Vec<State> = read[0].as_chunks::<STATE_WORDS>().0.to_vec();
        streams::inflated(&batch, &states, bytemuck::cast_slice(&read[1]))
    }
}
