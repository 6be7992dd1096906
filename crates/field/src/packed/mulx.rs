//! Products of 64-bit words by `mulx` with two chains of carries, for processors with BMI2 and ADX.
#![allow(unsafe_code)] // Assembly.

use core::arch::asm;

use super::scalar::{Multiplier, Single};
use super::Task;
use crate::limbs::{Limbs, P3};

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
                // Row 1: low words by one chain, high words by the other.
                "mov rdx, [{a} + 8]",
                "xor r13d, r13d",
                "mulx rcx, rax, [{b}]",
                "adcx r9, rax",
                "adox r10, rcx",
                "mulx rcx, rax, [{b} + 8]",
                "adcx r10, rax",
                "adox r11, rcx",
                "mulx rcx, rax, [{b} + 16]",
                "adcx r11, rax",
                "adox r12, rcx",
                "mulx rcx, rax, [{b} + 24]",
                "adcx r12, rax",
                "adox r13, rcx",
                "adc r13, 0",
                // Row 2.
                "mov rdx, [{a} + 16]",
                "xor r14d, r14d",
                "mulx rcx, rax, [{b}]",
                "adcx r10, rax",
                "adox r11, rcx",
                "mulx rcx, rax, [{b} + 8]",
                "adcx r11, rax",
                "adox r12, rcx",
                "mulx rcx, rax, [{b} + 16]",
                "adcx r12, rax",
                "adox r13, rcx",
                "mulx rcx, rax, [{b} + 24]",
                "adcx r13, rax",
                "adox r14, rcx",
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
                "mov rdx, [{a} + 24]",
                "xor r15d, r15d",
                "mulx r10, {a}, [{b}]",
                "adcx r11, {a}",
                "adox r12, r10",
                "mulx r10, {a}, [{b} + 8]",
                "adcx r12, {a}",
                "adox r13, r10",
                "mulx r10, {a}, [{b} + 16]",
                "adcx r13, {a}",
                "adox r14, r10",
                "mulx r10, {a}, [{b} + 24]",
                "adcx r14, {a}",
                "adox r15, r10",
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
