//! Columns in page-locked memory, from which the device copies by itself: where they are read, how much of it there
//! is, and that nobody writes or frees what is still being read. The stand-in copies as late as it may, and finds what
//! changed or went before that.

use std::sync::Arc;

use icefold::backend::cpu::Cpu;
use icefold::backend::cuda::{Cuda, Driver, Machine, Uploads};
use icefold::backend::{Backend, StageTimes};
use icefold::grid::Latitude;
use icefold::photon::{Buffer, ColumnBlock, ColumnMemory, MemoryTaken, PhotonBatch};
use icefold::stat::Partials;

use super::runs::{TRACKS, batch, grid, job};
use super::{Subject, on_emulation_and_device};

/// Photons of a batch: a column of as many float32 is just worth a block.
const PHOTONS: usize = 20_000;
const MIB: u64 = 1 << 20;

fn opened() -> (Cuda<Driver>, Arc<dyn ColumnMemory>) {
    let cuda = Driver::open();
    let memory = cuda.columns(MIB).expect("a device has memory for columns");
    (cuda, memory)
}

fn folded<M: Machine>(cuda: &Cuda<M>, batch: &PhotonBatch) -> (Partials, StageTimes) {
    let (grid, mut times) = (grid(12, Latitude::AuthalicWgs84), StageTimes::default());
    let partials = cuda.fold(batch, &grid, &job(), &mut times);
    (partials.expect("the batch is folded"), times)
}

fn expected(batch: &PhotonBatch) -> Partials {
    let (cpu, grid) = (Cpu::open(2).unwrap(), grid(12, Latitude::AuthalicWgs84));
    let times = &mut StageTimes::default();
    cpu.fold(batch, &grid, &job(), times).unwrap()
}

fn columns_are_read_where_they_are() {
    let (mut cuda, memory) = opened();
    for (name, position) in TRACKS {
        let ordinary = batch(PHOTONS, position);
        let expected = expected(&ordinary);
        let (staged, times) = folded(&cuda, &ordinary);
        assert_eq!(times.in_place_bytes, 0);
        let lent = ordinary.moved_into(&*memory);
        let (found, times) = folded(&cuda, &lent);
        assert!(staged == expected && found == expected, "{name}");
        assert_eq!(times.in_place_bytes, 20 * PHOTONS as u64, "{name}");
        // The same memory, but the host copies it first.
        cuda.set_uploads(Uploads::Staged);
        let (found, times) = folded(&cuda, &lent);
        assert!(found == expected && times.in_place_bytes == 0, "{name}");
        assert!(cuda.columns(MIB).is_none());
        cuda.set_uploads(Uploads::Pinned);
    }
    // One batch at a time has it.
    assert!(memory.taken().peak <= MIB / 2, "{:?}", memory.taken());
}

/// Whoever writes memory again, and whoever frees it, waits for the copies from it.
fn what_a_device_reads_is_neither_written_nor_freed() {
    let (cuda, memory) = opened();
    // Other photons each time: what is written too early is not what was to be copied.
    let batch = |track: usize| batch(PHOTONS, TRACKS[track].1).moved_into(&*memory);
    for turn in 0..6 {
        let mut lent = batch(turn);
        assert!(lent.lon.lent().is_some() && lent.lat.lent().is_some());
        // On the device it may be read long after this.
        drop(cuda.upload(&lent).unwrap());
        if turn % 2 == 0 {
            lent.lon.fill(1.0);
        }
        drop(lent);
        // The next batch has the same memory.
        drop(batch(turn + 1));
        if turn % 3 == 0 {
            cuda.wait().unwrap();
        }
    }
    assert!(memory.taken().peak <= MIB / 2, "{:?}", memory.taken());
    let lent = batch(7);
    drop(cuda.upload(&lent).unwrap());
    drop(lent);
    // All of it is freed, and what is left of the copies is none of its.
    drop(memory);
    cuda.wait().unwrap();
}

/// Memory that outlives who lent it, as a batch does that is dropped last.
fn memory_may_be_had_for_longer_than_the_device() {
    let (cuda, memory) = opened();
    let mut lent = batch(PHOTONS, TRACKS[0].1).moved_into(&*memory);
    drop(cuda.upload(&lent).unwrap());
    drop((cuda, memory));
    lent.lat.fill(2.0);
    assert!(lent.lat.lent().is_some() && lent.lat[7].to_bits() == 2f64.to_bits());
}

fn memory_of_columns_has_an_end_and_comes_back() {
    let (cuda, memory) = opened();
    let take = |bytes| memory.take(bytes);
    let mut blocks: Vec<_> = (0..3).map(|_| take(300_000).unwrap()).collect();
    assert!(blocks.iter().all(|block| block.bytes().len() >= 300_000));
    assert!(take(300_000).is_none() && take(80_000).is_none());
    // What comes back is taken again, by less too.
    blocks.pop();
    let small = take(80_000).unwrap();
    assert!(take(80_000).is_none());
    drop(small);
    // More than any block has: those that nobody has make room.
    blocks.pop();
    assert!(take(600_000).is_some() && take(900_000).is_none());
    blocks.clear();
    let all = take(MIB as usize).unwrap();
    assert!(take(80_000).is_none());
    drop(all);
    // Little is not worth a block, and all of it is not more than was asked for.
    assert!(take(1000).is_none() && take(MIB as usize + 1).is_none());
    assert_eq!((memory.taken().most, memory.taken().peak), (MIB, MIB));
    assert_eq!(memory.taken().refused, None);
    drop(cuda);
}

