//! Which instructions field arithmetic and hashes of many values use.
//!
//! The processor is asked once, so that one build serves every machine. `NOVATION_KERNEL` names
//! another choice, for tests and measurements: then everything runs as on a processor that has no
//! more than that. Every kernel gives the same results.

use std::sync::OnceLock;

use thiserror::Error;

use crate::packed;

/// The environment variable that names a kernel.
pub const VARIABLE: &str = "NOVATION_KERNEL";

/// A way to multiply field elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// Eight elements in 52-bit limbs, with AVX-512 IFMA.
    Avx512Ifma,
    /// The same with AVX-IFMA, in two registers.
    AvxIfma,
    /// Eight elements in limbs of double precision, with AVX2 and FMA.
    Avx2,
    /// The same with NEON.
    Neon,
    /// One element in 64-bit words, with BMI2 and ADX.
    Mulx,
    /// One element in 64-bit words, on every processor.
    Scalar,
}

/// A name that is no kernel, or that of a kernel this processor cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{VARIABLE} is {name:?}: not a kernel that this processor can run, which are {}",
    names(&Kernel::available())
)]
pub struct KernelError {
    name: String,
}

impl Kernel {
    /// All kernels, the fastest first.
    pub const ALL: [Self; 6] =
        [Self::Avx512Ifma, Self::AvxIfma, Self::Avx2, Self::Neon, Self::Mulx, Self::Scalar];

    /// The name that [`VARIABLE`] takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512Ifma => "avx512ifma",
            Self::AvxIfma => "avxifma",
            Self::Avx2 => "avx2",
            Self::Neon => "neon",
            Self::Mulx => "mulx",
            Self::Scalar => "scalar",
        }
    }

    /// Whether this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Avx512Ifma => packed::has_avx512_ifma(),
            Self::AvxIfma => packed::has_avx_ifma(),
            Self::Avx2 => packed::has_avx2(),
            Self::Neon => cfg!(target_arch = "aarch64"),
            Self::Mulx => packed::has_mulx(),
            Self::Scalar => true,
        }
    }

    /// The kernels that this processor can run, the fastest first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.is_available()).collect()
    }

    /// The kernel in use: the one that [`VARIABLE`] names, else the fastest. It is found once.
    ///
    /// Whoever begins long work asks here first and reports the error.
    ///
    /// # Errors
    /// [`KernelError`] if the variable names no kernel that this processor can run.
    pub fn chosen() -> Result<Self, KernelError> {
        choice().clone().map(|choice| choice.kernel)
    }

    /// The kernel in use, where a choice that cannot be had was reported before.
    ///
    /// # Panics
    /// If it was not: nothing runs with another kernel than the one asked for.
    #[inline]
    pub fn current() -> Self {
        match choice() {
            Ok(choice) => choice.kernel,
            Err(error) => panic!("{error}"),
        }
    }

    /// Whether [`VARIABLE`] names the kernel: then hashes keep to its instructions.
    pub fn is_forced() -> bool {
        choice().as_ref().is_ok_and(|choice| choice.forced)
    }

    /// The kernel of a name, or the fastest.
    fn choose(name: Option<&str>) -> Result<Choice, KernelError> {
        let available = Self::available();
        let Some(name) = name else {
            return Ok(Choice { kernel: available[0], forced: false });
        };
        let named = available.into_iter().find(|kernel| kernel.name() == name);
        let kernel = named.ok_or_else(|| KernelError { name: name.to_owned() })?;
        Ok(Choice { kernel, forced: true })
    }
}

#[derive(Clone)]
struct Choice {
    kernel: Kernel,
    forced: bool,
}

fn choice() -> &'static Result<Choice, KernelError> {
    static CHOICE: OnceLock<Result<Choice, KernelError>> = OnceLock::new();
    CHOICE.get_or_init(|| {
        let name = std::env::var_os(VARIABLE).map(|name| name.to_string_lossy().into_owned());
        Kernel::choose(name.as_deref())
    })
}

/// Names one after another.
fn names(kernels: &[Kernel]) -> String {
    kernels.iter().map(|kernel| kernel.name()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_kernel_without_a_name_is_the_fastest_and_names_are_taken_at_their_word() {
        let available = Kernel::available();
        assert_eq!(Kernel::choose(None).map(|choice| choice.kernel), Ok(available[0]));
        for kernel in available {
            assert_eq!(Kernel::choose(Some(kernel.name())).map(|choice| choice.kernel), Ok(kernel));
        }
    }

    #[test]
    fn test_unknown_and_unavailable_kernels_are_refused_by_name() {
        let unavailable = Kernel::ALL.into_iter().filter(|kernel| !kernel.is_available());
        let names = unavailable.map(Kernel::name).chain(["", "AVX2", "avx2 ", "sse"]);
        for name in names {
            let Err(error) = Kernel::choose(Some(name)) else { panic!("{name:?} was taken") };
            let text = error.to_string();
            assert!(text.contains(&format!("NOVATION_KERNEL is {name:?}")), "{text}");
            assert!(text.ends_with("scalar"), "{text}");
        }
    }
}
