//! Proof parameters, in the JSON format of Stone.

use serde::Deserialize;
use thiserror::Error;

use crate::digest::{CommitmentHash, TreeHashes};

/// Largest base-2 logarithm of the evaluation domain; keeps every index in a machine word.
pub const MAX_LOG_DOMAIN: u32 = 48;
const MAX_LOG_BLOWUP: u32 = 16;
const MAX_FRI_STEP: u32 = 8;
const MAX_LOG_LAST_LAYER: u32 = 15;
const MAX_QUERIES: usize = 512;
/// A nonce has 64 bits; with more grinding there might be none.
const MAX_POW_BITS: u32 = 60;

/// Parameters that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// The text is not the JSON of proof parameters.
    #[error("proof parameters: {0}")]
    Json(String),
    /// A hash function is unknown, or unknown in this role.
    #[error("{role}: unknown value {name:?}")]
    UnknownName {
        /// The key of the parameter file.
        role: &'static str,
        /// The value found.
        name: String,
    },
    /// A number is outside its range.
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
    /// The folding steps do not reduce the trace length to the last layer.
    #[error("FRI steps and last layer give degree 2^{actual}, the trace has length 2^{expected}")]
    DegreeMismatch {
        /// Logarithm of the trace length.
        expected: u32,
        /// Logarithm of the degree bound that the parameters imply.
        actual: u64,
    },
    /// The channel's options do not belong to one of the two suites.
    #[error("the channel, friendly and page hashes do not form a known suite")]
    MixedSuite,
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

#[derive(Deserialize)]
struct JsonParams {
    stark: JsonStark,
    channel_hash: Option<String>,
    commitment_hash: Option<String>,
    verifier_friendly_commitment_hash: Option<String>,
    n_verifier_friendly_commitment_layers: Option<u32>,
    verifier_friendly_channel_updates: Option<bool>,
    pow_hash: Option<String>,
    statement: Option<JsonStatement>,
    field: Option<String>,
    use_extension_field: Option<bool>,
}

#[derive(Deserialize)]
struct JsonStark {
    fri: JsonFri,
    log_n_cosets: u32,
}

#[derive(Deserialize)]
struct JsonFri {
    fri_step_list: Vec<u32>,
    last_layer_degree_bound: u64,
    n_queries: usize,
    proof_of_work_bits: u32,
}

#[derive(Deserialize)]
struct JsonStatement {
    page_hash: Option<String>,
}

impl StarkParams {
    /// Reads the JSON text of a Stone parameter file.
    ///
    /// # Errors
    /// [`ParamsError`] for text that is not such a file, and for values out of range.
    pub fn from_json(text: &str) -> Result<Self, ParamsError> {
        let json = serde_json::from_str(text).map_err(|e| ParamsError::Json(e.to_string()))?;
        Self::from_parsed(json)
    }

    /// Reads an already parsed JSON value, such as `proof_parameters` of a proof file.
    ///
    /// # Errors
    /// As [`StarkParams::from_json`].
    pub fn from_json_value(value: serde_json::Value) -> Result<Self, ParamsError> {
        let json = serde_json::from_value(value).map_err(|e| ParamsError::Json(e.to_string()))?;
        Self::from_parsed(json)
    }

    fn from_parsed(json: JsonParams) -> Result<Self, ParamsError> {
        expect_name("field", json.field.as_deref().unwrap_or("PrimeField0"), "PrimeField0")?;
        if json.use_extension_field == Some(true) {
            let name = "true".into();
            return Err(ParamsError::UnknownName { role: "use_extension_field", name });
        }
        let channel = parse_channel(&json)?;
        let tree = parse_tree(&json)?;
        let pow = match channel {
            // Stone grinds with the hash of a byte channel and ignores `pow_hash` then.
            ChannelHash::Keccak => ByteHash::Keccak,
            ChannelHash::Poseidon => parse_pow(json.pow_hash.as_deref().unwrap_or("blake256"))?,
        };
        let page = json.statement.and_then(|statement| statement.page_hash);
        let params = Self {
            log_blowup: json.stark.log_n_cosets,
            fri: parse_fri(&json.stark.fri)?,
            channel,
            tree,
            pow,
            page: parse_page(page.as_deref().unwrap_or("keccak256"))?,
        };
        // A Keccak digest is not a field element, so it cannot enter a Poseidon seed.
        if params.channel == ChannelHash::Poseidon && params.page == PageHash::Keccak {
            return Err(ParamsError::MixedSuite);
        }
        params.check()?;
        Ok(params)
    }

