//! The product of the public memory.

use novation_air::AirError;
use novation_field::Fe;

use crate::public_input::PublicInput;
use crate::statement::InteractionElements;

/// `z^S / prod(z - (address + alpha * value))` over the S public cells, padding included: what the
/// permutation lacks because public cells are zero in the trace.
pub(crate) fn public_memory_product(
    input: &PublicInput,
    elements: &InteractionElements,
) -> Result<Fe, AirError> {
    let InteractionElements { memory_z: z, memory_alpha: alpha, .. } = *elements;
    let cells = input.public_memory();
    let factors = cells.iter().map(|cell| z - (Fe::from_u64(cell.address) + alpha * cell.value));
    let padding = factors.clone().next().unwrap_or(Fe::ONE);
    let capacity = input.public_memory_capacity();
    let denominator = factors.product::<Fe>() * padding.pow(capacity - cells.len() as u64);
    let inverse =
        denominator.inverse().ok_or(AirError::UndefinedParam { param: "public_memory_product" })?;
    Ok(z.pow(capacity) * inverse)
}
