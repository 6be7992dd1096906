//! Conversions between field elements, integers, bytes and text.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::limbs::{montgomery_reduce, reduce_full, reduce_once, Limbs, P, R2};
use crate::Fe;

/// Text that is not a field element.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseFeError {
    /// The text has no digits, or more than fit in 256 bits.
    #[error("{length} hexadecimal digits, expected 1 to 64")]
    Length {
        /// Number of digits found.
        length: usize,
    },
    /// A character is not a hexadecimal digit.
    #[error("{character:?} is not a hexadecimal digit")]
    Digit {
        /// The offending character.
        character: char,
    },
    /// The number is not below the modulus.
    #[error("the number is not below the field modulus")]
    NotReduced,
}

impl Fe {
    /// The canonical value in little-endian limbs.
    pub const fn to_limbs(self) -> [u64; 4] {
        let [a, b, c, d] = self.0;
        reduce_once(&montgomery_reduce(&[a, b, c, d, 0, 0, 0, 0]), &P)
    }

    /// The element with this canonical value, or `None` if it is not below p.
    pub fn from_limbs(limbs: [u64; 4]) -> Option<Self> {
        (reduce_once(&limbs, &P) == limbs).then(|| Self(limbs).mul_const(Self(R2)))
    }

    /// The residue of any 256-bit number.
    pub const fn from_limbs_reduced(limbs: [u64; 4]) -> Self {
        Self(reduce_full(&limbs)).mul_const(Self(R2))
    }

    /// The canonical value if it fits one word.
    pub fn to_u64(self) -> Option<u64> {
        match self.to_limbs() {
            [value, 0, 0, 0] => Some(value),
            _ => None,
        }
    }

    /// The element whose Montgomery form is these limbs, or `None` if they are not below p.
    pub fn from_montgomery_limbs(limbs: [u64; 4]) -> Option<Self> {
        (reduce_once(&limbs, &P) == limbs).then_some(Self(limbs))
    }

    /// The Montgomery form, `value * 2^256 mod p`, in little-endian limbs.
    pub const fn to_montgomery_limbs(self) -> [u64; 4] {
        self.0
    }

    /// The canonical value in 32 big-endian bytes.
    pub const fn to_bytes_be(self) -> [u8; 32] {
        limbs_to_bytes(&self.to_limbs())
    }

    /// Reads a canonical value in big-endian bytes; `None` if it is not below p.
    pub fn from_bytes_be(bytes: &[u8; 32]) -> Option<Self> {
        Self::from_limbs(bytes_to_limbs(bytes))
    }

    /// The residue of a 256-bit big-endian number.
    pub const fn from_bytes_be_reduced(bytes: &[u8; 32]) -> Self {
        Self::from_limbs_reduced(bytes_to_limbs(bytes))
    }

    /// The Montgomery form in 32 big-endian bytes.
    pub const fn to_montgomery_bytes_be(self) -> [u8; 32] {
        limbs_to_bytes(&self.0)
    }

    /// Reads a Montgomery form in big-endian bytes; `None` if it is not below p.
    pub fn from_montgomery_bytes_be(bytes: &[u8; 32]) -> Option<Self> {
        Self::from_montgomery_limbs(bytes_to_limbs(bytes))
    }

    /// Reads hexadecimal digits of a canonical value, with or without `0x`.
    ///
    /// # Errors
    /// [`ParseFeError`] if the text is not a hexadecimal number below p.
    pub fn from_hex(text: &str) -> Result<Self, ParseFeError> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let length = digits.chars().count();
        if length == 0 || length > 64 {
            return Err(ParseFeError::Length { length });
        }
        let mut limbs = [0u64; 4];
        for (position, character) in digits.chars().rev().enumerate() {
            let digit = character.to_digit(16).ok_or(ParseFeError::Digit { character })?;
            limbs[position / 16] |= u64::from(digit) << (4 * (position % 16));
        }
        Self::from_limbs(limbs).ok_or(ParseFeError::NotReduced)
    }

    /// The canonical value as `0x` and hexadecimal digits without leading zeros.
    pub fn to_hex(self) -> String {
        format!("{self:#x}")
    }
}

const fn limbs_to_bytes(limbs: &Limbs) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 4 {
        let word = limbs[3 - i].to_be_bytes();
        let mut j = 0;
        while j < 8 {
            bytes[8 * i + j] = word[j];
            j += 1;
        }
        i += 1;
    }
    bytes
}

const fn bytes_to_limbs(bytes: &[u8; 32]) -> Limbs {
    let mut limbs = [0; 4];
    let mut i = 0;
    while i < 32 {
        limbs[3 - i / 8] = (limbs[3 - i / 8] << 8) | bytes[i] as u64;
        i += 1;
    }
    limbs
}

impl fmt::LowerHex for Fe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limbs = self.to_limbs();
        let text = format!("{:016x}{:016x}{:016x}{:016x}", limbs[3], limbs[2], limbs[1], limbs[0]);
        let digits = text.trim_start_matches('0');
        f.pad_integral(true, "0x", if digits.is_empty() { "0" } else { digits })
    }
}

impl fmt::Display for Fe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#x}")
    }
}

impl fmt::Debug for Fe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#x}")
    }
}

impl FromStr for Fe {
    type Err = ParseFeError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_hex(text)
    }
}

impl Ord for Fe {
    /// Order of the canonical values.
    fn cmp(&self, other: &Self) -> Ordering {
        self.to_limbs().iter().rev().cmp(other.to_limbs().iter().rev())
    }
}

impl PartialOrd for Fe {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

macro_rules! from_unsigned {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Fe {
            fn from(value: $integer) -> Self {
                Self::from_u64(u64::from(value))
            }
        }
    )*};
}

from_unsigned!(bool, u8, u16, u32, u64);

impl From<i64> for Fe {
    fn from(value: i64) -> Self {
        Self::from_i64(value)
    }
}

impl From<u128> for Fe {
    fn from(value: u128) -> Self {
        Self::from_u128(value)
    }
}
