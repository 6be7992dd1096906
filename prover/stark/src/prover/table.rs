//! Committed tables of polynomials: only the upper part of their tree is kept.
//!
//! The extension of the columns is made chunk by chunk, hashed and dropped, and so are the lowest
//! layers of the tree: [`Table::open`] makes the few subtrees again that a query touches. A leaf
//! holds the values of all columns at `2^log_points` neighbouring points.

use novation_field::fft::Twiddles;
use novation_field::Fe;
use rayon::prelude::*;

use super::progress::{Cancelled, Progress};
use super::subtrees::coset_values;
use super::work::Work;
use crate::digest::{Digest, TreeHashes};
use crate::domain::chunk_offset;
use crate::merkle::MerkleTree;
use crate::params::StarkParams;
use crate::table::{Opening, TablePlan};

/// Layers that are not kept, at most: a kept tree is 1/64 of the whole one.
const LOG_PRUNED: u32 = 6;
/// Subtrees hashed by one parallel task.
const SUBTREES_PER_TASK: usize = 8;

/// What all commitments of a proof share.
pub(super) struct Committer<'a> {
    pub(super) params: &'a StarkParams,
    pub(super) twiddles: &'a Twiddles,
    /// A coset of the trace domain is extended in `2^log_parts` parts.
    pub(super) log_parts: u32,
}

/// The tree over the values of polynomials on the evaluation domain. The polynomials themselves
/// stay with the caller, who gives the same ones to [`Table::open`].
pub(super) struct Table {
    shape: TableShape,
    hashes: TreeHashes,
    /// The layers above the subtrees that were dropped.
    tree: MerkleTree,
}

/// How the values of a table are distributed over leaves and subtrees.
#[derive(Clone, Copy)]
struct TableShape {
    /// The first point of the domain.
    offset: Fe,
    log_domain: u32,
    log_points: u32,
    log_pruned: u32,
}

impl TableShape {
    fn log_leaves(&self) -> u32 {
        self.log_domain - self.log_points
    }

    /// Logarithm of the points below the root of a dropped subtree.
    fn log_subtree(&self) -> u32 {
        self.log_points + self.log_pruned
    }

    /// The offset of the coset of points below a dropped subtree.
    fn subtree_offset(&self, subtree: u64) -> Fe {
        let index = usize::try_from(subtree).expect("a domain fits the address space");
        let log_subtree = self.log_subtree();
        chunk_offset(self.offset, log_subtree, self.log_domain - log_subtree, index)
    }
}

impl Committer<'_> {
    /// Commits to polynomials, given by their coefficients, on the domain that starts at `offset`.
    ///
    /// # Errors
    /// [`Cancelled`] if the caller asks to stop.
    pub(super) fn commit<C: AsRef<[Fe]> + Sync>(
        &self,
        columns: &[C],
        offset: Fe,
        log_points: u32,
        progress: &mut Progress<'_>,
    ) -> Result<Table, Cancelled> {
        let log_n = columns[0].as_ref().len().ilog2();
        let log_parts = self.log_parts.min(log_n - log_points);
        let log_chunk = log_n - log_parts;
        let log_chunks = self.params.log_blowup + log_parts;
        let log_domain = log_n + self.params.log_blowup;
        let log_pruned = LOG_PRUNED.min(log_chunk - log_points);
        let shape = TableShape { offset, log_domain, log_points, log_pruned };
        let hashes = self.params.tree;
        let mut roots: Vec<Digest> = vec![[0; 32]; 1 << (shape.log_leaves() - log_pruned)];
        let per_chunk = roots.len() >> log_chunks;
        let mut chunk = vec![vec![Fe::ZERO; 1 << log_chunk]; columns.len()];
        for (index, roots) in roots.chunks_exact_mut(per_chunk).enumerate() {
            progress.tick(index, 1 << log_chunks)?;
            let offset = chunk_offset(offset, log_chunk, log_chunks, index);
            chunk.par_iter_mut().zip(columns).for_each(|(values, coefficients)| {
                self.twiddles.evaluate_into(coefficients.as_ref(), offset, values);
            });
            subtree_roots(&chunk, &shape, &hashes, roots);
        }
        progress.count(
            Work::transforms(columns.len() << self.params.log_blowup, log_n)
                + Work::tree(log_domain - log_points, columns.len() << log_points, hashes.bottom),
        );
        Ok(Table { shape, hashes, tree: MerkleTree::new(roots, &hashes) })
    }
}

