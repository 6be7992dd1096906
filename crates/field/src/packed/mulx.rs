//! Products of 64-bit words by `mulx` with two chains of carries, for processors with BMI2 and ADX.
#![allow(unsafe_code)] // Assembly.

use core::arch::asm;

use super::scalar::{Multiplier, Single};
use super::Task;
use crate::limbs::{Limbs, P3};

/// Adds a word of `a` times `b` to four words; the fifth begins at zero and lacks the carry of the
/// low words, which the flag holds. Low words go by one chain of carries, high words by the other.
macro_rules! row {
    ($word:literal, $t0:literal, $t1:literal, $t2:literal, $t3:literal, $t4:literal,
     $low:tt, $high:literal) => {
        concat!(
            "mov rdx, ",
            $word,
            "\n",
            "xor ",
            $t4,
            "d, ",
            $t4,
            "d\n",
            row!("[{b}]", $t0, $t1, $low, $high),
            row!("[{b} + 8]", $t1, $t2, $low, $high),
            row!("[{b} + 16]", $t2, $t3, $low, $high),
            row!("[{b} + 24]", $t3, $t4, $low, $high),
        )
    };
    ($word:literal, $t0:tt, $t1:tt, $low:tt, $high:tt) => {
        concat!(
            "mulx ", $high, ", ", $low, ", ", $word, "\n", "adcx ", $t0, ", ", $low, "\n", "adox ",
            $t1, ", ", $high, "\n",
        )
    };
}

/// Whether this processor has the instructions.
#[inline]
pub(super) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("bmi2") && std::arch::is_x86_feature_detected!("adx")
}

/// Runs a task in a function compiled for the instructions.
#[inline]
pub(super) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available(), "the processor has no BMI2 and ADX");
    // SAFETY: the processor has the features.
    unsafe { run_compiled(task) }
}

#[target_feature(enable = "bmi2,adx")]
fn run_compiled<T: Task>(task: T) -> T::Output {
    task.run::<Single<Mulx>>()
}

/// SAFETY (of the block below): only [`run_compiled`] uses this multiplier, so the processor has the
/// instructions.
#[derive(Clone, Copy)]
pub(super) struct Mulx;

impl Multiplier for Mulx {
    /// Adds p * 2^256 to the product, which costs nothing among the carries, and subtracts p times
    /// the four digits, each below 2^64. So the result is positive without a mask: below 2p.
    ///
    /// The lowest three words are the digits of the reduction themselves, because 1/p is 1 modulo
    /// 2^192; their products with the top word of p are ready before the last row is added.
    #[inline(always)]
    fn mul(a: &Limbs, b: &Limbs) -> Limbs {
        let (r0, r1, r2, r3): (u64, u64, u64, u64);
        // SAFETY: see `Mulx`; four words are read at each pointer, and nothing is written.
        unsafe {
            asm!(
                // Row 0 in r8 .. r12, and the 1 of p.
                "mov rdx, [{a}]",
                "mulx r9, r8, [{b}]",
                "mulx r10, rax, [{b} + 8]",
                "add r9, rax",
                "mulx r11, rax, [{b} + 16]",
                "adc r10, rax",
                "mulx r12, rax, [{b} + 24]",
                "adc r11, rax",
                "adc r12, 1",
                row!("[{a} + 8]", "r9", "r10", "r11", "r12", "r13", "rax", "rcx"),
                "adc r13, 0",
                row!("[{a} + 16]", "r10", "r11", "r12", "r13", "r14", "rax", "rcx"),
                "adc r14, 0",
                // Three digits times the top word of p, in r8, rcx, rax, r9.
                "mov rdx, {p3}",
                "mulx rcx, r8, r8",
                "mulx rax, r9, r9",
                "add rcx, r9",
                "mulx r9, r10, r10",
                "adc rax, r10",
                "adc r9, 0",
                // Row 3, and the top word of p.
                row!("[{a} + 24]", "r11", "r12", "r13", "r14", "r15", "{a}", "r10"),
                "adc r15, {p3}",
                // Subtract the three digits; what is left of word 3 is the last one.
                "sub r11, r8",
                "sbb r12, rcx",
                "sbb r13, rax",
                "sbb r14, r9",
                "sbb r15, 0",
                "mov rdx, r11",
                "mulx rcx, rax, {p3}",
                "sub r14, rax",
                "sbb r15, rcx",
                a = inout(reg) a.as_ptr() => _,
                b = in(reg) b.as_ptr(),
                p3 = in(reg) P3,
                out("rax") _, out("rcx") _, out("rdx") _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                out("r12") r0, out("r13") r1, out("r14") r2, out("r15") r3,
                options(readonly, nostack, pure),
            );
        }
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn square(a: &Limbs) -> Limbs {
        Self::mul(a, a)
    }
}
