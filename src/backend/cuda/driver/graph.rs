//! Steps that are known together, handed to the driver as one graph: a launch in place of several. A graph is made
//! once for steps of a kind; what each step is given changes from launch to launch.

#![allow(
    unsafe_code,
    reason = "graphs are a C interface: nodes and their parameters"
)]

use std::ptr;

use cudarc::driver::sys;

use super::{Driver, fault, locked, pointers};
use crate::backend::cuda::kernels::Kernel;
use crate::backend::cuda::machine::{Result, Span, Step};
use crate::backend::cuda::tile::WORKGROUP;

/// What a step is, whatever it is given; `None` fills.
type Kinds = Vec<Option<Kernel>>;

/// Graphs that were made, by what their steps are.
#[derive(Debug, Default)]
pub struct Graphs(Vec<(Kinds, Graph)>);

/// A graph whose nodes stand one behind the other.
#[derive(Debug)]
struct Graph {
    template: sys::CUgraph,
    launched: sys::CUgraphExec,
    nodes: Vec<sys::CUgraphNode>,
}

// SAFETY: handles of the driver may be used on any thread, one at a time, which the lock around `Graphs` keeps.
unsafe impl Send for Graph {}

impl Drop for Graph {
    fn drop(&mut self) {
        // SAFETY: both were made by the driver and are used no more; one that still runs is kept until it is done.
        // An error means that the device has failed, and all of it goes with the process.
        unsafe {
            if !self.launched.is_null() {
                let _ = sys::cuGraphExecDestroy(self.launched);
            }
            if !self.template.is_null() {
                let _ = sys::cuGraphDestroy(self.template);
            }
        }
    }
}

impl Graphs {
    /// Gives all graphs back.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Parameters of a node that fills.
fn filled(at: Span, byte: u8) -> sys::CUDA_MEMSET_NODE_PARAMS {
    sys::CUDA_MEMSET_NODE_PARAMS {
        dst: at.address(),
        pitch: 0,
        value: byte.into(),
        elementSize: 1,
        width: at.bytes() as usize,
        height: 1,
    }
}

impl Driver {
    /// Does steps as one launch.
    pub(super) fn run_graph(&self, steps: &[Step]) -> Result<()> {
        let kind = |step: &Step| match step {
            Step::Fill { .. } => None,
            Step::Launch { kernel, .. } => Some(*kernel),
        };
        let kinds: Kinds = steps.iter().map(kind).collect();
        let mut graphs = locked(&self.graphs);
        let known = graphs.0.iter().find(|(known, _)| *known == kinds);
        if let Some((_, graph)) = known {
            for (step, node) in steps.iter().zip(&graph.nodes) {
                self.change(graph, *node, step)?;
            }
            return self.start(graph);
        }
        let graph = self.made(steps)?;
        let started = self.start(&graph);
        graphs.0.push((kinds, graph));
        started
    }

    fn start(&self, graph: &Graph) -> Result<()> {
        // SAFETY: the graph is whole, and the stream is of its context.
        let started = unsafe { sys::cuGraphLaunch(graph.launched, self.compute.cu_stream()) };
        let started = started.result();
        started.map_err(|e| fault(e, "launch a graph"))
    }

    fn made(&self, steps: &[Step]) -> Result<Graph> {
        let mut graph = Graph {
            template: ptr::null_mut(),
            launched: ptr::null_mut(),
            nodes: Vec::with_capacity(steps.len()),
        };
        // SAFETY: the handle is written before this returns.
        unsafe { sys::cuGraphCreate(&raw mut graph.template, 0) }
            .result()
            .map_err(|e| fault(e, "make a graph"))?;
        for step in steps {
            let node = self.add(&graph, step)?;
            graph.nodes.push(node);
        }
        // SAFETY: as above.
        unsafe { sys::cuGraphInstantiateWithFlags(&raw mut graph.launched, graph.template, 0) }
            .result()
            .map_err(|e| fault(e, "make a graph ready"))?;
        Ok(graph)
    }

    /// A node behind those that there are.
    fn add(&self, graph: &Graph, step: &Step) -> Result<sys::CUgraphNode> {
        let before = graph.nodes.last().map_or(ptr::null(), ptr::from_ref);
        let (number, mut node) = (graph.nodes.len().min(1), ptr::null_mut());
        let added = match step {
            Step::Fill { at, byte } => {
                let (context, fill) = (self.context.cu_ctx(), filled(*at, *byte));
                // SAFETY: a span is of memory that is there; the driver copies what it is given.
                unsafe {
                    sys::cuGraphAddMemsetNode(
                        &raw mut node,
                        graph.template,
                        before,
                        number,
                        &raw const fill,
                        context,
                    )
                }
            }
            Step::Launch { .. } => self.with_parameters(step, |parameters| {
                // SAFETY: as for a launch alone (`Driver::launch`); the driver copies what it is given.
                unsafe {
                    sys::cuGraphAddKernelNode_v2(
                        &raw mut node,
                        graph.template,
                        before,
                        number,
                        parameters,
                    )
                }
            })?,
        };
        added.result().map_err(|e| fault(e, "add to a graph"))?;
        Ok(node)
    }

    /// Gives a node of a graph what a step is given.
    fn change(&self, graph: &Graph, node: sys::CUgraphNode, step: &Step) -> Result<()> {
        let changed = match step {
            Step::Fill { at, byte } => {
                let (context, fill) = (self.context.cu_ctx(), filled(*at, *byte));
                // SAFETY: as in `add`; the node fills.
                unsafe {
                    sys::cuGraphExecMemsetNodeSetParams(
                        graph.launched,
                        node,
                        &raw const fill,
                        context,
                    )
                }
            }
            Step::Launch { .. } => self.with_parameters(step, |parameters| {
                // SAFETY: as in `add`; the node launches this kernel.
                unsafe { sys::cuGraphExecKernelNodeSetParams_v2(graph.launched, node, parameters) }
            })?,
        };
        changed.result().map_err(|e| fault(e, "change a graph"))
    }

    /// What `give` answers to the parameters of a launch.
    fn with_parameters(
        &self,
        step: &Step,
        give: impl FnOnce(*const sys::CUDA_KERNEL_NODE_PARAMS) -> sys::CUresult,
    ) -> Result<sys::CUresult> {
        let Step::Launch {
            kernel,
            blocks,
            arguments,
        } = step
        else {
            unreachable!("a step that fills has no parameters of a launch")
        };
        let words = self.words(*kernel, arguments)?;
        let mut pointers = pointers(&words);
        let parameters = sys::CUDA_KERNEL_NODE_PARAMS {
            func: self.functions[*kernel as usize].cu_function(),
            gridDimX: *blocks,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: WORKGROUP,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            kernelParams: pointers.as_mut_ptr(),
            extra: ptr::null_mut(),
            kern: ptr::null_mut(),
            ctx: ptr::null_mut(),
        };
        Ok(give(&raw const parameters))
    }
}
