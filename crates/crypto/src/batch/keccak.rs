//! Keccak-256 in lanes (FIPS 202 with the padding of the original submission).

use super::vector::Vector;

/// Bytes absorbed by one permutation.
const RATE: usize = 136;

const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

type State<V> = [V; 25];

#[inline(always)]
fn permute<V: Vector>(state: &mut State<V>) {
    for constant in ROUND_CONSTANTS {
        theta(state);
        rho_pi(state);
        chi(state);
        state[0] = state[0].xor(V::splat(constant));
    }
}

#[inline(always)]
fn theta<V: Vector>(s: &mut State<V>) {
    let mut parity = [s[0]; 5];
    for x in 0..5 {
        parity[x] = s[x].xor3(s[x + 5], s[x + 10]).xor3(s[x + 15], s[x + 20]);
    }
    for x in 0..5 {
        let effect = parity[(x + 4) % 5].xor(parity[(x + 1) % 5].rotate::<1>());
        for y in 0..5 {
            s[x + 5 * y] = s[x + 5 * y].xor(effect);
        }
    }
}

/// Rotates each word and moves it along the single cycle of pi, which starts at word 1.
#[inline(always)]
fn rho_pi<V: Vector>(s: &mut State<V>) {
    let mut moved = s[1];
    macro_rules! steps {
        ($($target:literal $rotation:literal)*) => {$(
            let next = s[$target];
            s[$target] = moved.rotate::<$rotation>();
            moved = next;
        )*};
    }
    steps! {
        10 1 7 3 11 6 17 10 18 15 3 21 5 28 16 36 8 45 21 55 24 2 4 14
        15 27 23 41 19 56 13 8 12 25 2 43 20 62 14 18 22 39 9 61 6 20 1 44
    }
    let _ = moved;
}

#[inline(always)]
fn chi<V: Vector>(s: &mut State<V>) {
    for y in 0..5 {
        let row = [s[5 * y], s[5 * y + 1], s[5 * y + 2], s[5 * y + 3], s[5 * y + 4]];
        for x in 0..5 {
            s[x + 5 * y] = row[x].xor_not_and(row[(x + 1) % 5], row[(x + 2) % 5]);
        }
    }
}

/// Adds words of the messages, which begin `stride` bytes after each other: as many as the absorbed
/// part of the message or the rate has.
#[inline(always)]
fn absorb_words<V: Vector>(state: &mut State<V>, messages: &[u8], stride: usize, n_words: usize) {
    let mut word = 0;
    while word + 8 <= n_words {
        let words = V::load_words(&messages[8 * word..], stride);
        for (state, word) in state[word..word + 8].iter_mut().zip(words) {
            *state = state.xor(word);
        }
        word += 8;
    }
    while word < n_words {
        let mut lanes = V::Words::default();
        for (lane, value) in lanes.as_mut().iter_mut().enumerate() {
            *value = le_word(&messages[lane * stride + 8 * word..][..8]);
        }
        state[word] = state[word].xor(V::load(&lanes));
        word += 1;
    }
}

#[inline(always)]
fn hash<V: Vector>(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    let mut state: State<V> = [V::splat(0); 25];
    let mut start = 0;
    while length - start >= RATE {
        absorb_words(&mut state, &messages[start..], length, RATE / 8);
        permute(&mut state);
        start += RATE;
    }
    let n_words = (length - start) / 8;
    absorb_words(&mut state, &messages[start..], length, n_words);
    let last = last_word::<V>(messages, length, start + 8 * n_words);
    state[n_words] = state[n_words].xor(last);
    state[RATE / 8 - 1] = state[RATE / 8 - 1].xor(V::splat(1 << 63));
    permute(&mut state);
    for (word, vector) in state[..4].iter().enumerate() {
        let values = vector.store();
        for (digest, value) in digests.iter_mut().zip(values.as_ref()) {
            digest[8 * word..8 * word + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// The bytes from `tail` on, fewer than a word, and a one after them.
#[inline(always)]
fn last_word<V: Vector>(messages: &[u8], length: usize, tail: usize) -> V {
    if length == tail {
        return V::splat(1);
    }
    let mut lanes = V::Words::default();
    for (lane, value) in lanes.as_mut().iter_mut().enumerate() {
        let mut bytes = [0; 8];
        bytes[..length - tail].copy_from_slice(&messages[lane * length..][tail..length]);
        bytes[length - tail] = 1;
        *value = u64::from_le_bytes(bytes);
    }
    V::load(&lanes)
}

#[inline(always)]
fn le_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// Eight messages, one per lane of a 512-bit register.
#[target_feature(enable = "avx512f")]
pub(super) fn hash_avx512(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 8]) {
    hash::<super::vector::Words512>(messages, length, digests);
}

/// Four messages, one per lane of a 256-bit register.
#[target_feature(enable = "avx2")]
pub(super) fn hash_avx2(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 4]) {
    hash::<super::vector::Words256>(messages, length, digests);
}
