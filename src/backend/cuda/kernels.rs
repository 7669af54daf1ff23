//! Kernels: every entry point, its module, and the PTX that modules are embedded as.

use super::machine::Span;
use super::tile;

/// An entry point of `kernels/*.cu`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    Locate,
    LocateGroups,
    LocateKeys,
    ScanReduce,
    ScanSums,
    ScanApply,
    SortCount,
    Sort,
    SweepCount,
    SweepSums,
    Sweep,
    SegmentCount,
    Segment,
    Reduce,
    ReduceF64,
    ReduceI64,
    ReduceTerms,
    ReduceRecords,
    ReduceTermRecords,
    ReduceValues,
    ReduceValuesF64,
    ReduceValuesI64,
    Runs,
    RunsKeys,
    RunsCells,
    RunsRows,
    Fold,
    FoldF64,
    FoldI64,
    FoldTerms,
    Inflate,
    InflateCheck,
    UnfilterShuffle,
    UnfilterFletcher32,
    UnfilterValues,
    SelectPositions,
    SelectShards,
    SelectSpread,
    SelectOdd,
    SelectFilter,
    SelectNull,
    SelectCount,
    SelectList,
    SelectGather,
    SelectRemain,
}

/// What a kernel is given, in the order of its parameters.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    Word(u32),
    /// The address of memory.
    Memory(Span<'a>),
}

impl Argument<'_> {
    /// Bytes that the kernel reads of it.
    pub fn bytes(self) -> usize {
        match self {
            Self::Word(_) => size_of::<u32>(),
            Self::Memory(_) => size_of::<u64>(),
        }
    }

    /// What the kernel reads, the upper half free where that is one word of 32 bits.
    pub fn word(self) -> u64 {
        match self {
            Self::Word(word) => word.into(),
            Self::Memory(span) => span.address(),
        }
    }
}

pub const KERNELS: [Kernel; 45] = [
    Kernel::Locate,
    Kernel::LocateGroups,
    Kernel::LocateKeys,
    Kernel::ScanReduce,
    Kernel::ScanSums,
    Kernel::ScanApply,
    Kernel::SortCount,
    Kernel::Sort,
    Kernel::SweepCount,
    Kernel::SweepSums,
    Kernel::Sweep,
    Kernel::SegmentCount,
    Kernel::Segment,
    Kernel::Reduce,
    Kernel::ReduceF64,
    Kernel::ReduceI64,
    Kernel::ReduceTerms,
    Kernel::ReduceRecords,
    Kernel::ReduceTermRecords,
    Kernel::ReduceValues,
    Kernel::ReduceValuesF64,
    Kernel::ReduceValuesI64,
    Kernel::Runs,
    Kernel::RunsKeys,
    Kernel::RunsCells,
    Kernel::RunsRows,
    Kernel::Fold,
    Kernel::FoldF64,
    Kernel::FoldI64,
    Kernel::FoldTerms,
    Kernel::Inflate,
    Kernel::InflateCheck,
    Kernel::UnfilterShuffle,
    Kernel::UnfilterFletcher32,
    Kernel::UnfilterValues,
    Kernel::SelectPositions,
    Kernel::SelectShards,
    Kernel::SelectSpread,
    Kernel::SelectOdd,
    Kernel::SelectFilter,
    Kernel::SelectNull,
    Kernel::SelectCount,
    Kernel::SelectList,
    Kernel::SelectGather,
    Kernel::SelectRemain,
];

impl Kernel {
    /// The name of the entry point.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Locate => "locate",
            Self::LocateGroups => "locate_groups",
            Self::LocateKeys => "locate_keys",
            Self::ScanReduce => "scan_reduce",
            Self::ScanSums => "scan_sums",
            Self::ScanApply => "scan_apply",
            Self::SortCount => "sort_count",
            Self::Sort => "sort",
            Self::SweepCount => "sweep_count",
            Self::SweepSums => "sweep_sums",
            Self::Sweep => "sweep",
            Self::SegmentCount => "segment_count",
            Self::Segment => "segment",
            Self::Reduce => "reduce",
            Self::ReduceF64 => "reduce_f64",
            Self::ReduceI64 => "reduce_i64",
            Self::ReduceTerms => "reduce_terms",
            Self::ReduceRecords => "reduce_records",
            Self::ReduceTermRecords => "reduce_term_records",
            Self::ReduceValues => "reduce_values",
            Self::ReduceValuesF64 => "reduce_values_f64",
            Self::ReduceValuesI64 => "reduce_values_i64",
            Self::Runs => "runs",
            Self::RunsKeys => "runs_keys",
            Self::RunsCells => "runs_cells",
            Self::RunsRows => "runs_rows",
            Self::Fold => "fold",
            Self::FoldF64 => "fold_f64",
            Self::FoldI64 => "fold_i64",
            Self::FoldTerms => "fold_terms",
            Self::Inflate => "inflate",
            Self::InflateCheck => "inflate_check",
            Self::UnfilterShuffle => "unfilter_shuffle",
            Self::UnfilterFletcher32 => "unfilter_fletcher32",
            Self::UnfilterValues => "unfilter_values",
            Self::SelectPositions => "select_positions",
            Self::SelectShards => "select_shards",
            Self::SelectSpread => "select_spread",
            Self::SelectOdd => "select_odd",
            Self::SelectFilter => "select_filter",
            Self::SelectNull => "select_null",
            Self::SelectCount => "select_count",
            Self::SelectList => "select_list",
            Self::SelectGather => "select_gather",
            Self::SelectRemain => "select_remain",
        }
    }

    /// The module that holds it: the first word of its name.
    pub fn stem(self) -> &'static str {
        let name = self.name();
        name.split('_').next().unwrap_or(name)
    }

    /// Bytes of its parameters, as the PTX declares them: `.param .u64 locate_param_3,`.
    pub fn parameters(self) -> Vec<usize> {
        let module = PTX.iter().find(|(stem, _)| *stem == self.stem());
        let entry = format!(".entry {}(", self.name());
        let declared = module.and_then(|(_, ptx)| ptx.split_once(&entry)?.1.split_once(')'));
        let (list, _) = declared.unwrap_or_else(|| unreachable!("a test finds every entry point"));
        let bits = |line: &str| -> Option<usize> {
            let declared = line.trim().strip_prefix(".param .")?;
            let (kind, _) = declared.split_once(' ')?;
            kind.get(1..)?.parse().ok()
        };
        list.lines().filter_map(bits).map(|bits| bits / 8).collect()
    }
}