    fn check(&self) -> Result<(), ParamsError> {
        let fri = &self.fri;
        check_range("log_n_cosets", self.log_blowup.into(), 1, MAX_LOG_BLOWUP.into())?;
        check_range("n_queries", fri.n_queries as u64, 1, MAX_QUERIES as u64)?;
        check_range("proof_of_work_bits", fri.pow_bits.into(), 0, MAX_POW_BITS.into())?;
        let last_layer = 1 << fri.log_last_layer;
        check_range("last_layer_degree_bound", last_layer, 1, 1 << MAX_LOG_LAST_LAYER)?;
        check_range("number of FRI steps", fri.steps.len() as u64, 2, 32)?;
        check_range("first FRI step", fri.steps[0].into(), 0, 0)?;
        for step in &fri.steps[1..] {
            check_range("FRI step", (*step).into(), 1, MAX_FRI_STEP.into())?;
        }
        Ok(())
    }

    /// Checks that the low-degree test fits a trace of length `2^log_trace`.
    ///
    /// # Errors
    /// [`ParamsError::DegreeMismatch`] if it does not, [`ParamsError::Range`] for huge domains.
    pub fn check_trace_length(&self, log_trace: u32) -> Result<(), ParamsError> {
        let log_domain = u64::from(log_trace) + u64::from(self.log_blowup);
        check_range("log of evaluation domain", log_domain, 1, MAX_LOG_DOMAIN.into())?;
        let steps: u64 = self.fri.steps.iter().map(|step| u64::from(*step)).sum();
        let actual = steps + u64::from(self.fri.log_last_layer);
        if actual != u64::from(log_trace) {
            return Err(ParamsError::DegreeMismatch { expected: log_trace, actual });
        }
        Ok(())
    }
}

fn expect_name(role: &'static str, name: &str, expected: &str) -> Result<(), ParamsError> {
    let known = name == expected;
    known.then_some(()).ok_or_else(|| ParamsError::UnknownName { role, name: name.to_owned() })
}

fn parse_channel(json: &JsonParams) -> Result<ChannelHash, ParamsError> {
    let friendly_updates = json.verifier_friendly_channel_updates.unwrap_or(false);
    let name = json.channel_hash.as_deref().unwrap_or("keccak256");
    match (name, friendly_updates) {
        ("keccak256", false) => Ok(ChannelHash::Keccak),
        // The seed of suite P is made by the friendly commitment hash.
        ("poseidon3", true)
            if json.verifier_friendly_commitment_hash.as_deref() == Some("poseidon3") =>
        {
            Ok(ChannelHash::Poseidon)
        }
        ("keccak256" | "poseidon3", _) => Err(ParamsError::MixedSuite),
        _ => Err(ParamsError::UnknownName { role: "channel_hash", name: name.to_owned() }),
    }
}

fn parse_tree(json: &JsonParams) -> Result<TreeHashes, ParamsError> {
    let parse = |role: &'static str, name: &str| {
        let unknown = || ParamsError::UnknownName { role, name: name.to_owned() };
        CommitmentHash::from_name(name).ok_or_else(unknown)
    };
    let bottom_name = json.commitment_hash.as_deref().unwrap_or("keccak256_masked160_msb");
    let friendly_name = json.verifier_friendly_commitment_hash.as_deref().unwrap_or(bottom_name);
    Ok(TreeHashes {
        bottom: parse("commitment_hash", bottom_name)?,
        friendly: parse("verifier_friendly_commitment_hash", friendly_name)?,
        n_friendly_layers: json.n_verifier_friendly_commitment_layers.unwrap_or(0),
    })
}

fn parse_pow(name: &str) -> Result<ByteHash, ParamsError> {
    match name {
        "keccak256" => Ok(ByteHash::Keccak),
        "blake256" => Ok(ByteHash::Blake2s),
        _ => Err(ParamsError::UnknownName { role: "pow_hash", name: name.to_owned() }),
    }
}

fn parse_page(name: &str) -> Result<PageHash, ParamsError> {
    match name {
        "keccak256" => Ok(PageHash::Keccak),
        "pedersen" => Ok(PageHash::Pedersen),
        _ => Err(ParamsError::UnknownName { role: "page_hash", name: name.to_owned() }),
    }
}

fn parse_fri(json: &JsonFri) -> Result<FriParams, ParamsError> {
    let bound = json.last_layer_degree_bound;
    if !bound.is_power_of_two() {
        return Err(ParamsError::Range {
            name: "last_layer_degree_bound (a power of two)",
            value: bound,
            min: 1,
            max: 1 << MAX_LOG_LAST_LAYER,
        });
    }
    Ok(FriParams {
        steps: json.fri_step_list.clone(),
        log_last_layer: bound.ilog2(),
        n_queries: json.n_queries,
        pow_bits: json.proof_of_work_bits,
    })
}

fn check_range(name: &'static str, value: u64, min: u64, max: u64) -> Result<(), ParamsError> {
    let inside = (min..=max).contains(&value);
    inside.then_some(()).ok_or(ParamsError::Range { name, value, min, max })
}
