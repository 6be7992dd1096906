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
    let parity: [V; 5] =
        core::array::from_fn(|x| s[x].xor(s[x + 5]).xor(s[x + 10]).xor(s[x + 15]).xor(s[x + 20]));
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
        let row: [V; 5] = core::array::from_fn(|x| s[x + 5 * y]);
        for x in 0..5 {
            s[x + 5 * y] = row[x].xor(row[(x + 1) % 5].not_and(row[(x + 2) % 5]));
        }
    }
}

#[inline(always)]
fn absorb<V: Vector>(state: &mut State<V>, block: impl Fn(usize) -> [u64; RATE / 8]) {
    let mut words: [V::Words; RATE / 8] = core::array::from_fn(|_| V::Words::default());
    for lane in 0..words[0].as_ref().len() {
        for (word, value) in words.iter_mut().zip(block(lane)) {
            word.as_mut()[lane] = value;
        }
    }
    for (word, value) in state.iter_mut().zip(&words) {
        *word = word.xor(V::load(value));
    }
    permute(state);
}

#[inline(always)]
fn hash<V: Vector>(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    let mut state: State<V> = [V::splat(0); 25];
    let message = |lane: usize| &messages[lane * length..(lane + 1) * length];
    let whole_blocks = length / RATE;
    for block in 0..whole_blocks {
        absorb(&mut state, |lane| le_words(&message(lane)[block * RATE..][..RATE]));
    }
    absorb(&mut state, |lane| {
        let rest = &message(lane)[whole_blocks * RATE..];
        let mut last = [0; RATE];
        last[..rest.len()].copy_from_slice(rest);
        last[rest.len()] = 1;
        last[RATE - 1] |= 0x80;
        le_words(&last)
    });
    for (word, vector) in state[..4].iter().enumerate() {
        for (digest, value) in digests.iter_mut().zip(vector.store().as_ref()) {
            digest[8 * word..8 * word + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
}

#[inline(always)]
fn le_words(block: &[u8]) -> [u64; RATE / 8] {
    let (chunks, _) = block.as_chunks::<8>();
    core::array::from_fn(|word| u64::from_le_bytes(chunks[word]))
}

/// Eight messages, one per lane of a 512-bit register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
pub(super) fn hash_avx512(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 8]) {
    hash::<super::vector::Words512>(messages, length, digests);
}

/// Four messages, one per lane of a 256-bit register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub(super) fn hash_avx2(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 4]) {
    hash::<super::vector::Words256>(messages, length, digests);
}
