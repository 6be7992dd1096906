//! Blake2s with 32 bytes of output in lanes (RFC 7693).

use super::vector::Vector32;

const BLOCK: usize = 64;
/// Messages hashed at once at most.
const MAX_LANES: usize = 16;

const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Parameter block: no key, fanout and depth 1, 32 bytes of output.
const PARAMETERS: u32 = 0x0101_0020;

const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Columns and diagonals of the state.
const GROUPS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

#[inline(always)]
fn mix<V: Vector32>(v: &mut [V; 16], group: [usize; 4], words: [V; 2]) {
    let [a, b, c, d] = group;
    v[a] = v[a].add(v[b]).add(words[0]);
    v[d] = v[d].xor(v[a]).rotate_right::<16>();
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).rotate_right::<12>();
    v[a] = v[a].add(v[b]).add(words[1]);
    v[d] = v[d].xor(v[a]).rotate_right::<8>();
    v[c] = v[c].add(v[d]);
    v[b] = v[b].xor(v[c]).rotate_right::<7>();
}

#[inline(always)]
fn compress<V: Vector32>(h: &mut [V; 8], block: &[V; 16], counter: [u32; 2], last: bool) {
    let mut v = [V::splat(0); 16];
    for i in 0..8 {
        v[i] = h[i];
        v[i + 8] = V::splat(IV[i]);
    }
    v[12] = V::splat(IV[4] ^ counter[0]);
    v[13] = V::splat(IV[5] ^ counter[1]);
    if last {
        v[14] = V::splat(!IV[6]);
    }
    for sigma in &SIGMA {
        for (index, group) in GROUPS.iter().enumerate() {
            mix(&mut v, *group, [block[sigma[2 * index]], block[sigma[2 * index + 1]]]);
        }
    }
    for i in 0..8 {
        h[i] = h[i].xor(v[i]).xor(v[i + 8]);
    }
}

/// The two halves of a byte count.
fn split(count: usize) -> [u32; 2] {
    let bytes = (count as u64).to_le_bytes();
    let (halves, _) = bytes.as_chunks::<4>();
    [u32::from_le_bytes(halves[0]), u32::from_le_bytes(halves[1])]
}

#[inline(always)]
fn hash<V: Vector32>(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    let mut h = [V::splat(0); 8];
    for (h, word) in h.iter_mut().zip(IV) {
        *h = V::splat(word);
    }
    h[0] = V::splat(IV[0] ^ PARAMETERS);
    let mut start = 0;
    while length - start > BLOCK {
        let words = V::load_words(&messages[start..], length);
        start += BLOCK;
        compress(&mut h, &words, split(start), false);
    }
    let words = if length - start == BLOCK {
        V::load_words(&messages[start..], length)
    } else {
        let mut padded = [0; MAX_LANES * BLOCK];
        for (lane, padded) in padded.chunks_exact_mut(BLOCK).enumerate().take(V::LANES) {
            padded[..length - start].copy_from_slice(&messages[lane * length..][start..length]);
        }
        V::load_words(&padded, BLOCK)
    };
    compress(&mut h, &words, split(length), true);
    for (word, vector) in h.iter().enumerate() {
        let values = vector.store();
        for (digest, value) in digests.iter_mut().zip(values.as_ref()) {
            digest[4 * word..4 * word + 4].copy_from_slice(&value.to_le_bytes());
        }
    }
}

/// Sixteen messages, one per lane of a 512-bit register.
#[target_feature(enable = "avx512f")]
pub(super) fn hash_avx512(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 16]) {
    hash::<super::vector::Halves512>(messages, length, digests);
}

/// Eight messages, one per lane of a 256-bit register.
#[target_feature(enable = "avx2")]
pub(super) fn hash_avx2(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 8]) {
    hash::<super::vector::Halves256>(messages, length, digests);
}
