//! A proof as a value, and its bytes.

use novation_air::Air;
use novation_field::Fe;
use thiserror::Error;

use crate::challenges::Challenges;
use crate::digest::Digest;
use crate::params::{ChannelHash, StarkParams};
use crate::table::{Opening, TablePlan};

/// Columns of the composition polynomial: h(x) = `h_0(x^2) + x * h_1(x^2)`.
pub const COMPOSITION_COLUMNS: usize = 2;

/// What an AIR says about the sizes of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Logarithm of the trace length.
    pub log_trace: u32,
    /// Columns of each committed phase of the trace; phases without columns are left out.
    pub phases: Vec<usize>,
    /// Elements drawn between the phases.
    pub n_interaction: usize,
    /// Values sent at the point outside the domain, without those of the composition.
    pub n_mask: usize,
    /// Coefficient slots of the composition polynomial.
    pub n_constraints: usize,
}

impl Shape {
    /// The sizes of this AIR.
    pub fn of<A: Air + ?Sized>(air: &A) -> Self {
        let phases = air.n_columns().into_iter().filter(|columns| *columns > 0).collect();
        Self {
            log_trace: air.log_trace_length(),
            phases,
            n_interaction: air.n_interaction_elements(),
            n_mask: air.mask().len(),
            n_constraints: air.n_constraints(),
        }
    }
}

/// The messages that fix all challenges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitments {
    /// Roots of the phases of the trace.
    pub trace_roots: Vec<Digest>,
    /// Root of the composition polynomial's columns.
    pub composition_root: Digest,
    /// Mask values at the point outside the domain, then those of the composition columns.
    pub ood_values: Vec<Fe>,
    /// Roots of the FRI layers.
    pub fri_roots: Vec<Digest>,
    /// Coefficients of the last FRI layer, lowest first.
    pub last_layer: Vec<Fe>,
    /// The proof of work; zero if none is asked for.
    pub nonce: u64,
}

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What is sent before the queries are known.
    pub commitments: Commitments,
    /// Openings of the trace phases, of the composition and of the FRI layers.
    pub openings: Vec<Opening>,
}

/// Bytes that are not a proof of the expected shape.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofBytesError {
    /// The bytes end early.
    #[error("proof ends at byte {length}, inside the {message}")]
    TooShort {
        /// Number of bytes.
        length: usize,
        /// What was being read.
        message: &'static str,
    },
    /// Bytes are left over.
    #[error("proof has {length} bytes, expected {expected}")]
    TooLong {
        /// Number of bytes that belong to the proof.
        expected: usize,
        /// Number of bytes.
        length: usize,
    },
    /// A word is not below the modulus.
    #[error("word at byte {offset} of the {message} is not a field element")]
    NotAFelt {
        /// Where the word starts.
        offset: usize,
        /// What was being read.
        message: &'static str,
    },
    /// The nonce does not fit 64 bits.
    #[error("the nonce at byte {offset} does not fit 64 bits")]
    Nonce {
        /// Where the nonce starts.
        offset: usize,
    },
}

impl Commitments {
    /// Whether the numbers of messages are right.
    pub fn matches(&self, shape: &Shape, params: &StarkParams) -> bool {
        self.trace_roots.len() == shape.phases.len()
            && self.ood_values.len() == shape.n_mask + COMPOSITION_COLUMNS
            && self.fri_roots.len() == params.fri.steps.len() - 1
            && self.last_layer.len() == 1 << params.fri.log_last_layer
            && (params.fri.pow_bits > 0 || self.nonce == 0)
    }

    fn read(
        reader: &mut Reader<'_>,
        shape: &Shape,
        params: &StarkParams,
    ) -> Result<Self, ProofBytesError> {
        let trace_roots = reader.digests("trace roots", shape.phases.len())?;
        let composition_root = reader.digest("composition root")?;
        let n_values = shape.n_mask + COMPOSITION_COLUMNS;
        let ood_values = reader.felts("out-of-domain values", n_values)?;
        let fri_roots = reader.digests("FRI roots", params.fri.steps.len() - 1)?;
        let last_layer = reader.felts("last FRI layer", 1 << params.fri.log_last_layer)?;
        let nonce = if params.fri.pow_bits > 0 { reader.nonce()? } else { 0 };
        Ok(Self { trace_roots, composition_root, ood_values, fri_roots, last_layer, nonce })
    }
}

impl Proof {
    /// Reads the bytes of a proof. What they contain depends on the queries, so the transcript is
    /// replayed; nothing is verified.
    ///
    /// # Errors
    /// [`ProofBytesError`] if the bytes do not have the expected shape.
    pub fn from_bytes(
        bytes: &[u8],
        shape: &Shape,
        params: &StarkParams,
        statement: &[u8],
    ) -> Result<Self, ProofBytesError> {
        let mut reader = Reader { bytes, offset: 0, channel: params.channel };
        let commitments = Commitments::read(&mut reader, shape, params)?;
        let challenges = Challenges::replay(shape, params, statement, &commitments);
        let mut openings = Vec::new();
        for plan in opening_plans(shape, params, &challenges.queries) {
            let values = reader.opened_values(plan.cells().count())?;
            let siblings = reader.digests("authentication nodes", plan.sibling_nodes().len())?;
            openings.push(Opening { values, siblings });
        }
        if reader.offset != bytes.len() {
            return Err(ProofBytesError::TooLong { expected: reader.offset, length: bytes.len() });
        }
        Ok(Self { commitments, openings })
    }

