//! Fast verification for keys that have shown that someone signs with them.
//!
//! The answers are those of [`ecdsa::verify`], and only it speaks about a key that is not known
//! yet. After [`PROOFS_OF_POSSESSION`] messages a key is known: a table of its multiples is made, and
//! its signatures are checked by the equation alone, many at once. The equation does not see where the builtin
//! would meet an exceptional addition; `docs/decisions/0014` says why only a key that was made for
//! its message can lead there, and that such a key has at most two messages.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use novation_field::{batch_inverse, Fe};

use crate::curve::{normalise, Affine};
use crate::ecdsa::{self, fits, Signature};
use crate::scalar::{invert_all, is_below_order, Scalar};
use crate::windows::{multiply_once, WindowTable, GENERATOR_TABLE};

/// Valid signatures of different messages after which a key is known; two would be too few.
pub const PROOFS_OF_POSSESSION: usize = 4;
/// Claims that share their inversions. More do not fit the first-level cache.
pub const GROUP_SIZE: usize = 64;
/// 64 windows of eight points: 32 KiB a key.
const WINDOW_BITS: usize = 4;
const KEYS_PER_TABLE: NonZeroUsize = NonZeroUsize::new(64).expect("not zero");

/// That a signature of a message hash was made with the key of this abscissa.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The abscissa of the public key.
    pub public_key: Fe,
    /// What was signed.
    pub message_hash: Fe,
    /// The signature.
    pub signature: Signature,
}

impl Claim {
    /// [`ecdsa::verify`], with a quick no where the textbook equation does not hold: whoever sends
    /// invalid signatures makes nobody follow the builtin's sums.
    pub fn is_provable(&self) -> bool {
        self.fulfils_equation() != Some(false)
            && ecdsa::verify(self.public_key, self.message_hash, &self.signature)
    }

    fn fulfils_equation(&self) -> Option<bool> {
        let inverse = Scalar::from_limbs(&self.signature.s).inverse();
        let Some([of_generator, of_key]) = multipliers(self, inverse) else { return Some(false) };
        let Some(key) = Affine::from_x(self.public_key) else { return Some(false) };
        // Finite: neither multiplier is zero.
        let products = [GENERATOR_TABLE.multiply(&of_generator), multiply_once(key, &of_key)];
        let points = normalise(&products);
        is_sum_or_difference(&points[0], &points[1], self.signature.r)
    }
}

/// The keys that are known, tables of those that signed lately, and the messages of candidates.
pub struct KnownKeys {
    keys: Mutex<Keys>,
}

struct Keys {
    tables: LruCache<[u64; 4], Arc<WindowTable>>,
    known: LruCache<[u64; 4], ()>,
    candidates: LruCache<[u64; 4], Vec<Fe>>,
}

impl KnownKeys {
    /// Keep at most so many tables, and 64 times as many keys without one.
    pub fn new(max_tables: NonZeroUsize) -> Self {
        let n_keys = max_tables.saturating_mul(KEYS_PER_TABLE);
        let keys = Keys {
            tables: LruCache::new(max_tables),
            known: LruCache::new(n_keys),
            candidates: LruCache::new(n_keys),
        };
        Self { keys: Mutex::new(keys) }
    }

    /// [`ecdsa::verify`] of every claim; groups of [`GROUP_SIZE`] are the fastest.
    pub fn verify_many(&self, claims: &[Claim]) -> Vec<bool> {
        let tables: Vec<_> = claims.iter().map(|claim| self.table(claim.public_key)).collect();
        let verdicts = check_equations(claims, &tables);
        let decide = |(claim, verdict): (&Claim, Option<bool>)| match verdict {
            Some(is_valid) => is_valid,
            None => self.verify_exactly(claim),
        };
        claims.iter().zip(verdicts).map(decide).collect()
    }

    /// The table of a known key, made again if it was dropped; that costs less than an exact check.
    fn table(&self, public_key: Fe) -> Option<Arc<WindowTable>> {
        let key = public_key.to_limbs();
        let mut keys = self.lock();
        if let Some(table) = keys.tables.get(&key) {
            return Some(Arc::clone(table));
        }
        keys.known.get(&key)?;
        drop(keys);
        let table = Arc::new(WindowTable::new(Affine::from_x(public_key)?, WINDOW_BITS));
        self.lock().tables.put(key, Arc::clone(&table));
        Some(table)
    }

    fn verify_exactly(&self, claim: &Claim) -> bool {
        let is_provable = claim.is_provable();
        if is_provable {
            self.note_message(claim);
        }
        is_provable
    }

