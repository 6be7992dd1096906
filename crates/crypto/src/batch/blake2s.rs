//! Blake2s with 32 bytes of output in lanes (RFC 7693).

const BLOCK: usize = 64;

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

type Words<const LANES: usize, const N: usize> = [[u32; LANES]; N];

#[inline(always)]
fn map2<const L: usize>(a: [u32; L], b: [u32; L], f: impl Fn(u32, u32) -> u32) -> [u32; L] {
    core::array::from_fn(|lane| f(a[lane], b[lane]))
}

#[inline(always)]
fn mix<const L: usize>(v: &mut Words<L, 16>, group: [usize; 4], words: [[u32; L]; 2]) {
    let [a, b, c, d] = group;
    for (word, [right_d, right_b]) in words.into_iter().zip([[16, 12], [8, 7]]) {
        v[a] = map2(map2(v[a], v[b], u32::wrapping_add), word, u32::wrapping_add);
        v[d] = map2(v[d], v[a], |d, a| (d ^ a).rotate_right(right_d));
        v[c] = map2(v[c], v[d], u32::wrapping_add);
        v[b] = map2(v[b], v[c], |b, c| (b ^ c).rotate_right(right_b));
    }
}

#[inline(always)]
fn compress<const L: usize>(
    h: &mut Words<L, 8>,
    block: &Words<L, 16>,
    counter: [u32; 2],
    last: bool,
) {
    let mut v: Words<L, 16> = core::array::from_fn(|i| if i < 8 { h[i] } else { [IV[i - 8]; L] });
    v[12] = v[12].map(|word| word ^ counter[0]);
    v[13] = v[13].map(|word| word ^ counter[1]);
    if last {
        v[14] = v[14].map(|word| !word);
    }
    for sigma in SIGMA {
        for (index, group) in GROUPS.into_iter().enumerate() {
            mix(&mut v, group, [block[sigma[2 * index]], block[sigma[2 * index + 1]]]);
        }
    }
    for i in 0..8 {
        h[i] = map2(map2(h[i], v[i], |a, b| a ^ b), v[i + 8], |a, b| a ^ b);
    }
}

/// The two halves of a byte count.
fn split(count: usize) -> [u32; 2] {
    let bytes = (count as u64).to_le_bytes();
    let (halves, _) = bytes.as_chunks::<4>();
    [u32::from_le_bytes(halves[0]), u32::from_le_bytes(halves[1])]
}

#[inline(always)]
fn hash<const L: usize>(messages: &[u8], length: usize, digests: &mut [[u8; 32]; L]) {
    let mut h: Words<L, 8> = IV.map(|word| [word; L]);
    h[0] = h[0].map(|word| word ^ PARAMETERS);
    let n_blocks = length.div_ceil(BLOCK);
    for block in 0..n_blocks {
        let start = block * BLOCK;
        let end = length.min(start + BLOCK);
        let mut words: Words<L, 16> = [[0; L]; 16];
        for lane in 0..L {
            let mut bytes = [0; BLOCK];
            bytes[..end - start].copy_from_slice(&messages[lane * length..][start..end]);
            let (chunks, _) = bytes.as_chunks::<4>();
            for (word, chunk) in words.iter_mut().zip(chunks) {
                word[lane] = u32::from_le_bytes(*chunk);
            }
        }
        compress(&mut h, &words, split(end), block + 1 == n_blocks);
    }
    for (lane, digest) in digests.iter_mut().enumerate() {
        for (word, bytes) in h.iter().zip(digest.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&word[lane].to_le_bytes());
        }
    }
}

/// Sixteen messages, one per lane of a 512-bit register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
pub(super) fn hash_avx512(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 16]) {
    hash(messages, length, digests);
}

/// Eight messages, one per lane of a 256-bit register.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
pub(super) fn hash_avx2(messages: &[u8], length: usize, digests: &mut [[u8; 32]; 8]) {
    hash(messages, length, digests);
}
