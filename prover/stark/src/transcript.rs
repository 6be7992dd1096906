//! The transcript: every message of the prover reseeds it, every challenge is drawn from it.
//!
//! It has one method per message and per challenge, in the order of the protocol, and serves prover
//! and verifier alike.

use novation_crypto::{keccak256, poseidon_hash, poseidon_hash_many};
use novation_field::Fe;

use crate::digest::Digest;
use crate::params::ChannelHash;

/// The state of the Fiat-Shamir transformation.
#[derive(Clone, Debug)]
pub struct Transcript {
    state: State,
    counter: u64,
}

#[derive(Clone, Debug)]
enum State {
    Keccak(Digest),
    Poseidon(Fe),
}

impl Transcript {
    /// Starts from the statement, serialised as 32-byte big-endian words.
    ///
    /// For suite P every word must be below p; larger ones are taken modulo p.
    pub fn new(channel: ChannelHash, statement: &[u8]) -> Self {
        let state = match channel {
            ChannelHash::Keccak => State::Keccak(keccak256(statement)),
            ChannelHash::Poseidon => {
                let felts: Vec<Fe> = statement.chunks(32).map(padded_felt).collect();
                State::Poseidon(poseidon_hash_many(&felts))
            }
        };
        Self { state, counter: 0 }
    }

    /// Message: the root of a table of trace columns, of the composition, or of a FRI layer.
    pub fn absorb_root(&mut self, root: &Digest) {
        match &self.state {
            State::Keccak(_) => self.absorb_bytes(root),
            State::Poseidon(_) => self.absorb_felts(&[Fe::from_bytes_be_reduced(root)]),
        }
    }

    /// Challenge: the elements that the second phase of the trace depends on.
    pub fn draw_interaction(&mut self, count: usize) -> Vec<Fe> {
        (0..count).map(|_| self.draw_felt()).collect()
    }

    /// Challenge: the coefficient whose powers combine the constraints.
    pub fn draw_constraint_coefficient(&mut self) -> Fe {
        self.draw_felt()
    }

    /// Challenge: the point outside the domain.
    pub fn draw_ood_point(&mut self) -> Fe {
        self.draw_felt()
    }

    /// Message: the values at the point outside the domain; suite K takes them one by one.
    pub fn absorb_ood_values(&mut self, values: &[Fe]) {
        match &self.state {
            State::Keccak(_) => {
                for value in values {
                    self.absorb_bytes(&value.to_montgomery_bytes_be());
                }
            }
            State::Poseidon(_) => self.absorb_felts(values),
        }
    }

    /// Challenge: the coefficient whose powers combine the DEEP quotients.
    pub fn draw_deep_coefficient(&mut self) -> Fe {
        self.draw_felt()
    }

    /// Challenge: the point at which a FRI layer is folded.
    pub fn draw_fri_point(&mut self) -> Fe {
        self.draw_felt()
    }

    /// Message: the coefficients of the last FRI layer.
    pub fn absorb_last_layer(&mut self, coefficients: &[Fe]) {
        match &self.state {
            State::Keccak(_) => {
                let words: Vec<[u8; 32]> =
                    coefficients.iter().map(|c| c.to_montgomery_bytes_be()).collect();
                self.absorb_bytes(words.as_flattened());
            }
            State::Poseidon(_) => self.absorb_felts(coefficients),
        }
    }

    /// The digest that grinding starts from.
    pub fn grinding_seed(&self) -> Digest {
        match &self.state {
            State::Keccak(digest) => *digest,
            State::Poseidon(digest) => digest.to_bytes_be(),
        }
    }

    /// Message: the nonce of the proof of work.
    pub fn absorb_nonce(&mut self, nonce: u64) {
        match &self.state {
            State::Keccak(_) => self.absorb_bytes(&nonce.to_be_bytes()),
            State::Poseidon(_) => self.absorb_felts(&[Fe::from_u64(nonce)]),
        }
    }

    /// Challenge: positions in a domain of size `2^log_domain`, in the order drawn.
    pub fn draw_queries(&mut self, count: usize, log_domain: u32) -> Vec<u64> {
        let mask = (1u64 << log_domain) - 1;
        let mut queries = Vec::with_capacity(count.next_multiple_of(4));
        while queries.len() < count {
            match &self.state {
                State::Keccak(_) => {
                    let block = self.next_block();
                    queries.extend(block.chunks_exact(8).map(|word| be_word(word) & mask));
                }
                State::Poseidon(_) => queries.push(self.draw_felt().to_limbs()[0] & mask),
            }
        }
        queries.truncate(count);
        queries
    }

    fn draw_felt(&mut self) -> Fe {
        if let State::Poseidon(digest) = self.state {
            let counter = Fe::from_u64(self.counter);
            self.counter += 1;
            return poseidon_hash(digest, counter);
        }
        loop {
            let block = self.next_block();
            // 31p is the largest multiple of p below 2^256, so a smaller number has an unbiased
            // residue; the residue is read as a Montgomery form.
            if is_below_31p(&block) {
                let raw = Fe::from_bytes_be_reduced(&block).to_limbs();
                return Fe::from_montgomery_limbs(raw).expect("a canonical value is below p");
            }
        }
    }

    /// The next 32 bytes of a Keccak channel.
    fn next_block(&mut self) -> Digest {
        let mut input = [0; 64];
        input[..32].copy_from_slice(&self.grinding_seed());
        input[56..].copy_from_slice(&self.counter.to_be_bytes());
        self.counter += 1;
        keccak256(&input)
    }

    fn absorb_bytes(&mut self, bytes: &[u8]) {
        let mut input = incremented(self.grinding_seed()).to_vec();
        input.extend_from_slice(bytes);
        self.state = State::Keccak(keccak256(&input));
        self.counter = 0;
    }

    fn absorb_felts(&mut self, values: &[Fe]) {
        let digest = Fe::from_bytes_be_reduced(&self.grinding_seed());
        let mut input = vec![digest + Fe::ONE];
        input.extend_from_slice(values);
        self.state = State::Poseidon(poseidon_hash_many(&input));
        self.counter = 0;
    }
}

fn be_word(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| (word << 8) | u64::from(*byte))
}

fn padded_felt(word: &[u8]) -> Fe {
    let mut bytes = [0; 32];
    bytes[32 - word.len()..].copy_from_slice(word);
    Fe::from_bytes_be_reduced(&bytes)
}

/// The digest plus one modulo 2^256, which separates messages from challenges.
fn incremented(mut digest: Digest) -> Digest {
    for byte in digest.iter_mut().rev() {
        let (sum, carry) = byte.overflowing_add(1);
        *byte = sum;
        if !carry {
            break;
        }
    }
    digest
}

fn is_below_31p(block: &Digest) -> bool {
    // 31p = 31 * 2^251 + 527 * 2^192 + 31.
    let words: Vec<u64> = block.chunks_exact(8).map(be_word).collect();
    words[..] < [(31 << 59) + 527, 0, 0, 31][..]
}