    /// The bytes of the proof in the format of the suite.
    pub fn to_bytes(&self, params: &StarkParams) -> Vec<u8> {
        let mut writer = Writer { bytes: Vec::new(), channel: params.channel };
        let commitments = &self.commitments;
        writer.digests(&commitments.trace_roots);
        writer.digests(&[commitments.composition_root]);
        writer.felts(&commitments.ood_values);
        writer.digests(&commitments.fri_roots);
        writer.felts(&commitments.last_layer);
        if params.fri.pow_bits > 0 {
            writer.nonce(commitments.nonce);
        }
        for opening in &self.openings {
            writer.opened_values(&opening.values);
            writer.digests(&opening.siblings);
        }
        writer.bytes
    }
}

/// Which cells of which tables a proof opens, in its order: trace phases, composition, FRI layers.
pub fn opening_plans(shape: &Shape, params: &StarkParams, queries: &[u64]) -> Vec<TablePlan> {
    let mut log_size = shape.log_trace + params.log_blowup;
    let widths = shape.phases.iter().copied().chain([COMPOSITION_COLUMNS]);
    let mut plans: Vec<TablePlan> =
        widths.map(|columns| TablePlan::whole_rows(log_size, columns, queries)).collect();
    let mut known = queries.to_vec();
    for step in &params.fri.steps[1..] {
        plans.push(TablePlan::fri_layer(log_size, *step, &known));
        for position in &mut known {
            *position >>= step;
        }
        log_size -= step;
    }
    plans
}

/// The bytes that a nonce takes.
pub(crate) fn nonce_length(channel: ChannelHash) -> usize {
    match channel {
        ChannelHash::Keccak => 8,
        ChannelHash::Poseidon => 32,
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    offset: usize,
    channel: ChannelHash,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self, message: &'static str) -> Result<[u8; N], ProofBytesError> {
        let too_short = ProofBytesError::TooShort { length: self.bytes.len(), message };
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let chunk = rest.first_chunk::<N>().ok_or(too_short)?;
        self.offset += N;
        Ok(*chunk)
    }

    fn digest(&mut self, message: &'static str) -> Result<Digest, ProofBytesError> {
        let offset = self.offset;
        let digest = self.take::<32>(message)?;
        // Suite P sends everything as field elements.
        if self.channel == ChannelHash::Poseidon && Fe::from_bytes_be(&digest).is_none() {
            return Err(ProofBytesError::NotAFelt { offset, message });
        }
        Ok(digest)
    }

    fn digests(&mut self, message: &'static str, n: usize) -> Result<Vec<Digest>, ProofBytesError> {
        (0..n).map(|_| self.digest(message)).collect()
    }

    fn felts(&mut self, message: &'static str, n: usize) -> Result<Vec<Fe>, ProofBytesError> {
        let felt = |_| {
            let offset = self.offset;
            let word = self.take::<32>(message)?;
            let value = match self.channel {
                ChannelHash::Keccak => Fe::from_montgomery_bytes_be(&word),
                ChannelHash::Poseidon => Fe::from_bytes_be(&word),
            };
            value.ok_or(ProofBytesError::NotAFelt { offset, message })
        };
        (0..n).map(felt).collect()
    }

    /// Single values are sent in Montgomery form in both suites.
    fn opened_values(&mut self, n: usize) -> Result<Vec<Fe>, ProofBytesError> {
        let message = "opened values";
        let felt = |_| {
            let offset = self.offset;
            let word = self.take::<32>(message)?;
            let value = Fe::from_montgomery_bytes_be(&word);
            value.ok_or(ProofBytesError::NotAFelt { offset, message })
        };
        (0..n).map(felt).collect()
    }

    fn nonce(&mut self) -> Result<u64, ProofBytesError> {
        let offset = self.offset;
        if self.channel == ChannelHash::Poseidon && self.take::<24>("nonce")? != [0; 24] {
            return Err(ProofBytesError::Nonce { offset });
        }
        Ok(u64::from_be_bytes(self.take::<8>("nonce")?))
    }
}

struct Writer {
    bytes: Vec<u8>,
    channel: ChannelHash,
}

impl Writer {
    fn digests(&mut self, digests: &[Digest]) {
        self.bytes.extend_from_slice(digests.as_flattened());
    }

    fn felts(&mut self, values: &[Fe]) {
        for value in values {
            let word = match self.channel {
                ChannelHash::Keccak => value.to_montgomery_bytes_be(),
                ChannelHash::Poseidon => value.to_bytes_be(),
            };
            self.bytes.extend_from_slice(&word);
        }
    }

    fn opened_values(&mut self, values: &[Fe]) {
        for value in values {
            self.bytes.extend_from_slice(&value.to_montgomery_bytes_be());
        }
    }

    fn nonce(&mut self, nonce: u64) {
        let padding = nonce_length(self.channel) - 8;
        self.bytes.resize(self.bytes.len() + padding, 0);
        self.bytes.extend_from_slice(&nonce.to_be_bytes());
    }
}
