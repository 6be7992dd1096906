//! Parameters of the constraints: values of the statement and of the interaction.

use novation_air::{AirError, Expr, ExprBuilder};
use novation_field::Fe;

use crate::diluted;
use crate::layout::Builtin;
use crate::memory::public_memory_product;
use crate::public_input::PublicInput;

/// Elements drawn between the phases. The last two belong to modular builtins, which are always off,
/// but the transcript draws them all the same.
pub const N_INTERACTION_ELEMENTS: usize = 8;

/// A parameter of the constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// First program counter.
    InitialPc,
    /// Program counter of the last step.
    FinalPc,
    /// First allocation pointer, also the first and last frame pointer.
    InitialAp,
    /// Allocation pointer of the last step.
    FinalAp,
    /// Smallest 16-bit value.
    RangeCheckMin,
    /// Largest 16-bit value.
    RangeCheckMax,
    /// First address of the Pedersen segment.
    InitialPedersen,
    /// First address of the range-check segment.
    InitialRangeCheck,
    /// First address of the ECDSA segment.
    InitialEcdsa,
    /// First address of the bitwise segment.
    InitialBitwise,
    /// First address of the curve-operation segment.
    InitialEcOp,
    /// First address of the Poseidon segment.
    InitialPoseidon,
    /// Point of the memory permutation.
    MemoryZ,
    /// Combines address and value.
    MemoryAlpha,
    /// Point of the range-check permutation.
    RangeCheckZ,
    /// Point of the permutation of diluted values.
    DilutedPermutationZ,
    /// Combines steps of diluted values.
    DilutedZ,
    /// Combines squared steps of diluted values.
    DilutedAlpha,
    /// What the memory permutation must end with, because public cells are zero in the trace.
    PublicMemoryProduct,
    /// What the cumulative value of the diluted check must end with.
    DilutedFinalValue,
}

impl Param {
    /// All parameters in their order.
    pub const ALL: [Self; 20] = [
        Self::InitialPc,
        Self::FinalPc,
        Self::InitialAp,
        Self::FinalAp,
        Self::RangeCheckMin,
        Self::RangeCheckMax,
        Self::InitialPedersen,
        Self::InitialRangeCheck,
        Self::InitialEcdsa,
        Self::InitialBitwise,
        Self::InitialEcOp,
        Self::InitialPoseidon,
        Self::MemoryZ,
        Self::MemoryAlpha,
        Self::RangeCheckZ,
        Self::DilutedPermutationZ,
        Self::DilutedZ,
        Self::DilutedAlpha,
        Self::PublicMemoryProduct,
        Self::DilutedFinalValue,
    ];

    /// The name in descriptions of the AIR.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InitialPc => "initial_pc",
            Self::FinalPc => "final_pc",
            Self::InitialAp => "initial_ap",
            Self::FinalAp => "final_ap",
            Self::RangeCheckMin => "range_check_min",
            Self::RangeCheckMax => "range_check_max",
            Self::InitialPedersen => "initial_pedersen_addr",
            Self::InitialRangeCheck => "initial_range_check_addr",
            Self::InitialEcdsa => "initial_ecdsa_addr",
            Self::InitialBitwise => "initial_bitwise_addr",
            Self::InitialEcOp => "initial_ec_op_addr",
            Self::InitialPoseidon => "initial_poseidon_addr",
            Self::MemoryZ => "memory_z",
            Self::MemoryAlpha => "memory_alpha",
            Self::RangeCheckZ => "range_check16_z",
            Self::DilutedPermutationZ => "diluted_permutation_z",
            Self::DilutedZ => "diluted_z",
            Self::DilutedAlpha => "diluted_alpha",
            Self::PublicMemoryProduct => "public_memory_product",
            Self::DilutedFinalValue => "diluted_final_value",
        }
    }

    /// The parameter in expressions.
    pub(crate) fn expr(self, exprs: &ExprBuilder) -> Expr<'_> {
        exprs.param(self as usize)
    }
}

/// The elements drawn between the phases, by their use.
#[derive(Debug, Clone, Copy)]
pub struct InteractionElements {
    /// Point of the memory permutation.
    pub memory_z: Fe,
    /// Combines address and value.
    pub memory_alpha: Fe,
    /// Point of the range-check permutation.
    pub range_check_z: Fe,
    /// Point of the permutation of diluted values.
    pub diluted_permutation_z: Fe,
    /// Combines steps of diluted values.
    pub diluted_z: Fe,
    /// Combines squared steps of diluted values.
    pub diluted_alpha: Fe,
}

impl InteractionElements {
    /// Names the elements of the transcript.
    ///
    /// # Errors
    /// [`AirError::InteractionCount`] unless there are eight.
    pub fn from_slice(elements: &[Fe]) -> Result<Self, AirError> {
        match *elements {
            [memory_z, memory_alpha, range_check_z, diluted_permutation_z, diluted_z, diluted_alpha, _, _] => {
                Ok(Self {
                    memory_z,
                    memory_alpha,
                    range_check_z,
                    diluted_permutation_z,
                    diluted_z,
                    diluted_alpha,
                })
            }
            _ => Err(AirError::InteractionCount {
                expected: N_INTERACTION_ELEMENTS,
                actual: elements.len(),
            }),
        }
    }
}

/// The values of [`Param::ALL`].
pub(crate) fn param_values(input: &PublicInput, interaction: &[Fe]) -> Result<Vec<Fe>, AirError> {
    let elements = InteractionElements::from_slice(interaction)?;
    let product = public_memory_product(input, &elements)?;
    let (rc_min, rc_max) = input.range_check_bounds();
    let begin = |builtin| Fe::from_u64(input.builtin(builtin).begin_addr);
    let value = |param| match param {
        Param::InitialPc => Fe::from_u64(input.program().begin_addr),
        Param::FinalPc => Fe::from_u64(input.program().stop_ptr),
        Param::InitialAp => Fe::from_u64(input.execution().begin_addr),
        Param::FinalAp => Fe::from_u64(input.execution().stop_ptr),
        Param::RangeCheckMin => Fe::from_u64(u64::from(rc_min)),
        Param::RangeCheckMax => Fe::from_u64(u64::from(rc_max)),
        Param::InitialPedersen => begin(Builtin::Pedersen),
        Param::InitialRangeCheck => begin(Builtin::RangeCheck),
        Param::InitialEcdsa => begin(Builtin::Ecdsa),
        Param::InitialBitwise => begin(Builtin::Bitwise),
        Param::InitialEcOp => begin(Builtin::EcOp),
        Param::InitialPoseidon => begin(Builtin::Poseidon),
        Param::MemoryZ => elements.memory_z,
        Param::MemoryAlpha => elements.memory_alpha,
        Param::RangeCheckZ => elements.range_check_z,
        Param::DilutedPermutationZ => elements.diluted_permutation_z,
        Param::DilutedZ => elements.diluted_z,
        Param::DilutedAlpha => elements.diluted_alpha,
        Param::PublicMemoryProduct => product,
        Param::DilutedFinalValue => {
            diluted::final_cumulative_value(elements.diluted_z, elements.diluted_alpha)
        }
    };
    Ok(Param::ALL.into_iter().map(value).collect())
}