/// The roots of the subtrees over the values of one chunk of the domain.
fn subtree_roots(
    columns: &[Vec<Fe>],
    shape: &TableShape,
    hashes: &TreeHashes,
    roots: &mut [Digest],
) {
    let points_per_task = SUBTREES_PER_TASK << shape.log_subtree();
    let tasks = roots.par_chunks_mut(SUBTREES_PER_TASK).enumerate();
    tasks.for_each_init(Vec::new, |words: &mut Vec<u8>, (task, roots)| {
        let first = task * points_per_task;
        let points = first..first + (roots.len() << shape.log_subtree());
        let columns: Vec<&[Fe]> = columns.iter().map(|column| &column[points.clone()]).collect();
        let mut nodes = leaves(&columns, shape, hashes, words);
        for level in 1..=shape.log_pruned {
            let mut parents = vec![[0; 32]; nodes.len() / 2];
            hashes.at_depth(shape.log_leaves() - level).hash_pairs_into(&nodes, &mut parents);
            nodes = parents;
        }
        roots.copy_from_slice(&nodes);
    });
}

/// The leaves over values of all columns at the same points. A leaf of a single value is that value.
fn leaves(
    columns: &[&[Fe]],
    shape: &TableShape,
    hashes: &TreeHashes,
    words: &mut Vec<u8>,
) -> Vec<Digest> {
    let n_points = columns[0].len();
    if let ([single], 0) = (columns, shape.log_points) {
        return single.iter().map(|value| value.to_montgomery_bytes_be()).collect();
    }
    words.clear();
    for point in 0..n_points {
        for column in columns {
            words.extend_from_slice(&column[point].to_montgomery_bytes_be());
        }
    }
    let mut leaves = vec![[0; 32]; n_points >> shape.log_points];
    let length = (32 * columns.len()) << shape.log_points;
    hashes.at_depth(shape.log_leaves()).hash_rows(words, length, &mut leaves);
    leaves
}

/// A subtree made again.
struct Subtree {
    number: u64,
    /// By column.
    values: Vec<Vec<Fe>>,
    tree: MerkleTree,
}

impl Table {
    pub(super) fn root(&self) -> Digest {
        self.tree.root()
    }

    /// Opens what the plan says; `columns` are the coefficients that were committed.
    pub(super) fn open<C: AsRef<[Fe]> + Sync>(
        &self,
        columns: &[C],
        plan: &TablePlan,
        twiddles: &Twiddles,
    ) -> Opening {
        let subtrees = self.subtrees(columns, plan, twiddles);
        let find = |number: u64| {
            let found = subtrees.binary_search_by_key(&number, |subtree| subtree.number);
            &subtrees[found.expect("subtrees of all opened rows were made")]
        };
        let value = |(row, cell): (u64, usize)| {
            let in_subtree = row & ((1 << self.shape.log_pruned) - 1);
            let leaf = usize::try_from(in_subtree).expect("a position in a subtree");
            let point = (leaf << self.shape.log_points) + cell / columns.len();
            find(row >> self.shape.log_pruned).values[cell % columns.len()][point]
        };
        let node = |number: u64| {
            let below_kept = number.ilog2().saturating_sub(self.tree.height());
            if below_kept == 0 {
                return self.tree.node(number);
            }
            let subtree = (number >> below_kept) - (1 << self.tree.height());
            let local = number & ((1 << below_kept) - 1) | 1 << below_kept;
            find(subtree).tree.node(local)
        };
        Opening {
            values: plan.cells().map(value).collect(),
            siblings: plan.sibling_nodes().into_iter().map(node).collect(),
        }
    }

    /// The subtrees of all opened rows, by increasing number.
    fn subtrees<C: AsRef<[Fe]> + Sync>(
        &self,
        columns: &[C],
        plan: &TablePlan,
        twiddles: &Twiddles,
    ) -> Vec<Subtree> {
        let mut numbers: Vec<u64> =
            plan.rows.keys().map(|row| row >> self.shape.log_pruned).collect();
        numbers.dedup();
        let offsets: Vec<Fe> =
            numbers.iter().map(|number| self.shape.subtree_offset(*number)).collect();
        let columns: Vec<&[Fe]> = columns.iter().map(AsRef::as_ref).collect();
        let values = coset_values(&columns, &offsets, self.shape.log_subtree(), twiddles);
        let subtree = |(number, values): (u64, Vec<Vec<Fe>>)| {
            let columns: Vec<&[Fe]> = values.iter().map(Vec::as_slice).collect();
            let leaves = leaves(&columns, &self.shape, &self.hashes, &mut Vec::new());
            let tree = MerkleTree::subtree(leaves, self.tree.height(), &self.hashes);
            Subtree { number, values, tree }
        };
        numbers.into_iter().zip(values).map(subtree).collect()
    }
}
