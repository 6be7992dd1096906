//! Proof parameters, in the JSON format of Stone.

use novation_json::Malformed;
use thiserror::Error;

use crate::digest::TreeHashes;
use crate::params_json::RawParams;

/// Largest base-2 logarithm of the evaluation domain; keeps every index in a machine word.
pub const MAX_LOG_DOMAIN: u32 = 48;
const MAX_LOG_BLOWUP: u32 = 8;
const MIN_FRI_LAYERS: u64 = 2;
const MAX_FRI_LAYERS: u64 = 15;
const MAX_FRI_STEP: u64 = 4;
const MAX_LAST_LAYER: u64 = 1 << 15;
const MAX_QUERIES: u64 = 256;
/// A nonce has 64 bits.
const MAX_POW_BITS: u64 = 64;

/// Parameters that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// Not the JSON of proof parameters.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A field, or a combination of hashes, that this implementation does not have.
    #[error("{name} {value} is not supported, only {supported}")]
    Unsupported {
        /// The key of the parameter file, or what several keys say together.
        name: &'static str,
        /// The value found.
        value: String,
        /// What is there instead.
        supported: &'static str,
    },
    /// A number is above what this implementation can judge; Stone may have made such a proof.
    #[error("{name} is {value}, supported are at most {max}")]
    Limit {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The largest supported value.
        max: u64,
    },
    /// A number that makes no proof.
    #[error("{name} is {value}, allowed are {min} to {max}")]
    Range {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The smallest allowed value.
        min: u64,
        /// The largest allowed value.
        max: u64,
    },
    /// A number that must be a power of two is none.
    #[error("{name} is {value}, a power of two is expected")]
    PowerOfTwo {
        /// The parameter.
        name: &'static str,
        /// Its value.
        value: u64,
    },
    /// The folding steps do not reduce the trace length to the last layer.
    #[error("FRI steps and last layer give degree 2^{actual}, the trace has length 2^{expected}")]
    DegreeMismatch {
        /// Logarithm of the trace length.
        expected: u32,
        /// Logarithm of the degree bound that the parameters imply.
        actual: u64,
    },
}

impl ParamsError {
    /// Whether such parameters may belong to a valid proof, which this implementation cannot judge.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported { .. } | Self::Limit { .. })
    }
}

/// How messages become challenges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelHash {
    /// Suite K: Keccak-256 over bytes, field elements in Montgomery form.
    Keccak,
    /// Suite P: Poseidon over field elements.
    Poseidon,
}

/// A hash of bytes without a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteHash {
    /// Keccak-256.
    Keccak,
    /// Blake2s with 32 bytes of output.
    Blake2s,
}

/// The hash of a page of the public memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageHash {
    /// Keccak-256 of 32-byte words.
    Keccak,
    /// The Pedersen chain with length.
    Pedersen,
}

/// Parameters of the low-degree test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FriParams {
    /// Logarithms of the folding factors; the first is zero because layer 0 is virtual.
    pub steps: Vec<u32>,
    /// Logarithm of the number of coefficients sent instead of the last layer.
    pub log_last_layer: u32,
    /// Queries, counted before duplicates are merged.
    pub n_queries: usize,
    /// Leading zero bits of the hash of the nonce.
    pub pow_bits: u32,
}

/// All parameters of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StarkParams {
    /// Logarithm of the ratio of evaluation domain and trace length.
    pub log_blowup: u32,
    /// The low-degree test.
    pub fri: FriParams,
    /// The transcript.
    pub channel: ChannelHash,
    /// The trees.
    pub tree: TreeHashes,
    /// The hash of grinding.
    pub pow: ByteHash,
    /// The hash of public memory pages.
    pub page: PageHash,
}

impl StarkParams {
    /// Reads the JSON text of a Stone parameter file.
    ///
    /// # Errors
    /// [`ParamsError`] for text that is not such a file, and for values out of range.
    pub fn from_json(text: &str) -> Result<Self, ParamsError> {
        Self::from_json_value(&novation_json::parse(text.as_bytes())?)
    }