    /// Counts a message that the key has signed provably.
    fn note_message(&self, claim: &Claim) {
        let mut keys = self.lock();
        let key = claim.public_key.to_limbs();
        if keys.known.contains(&key) {
            return;
        }
        let messages = keys.candidates.get_or_insert_mut(key, Vec::new);
        if !messages.contains(&claim.message_hash) {
            messages.push(claim.message_hash);
        }
        if messages.len() >= PROOFS_OF_POSSESSION {
            keys.candidates.pop(&key);
            keys.known.put(key, ());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        // A panic of another thread left the caches whole: each change is one call.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For claims with a table: whether r is the abscissa of `z / s * G + r / s * Q` for one of the two
/// points Q of the key. `None` without a table, and if two points to be added share an abscissa.
fn check_equations(claims: &[Claim], tables: &[Option<Arc<WindowTable>>]) -> Vec<Option<bool>> {
    let mut inverses: Vec<Scalar> =
        claims.iter().map(|claim| Scalar::from_limbs(&claim.signature.s)).collect();
    invert_all(&mut inverses);
    let mut verdicts = Vec::with_capacity(claims.len());
    let mut equations = Vec::with_capacity(claims.len());
    let mut sums = Vec::with_capacity(2 * claims.len());
    for (index, (claim, table)) in claims.iter().zip(tables).enumerate() {
        let Some(table) = table else {
            verdicts.push(None);
            continue;
        };
        verdicts.push(Some(false));
        if let Some([of_generator, of_key]) = multipliers(claim, inverses[index]) {
            equations.push(index);
            sums.push(GENERATOR_TABLE.summands(&of_generator).collect());
            sums.push(table.summands(&of_key).collect());
        }
    }
    add_up(&mut sums);
    for (index, points) in equations.into_iter().zip(sums.chunks_exact(2)) {
        verdicts[index] = match (&points[0][..], &points[1][..]) {
            ([a], [b]) => is_sum_or_difference(a, b, claims[index].signature.r),
            _ => None,
        };
    }
    verdicts
}

/// `z / s` and `r / s`, or `None` if a number is outside the builtin's range.
fn multipliers(claim: &Claim, inverse: Scalar) -> Option<[[u64; 4]; 2]> {
    let Signature { r, s } = &claim.signature;
    let (r, z, w) = (r.to_limbs(), claim.message_hash.to_limbs(), inverse.to_limbs());
    let is_in_range = is_below_order(s) && [&r, &z, &w].iter().all(|n| fits(n) && **n != [0; 4]);
    let times_inverse = |number| inverse.times(Scalar::from_limbs(number)).to_limbs();
    is_in_range.then(|| [times_inverse(&z), times_inverse(&r)])
}

/// Whether r is the abscissa of `a + b` or `a - b`: `((b.y -+ a.y) / (b.x - a.x))^2 - a.x - b.x`.
fn is_sum_or_difference(a: &Affine, b: &Affine, r: Fe) -> Option<bool> {
    let run = (b.x - a.x).square();
    if run.is_zero() {
        return None;
    }
    let expected = (r + a.x + b.x) * run;
    Some((b.y - a.y).square() == expected || (b.y + a.y).square() == expected)
}

/// Replaces each list of points by its sum, and by nothing if two points that were to be added
/// have the same abscissa. All additions of a round share one inversion.
fn add_up(lists: &mut [Vec<Affine>]) {
    let mut runs = Vec::new();
    loop {
        runs.clear();
        for list in lists.iter() {
            runs.extend(list.chunks_exact(2).map(|pair| pair[1].x - pair[0].x));
        }
        if runs.is_empty() {
            return;
        }
        batch_inverse(&mut runs);
        let mut inverses = runs.iter();
        for list in lists.iter_mut() {
            let n_pairs = list.len() / 2;
            let inverses: &[Fe] = {
                let (mine, others) = inverses.as_slice().split_at(n_pairs);
                inverses = others.iter();
                mine
            };
            halve(list, inverses);
        }
    }
}

/// Adds neighbours, given the inverse of each pair's difference of abscissas, zero if they agree.
fn halve(list: &mut Vec<Affine>, inverse_runs: &[Fe]) {
    if inverse_runs.iter().any(Fe::is_zero) {
        list.clear();
        return;
    }
    for (i, inverse_run) in inverse_runs.iter().enumerate() {
        let (a, b) = (list[2 * i], list[2 * i + 1]);
        let slope = (b.y - a.y) * *inverse_run;
        let x = slope.square() - a.x - b.x;
        list[i] = Affine { x, y: slope * (a.x - x) - a.y };
    }
    if list.len() % 2 == 1 {
        list[inverse_runs.len()] = list[list.len() - 1];
    }
    list.truncate(list.len().div_ceil(2));
}

#[cfg(test)]
mod tests;
