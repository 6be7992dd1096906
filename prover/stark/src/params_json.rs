//! Stone's parameter file: its keys, its defaults, and the two suites of hashes among what it may
//! say. An absent key has Stone's default; an unknown one is refused, so none is ever misspelt.

use novation_json::{flag, list, number, text, Malformed, Object};
use serde_json::Value;

use crate::digest::{CommitmentHash, TreeHashes};
use crate::params::{
    check_limit, ByteHash, ChannelHash, PageHash, ParamsError, RawNumbers, StarkParams,
};

const KEYS: [&str; 10] = [
    "channel_hash",
    "commitment_hash",
    "field",
    "n_verifier_friendly_commitment_layers",
    "pow_hash",
    "stark",
    "statement",
    "use_extension_field",
    "verifier_friendly_channel_updates",
    "verifier_friendly_commitment_hash",
];
const FRI_KEYS: [&str; 4] =
    ["fri_step_list", "last_layer_degree_bound", "n_queries", "proof_of_work_bits"];
const FIELD: &str = "PrimeField0";
const COMMITMENTS_OF_SUITE_K: [&str; 2] = ["keccak256_masked160_msb", "keccak256_masked192_msb"];
const COMMITMENT_OF_SUITE_P: &str = "blake256_masked248_lsb";
const FRIENDLY_OF_SUITE_P: &str = "poseidon3";

/// A parameter file whose keys and types are right.
pub struct RawParams {
    field: String,
    use_extension_field: bool,
    hashes: HashNames,
    n_friendly_layers: u64,
    numbers: RawNumbers,
}

/// What the file says about hashes, defaults filled in.
struct HashNames {
    channel: String,
    commitment: String,
    friendly: String,
    pow: String,
    page: String,
    friendly_updates: bool,
}

impl RawParams {
    /// Reads keys and types.
    ///
    /// # Errors
    /// [`Malformed`] says which one is wrong.
    pub fn read(value: &Value) -> Result<Self, Malformed> {
        let file = Object::new(value, &KEYS)?;
        let (log_blowup, fri) = file.field("stark", |stark| {
            let stark = Object::new(stark, &["fri", "log_n_cosets"])?;
            Ok((stark.field("log_n_cosets", number)?, stark.field("fri", read_fri)?))
        })?;
        Ok(Self {
            field: file.field("field", text)?.to_owned(),
            use_extension_field: file.field("use_extension_field", flag)?,
            hashes: HashNames::read(&file)?,
            n_friendly_layers: file
                .optional("n_verifier_friendly_commitment_layers", number)?
                .unwrap_or(0),
            numbers: RawNumbers { log_blowup, ..fri },
        })
    }

    /// Checks what the file says: first that it can be judged here, then that it is a proof's.
    ///
    /// # Errors
    /// [`ParamsError`] names the parameter, its value and the limit.
    pub fn check(self) -> Result<StarkParams, ParamsError> {
        if self.field != FIELD {
            let value = format!("{:?}", self.field);
            return Err(ParamsError::Unsupported { name: "field", value, supported: FIELD });
        }
        if self.use_extension_field {
            let (name, value) = ("use_extension_field", "true".to_owned());
            return Err(ParamsError::Unsupported { name, value, supported: "false" });
        }
        let channel = self.hashes.suite()?;
        // Suite K has one hash for all layers, hence no friendly ones.
        let max_layers = if channel == ChannelHash::Keccak { 0 } else { u64::from(u32::MAX) };
        let layers = self.n_friendly_layers;
        check_limit("n_verifier_friendly_commitment_layers", layers, max_layers)?;
        let (log_blowup, fri) = self.numbers.check()?;
        let tree = TreeHashes {
            bottom: self.hashes.node_hash(&self.hashes.commitment)?,
            friendly: self.hashes.node_hash(&self.hashes.friendly)?,
            n_friendly_layers: u32::try_from(layers).unwrap_or(u32::MAX),
        };
        let (pow, page) = match channel {
            ChannelHash::Keccak => (ByteHash::Keccak, PageHash::Keccak),
            ChannelHash::Poseidon => (ByteHash::Blake2s, PageHash::Pedersen),
        };
        Ok(StarkParams { log_blowup, fri, channel, tree, pow, page })
    }
}

fn read_fri(value: &Value) -> Result<RawNumbers, Malformed> {
    let fri = Object::new(value, &FRI_KEYS)?;
    Ok(RawNumbers {
        log_blowup: 0,
        steps: fri.field("fri_step_list", |steps| list(steps, number))?,
        last_layer: fri.field("last_layer_degree_bound", number)?,
        n_queries: fri.field("n_queries", number)?,
        pow_bits: fri.field("proof_of_work_bits", number)?,
    })
}

impl HashNames {
    fn read(file: &Object<'_>) -> Result<Self, Malformed> {
        let name = |key: &str, default: &str| {
            file.optional(key, text).map(|name| name.unwrap_or(default).to_owned())
        };
        let channel = name("channel_hash", "keccak256")?;
        let commitment = name("commitment_hash", COMMITMENTS_OF_SUITE_K[0])?;
        // Stone grinds with the hash of the channel.
        let default_pow = if channel == "poseidon3" { "blake256" } else { "keccak256" };
        let page = file.optional("statement", |statement| {
            Object::new(statement, &["page_hash"])?.optional("page_hash", text)
        })?;
        Ok(Self {
            friendly: name("verifier_friendly_commitment_hash", &commitment)?,
            pow: name("pow_hash", default_pow)?,
            page: page.flatten().unwrap_or("keccak256").to_owned(),
            friendly_updates: file
                .optional("verifier_friendly_channel_updates", flag)?
                .unwrap_or(false),
            channel,
            commitment,
        })
    }

    /// The transcript of the suite to which all these hashes belong.
    fn suite(&self) -> Result<ChannelHash, ParamsError> {
        let Self { channel, commitment, friendly, pow, page, friendly_updates } = self;
        let names = [channel, friendly, pow, page].map(String::as_str);
        let is_k = names == ["keccak256", commitment, "keccak256", "keccak256"]
            && COMMITMENTS_OF_SUITE_K.contains(&commitment.as_str());
        let is_p = names == ["poseidon3", FRIENDLY_OF_SUITE_P, "blake256", "pedersen"]
            && commitment == COMMITMENT_OF_SUITE_P;
        match (is_k, is_p, friendly_updates) {
            (true, _, false) => Ok(ChannelHash::Keccak),
            (_, true, true) => Ok(ChannelHash::Poseidon),
            _ => Err(self.unsupported()),
        }
    }

    fn unsupported(&self) -> ParamsError {
        let Self { channel, commitment, friendly, pow, page, friendly_updates } = self;
        ParamsError::Unsupported {
            name: "combination of hashes",
            value: format!(
                "(channel_hash {channel:?}, commitment_hash {commitment:?}, \
                 verifier_friendly_commitment_hash {friendly:?}, pow_hash {pow:?}, \
                 page_hash {page:?}, verifier_friendly_channel_updates {friendly_updates})"
            ),
            supported: "those of suites K and P in docs/spec/proof_format.md",
        }
    }

    fn node_hash(&self, name: &str) -> Result<CommitmentHash, ParamsError> {
        CommitmentHash::from_name(name).ok_or_else(|| self.unsupported())
    }
}