    /// Reads an already parsed JSON value, such as `proof_parameters` of a proof file.
    ///
    /// # Errors
    /// As [`StarkParams::from_json`].
    pub fn from_json_value(value: &serde_json::Value) -> Result<Self, ParamsError> {
        RawParams::read(value)?.check()
    }

    /// Checks that the low-degree test fits a trace of length `2^log_trace`.
    ///
    /// # Errors
    /// [`ParamsError::Limit`] for huge domains, [`ParamsError::DegreeMismatch`] if it does not.
    pub fn check_trace_length(&self, log_trace: u32) -> Result<(), ParamsError> {
        let log_domain = u64::from(log_trace) + u64::from(self.log_blowup);
        check_limit("log2 of the evaluation domain", log_domain, MAX_LOG_DOMAIN.into())?;
        let steps: u64 = self.fri.steps.iter().map(|step| u64::from(*step)).sum();
        let actual = steps + u64::from(self.fri.log_last_layer);
        if actual != u64::from(log_trace) {
            return Err(ParamsError::DegreeMismatch { expected: log_trace, actual });
        }
        Ok(())
    }
}

/// The numbers of a parameter file.
pub(crate) struct RawNumbers {
    pub(crate) log_blowup: u64,
    pub(crate) steps: Vec<u64>,
    pub(crate) last_layer: u64,
    pub(crate) n_queries: u64,
    pub(crate) pow_bits: u64,
}

impl RawNumbers {
    /// Holds every number to its range: first what cannot be judged here, then what is no proof.
    pub(crate) fn check(self) -> Result<(u32, FriParams), ParamsError> {
        let largest_step = self.steps.iter().copied().max().unwrap_or(0);
        check_limit("log_n_cosets", self.log_blowup, MAX_LOG_BLOWUP.into())?;
        check_limit("n_queries", self.n_queries, MAX_QUERIES)?;
        check_limit("proof_of_work_bits", self.pow_bits, MAX_POW_BITS)?;
        check_limit("last_layer_degree_bound", self.last_layer, MAX_LAST_LAYER)?;
        check_limit("number of FRI steps", self.steps.len() as u64, MAX_FRI_LAYERS)?;
        check_limit("FRI step", largest_step, MAX_FRI_STEP)?;
        let log_blowup = check_range("log_n_cosets", self.log_blowup, 1, MAX_LOG_BLOWUP.into())?;
        check_range("n_queries", self.n_queries, 1, MAX_QUERIES)?;
        let n_layers = self.steps.len() as u64;
        check_range("number of FRI steps", n_layers, MIN_FRI_LAYERS, MAX_FRI_LAYERS)?;
        let mut steps = vec![check_range("first FRI step", self.steps[0], 0, 0)?];
        for step in &self.steps[1..] {
            steps.push(check_range("FRI step", *step, 1, MAX_FRI_STEP)?);
        }
        let last_layer = self.last_layer;
        if !last_layer.is_power_of_two() {
            let name = "last_layer_degree_bound";
            return Err(ParamsError::PowerOfTwo { name, value: last_layer });
        }
        let fri = FriParams {
            steps,
            log_last_layer: last_layer.ilog2(),
            n_queries: usize::try_from(self.n_queries).unwrap_or(usize::MAX),
            pow_bits: check_range("proof_of_work_bits", self.pow_bits, 0, MAX_POW_BITS)?,
        };
        Ok((log_blowup, fri))
    }
}

pub(crate) fn check_limit(name: &'static str, value: u64, max: u64) -> Result<(), ParamsError> {
    (value <= max).then_some(()).ok_or(ParamsError::Limit { name, value, max })
}

/// The value as a small number; `max` is below 2^32.
fn check_range(name: &'static str, value: u64, min: u64, max: u64) -> Result<u32, ParamsError> {
    let inside = u32::try_from(value).ok().filter(|_| (min..=max).contains(&value));
    inside.ok_or(ParamsError::Range { name, value, min, max })
}