/// The PTX of every module, by stem, as `scripts/ptx` writes it.
pub const PTX: [(&str, &str); 11] = [
    ("locate", include_str!("../../../kernels/locate.ptx")),
    ("scan", include_str!("../../../kernels/scan.ptx")),
    ("sort", include_str!("../../../kernels/sort.ptx")),
    ("sweep", include_str!("../../../kernels/sweep.ptx")),
    ("segment", include_str!("../../../kernels/segment.ptx")),
    ("reduce", include_str!("../../../kernels/reduce.ptx")),
    ("runs", include_str!("../../../kernels/runs.ptx")),
    ("fold", include_str!("../../../kernels/fold.ptx")),
    ("inflate", include_str!("../../../kernels/inflate.ptx")),
    ("unfilter", include_str!("../../../kernels/unfilter.ptx")),
    ("select", include_str!("../../../kernels/select.ptx")),
];

/// The files of a module behind the constants and the prelude.
macro_rules! kernel_files {
    ($($file:literal),*) => {
        [$(include_str!(concat!("../../../kernels/", $file, ".cu"))),*].concat()
    };
}

/// The whole source of every module, by stem.
pub fn sources() -> [(&'static str, String); 11] {
    const PRELUDE: &str = include_str!("../../../kernels/prelude.cu");
    [
        ("locate", kernel_files!("place", "locate")),
        ("scan", kernel_files!("scan")),
        ("sort", kernel_files!("sort")),
        ("sweep", kernel_files!("sweep")),
        ("segment", kernel_files!("segment")),
        ("reduce", kernel_files!("part", "reduce")),
        ("runs", kernel_files!("place", "boxes", "runs")),
        ("fold", kernel_files!("part", "lane", "fold")),
        (
            "inflate",
            kernel_files!(
                "numbers", "chunks", "codes", "bits", "rounds", "deflate", "inflate"
            ),
        ),
        ("unfilter", kernel_files!("numbers", "chunks", "unfilter")),
        ("select", kernel_files!("select")),
    ]
    .map(|(stem, files)| (stem, tile::constants() + PRELUDE + &files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_stand_in_their_order_and_their_modules_have_them() {
        for (place, kernel) in KERNELS.into_iter().enumerate() {
            assert_eq!(kernel as usize, place);
            let entry = format!(".entry {}(", kernel.name());
            let module = PTX.iter().find(|(stem, _)| *stem == kernel.stem()).unwrap();
            assert!(module.1.contains(&entry), "{entry}");
        }
    }

    #[test]
    fn parameters_are_those_that_the_ptx_declares() {
        assert_eq!(Kernel::Locate.parameters(), [4, 4, 4, 8, 8, 8]);
        assert_eq!(Kernel::ScanSums.parameters(), [4, 8]);
        let declared = |ptx: &str| ptx.matches(".param .").count();
        let all: usize = PTX.iter().map(|(_, ptx)| declared(ptx)).sum();
        let found = KERNELS.iter().map(|kernel| kernel.parameters().len());
        assert_eq!(found.sum::<usize>(), all);
    }

    #[test]
    fn every_entry_point_of_the_ptx_is_launched() {
        for (stem, ptx) in PTX {
            for entry in ptx.split(".entry ").skip(1) {
                let name = entry.split('(').next().unwrap();
                assert!(KERNELS.iter().any(|k| k.name() == name), "{stem}: {name}");
            }
        }
    }

    /// A fused product and sum would be rounded once instead of twice.
    #[test]
    fn positions_are_located_without_fused_operations() {
        for module in ["locate", "runs"] {
            let (_, ptx) = PTX.into_iter().find(|(stem, _)| *stem == module).unwrap();
            let entry = format!(".entry {module}(");
            let body = ptx.split(&entry).nth(1).unwrap();
            assert!(body.contains("add.rn.f64") && !body.contains("fma."));
        }
    }
}