/// What finds no room is in memory of its own: another way to the device, and the same bits.
fn a_batch_of_which_part_is_lent_is_the_same() {
    let (cuda, _) = opened();
    let memory = cuda.columns(MIB / 5).unwrap();
    for (name, position) in TRACKS {
        let batch = batch(PHOTONS, position).moved_into(&*memory);
        assert!(batch.lon.lent().is_some() && batch.lat.lent().is_none());
        let (found, times) = folded(&cuda, &batch);
        assert!(found == expected(&batch), "{name}");
        assert_eq!(times.in_place_bytes, 8 * PHOTONS as u64);
        assert!(times.uploaded_bytes >= 20 * PHOTONS as u64);
    }
}

/// Batches that take memory, are folded and give it back while others do.
fn threads_that_fold_at_the_same_time_share_it() {
    let (cuda, memory) = opened();
    std::thread::scope(|scope| {
        for (name, position) in &TRACKS[..3] {
            let (cuda, memory) = (&cuda, &memory);
            scope.spawn(move || {
                for n in [9000, 12_000, PHOTONS] {
                    let batch = batch(n, *position).moved_into(&**memory);
                    assert!(folded(cuda, &batch).0 == expected(&batch), "{name}");
                }
            });
        }
    });
    assert!(memory.taken().peak <= MIB);
}

/// Memory of somebody else, which no device knows.
#[derive(Debug)]
struct Foreign;

#[derive(Debug)]
struct ForeignBlock(Vec<u64>);

impl ColumnMemory for Foreign {
    fn take(&self, bytes: usize) -> Option<Box<dyn ColumnBlock>> {
        Some(Box::new(ForeignBlock(vec![0; bytes.div_ceil(8)])))
    }

    fn taken(&self) -> MemoryTaken {
        MemoryTaken::default()
    }
}

impl ColumnBlock for ForeignBlock {
    fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

fn memory_that_the_device_does_not_know_is_copied<S: Subject>() {
    let cuda = S::open();
    for (name, position) in TRACKS {
        let batch = batch(5000, position).moved_into(&Foreign);
        assert!(batch.lon.lent().is_some());
        let (found, times) = folded(&cuda, &batch);
        assert!(found == expected(&batch), "{name}");
        assert_eq!(times.in_place_bytes, 0);
    }
}

on_emulation_and_device!(memory_that_the_device_does_not_know_is_copied);

/// One test through the stand-in, in several orders of its work, and one on a device for each of these facts: no
/// other machine has memory for columns.
macro_rules! on_stand_in_and_device {
    ($($fact:ident),* $(,)?) => {
        $(mod $fact {
            #[test]
            #[cfg(icefold_test_stand_in)]
            fn stand_in() {
                let device = concat!(module_path!(), "::device");
                for seed in 1..=4 {
                    crate::kernels::stand_in::passes(device, &format!("seed={seed}"));
                }
            }

            #[test]
            #[cfg_attr(not(icefold_test_cuda), ignore = "needs an NVIDIA device")]
            fn device() {
                super::$fact();
            }
        })*
    };
}

on_stand_in_and_device!(
    columns_are_read_where_they_are,
    what_a_device_reads_is_neither_written_nor_freed,
    memory_may_be_had_for_longer_than_the_device,
    memory_of_columns_has_an_end_and_comes_back,
    a_batch_of_which_part_is_lent_is_the_same,
    threads_that_fold_at_the_same_time_share_it,
);

/// Memory that the system does not page-lock is ordinary memory.
#[test]
#[cfg(icefold_test_stand_in)]
fn memory_that_is_refused_is_ordinary_memory() {
    let test = concat!(module_path!(), "::refused_once");
    super::stand_in::passes(test, "pinning_fails=1");
}

#[test]
#[ignore = "needs the stand-in that refuses to page-lock memory once"]
fn refused_once() {
    let (cuda, memory) = opened();
    let batch = batch(PHOTONS, TRACKS[0].1).moved_into(&*memory);
    assert!(batch.lon.lent().is_none() && batch.lat.lent().is_none());
    let why = memory.taken().refused.unwrap();
    assert!(
        why.contains("page-lock") && why.contains("out of memory"),
        "{why}"
    );
    let (found, times) = folded(&cuda, &batch);
    assert!(found == expected(&batch) && times.in_place_bytes == 0);
    // It is not asked again.
    assert!(Buffer::<f64>::lent_by(&*memory, PHOTONS).is_none());
}
