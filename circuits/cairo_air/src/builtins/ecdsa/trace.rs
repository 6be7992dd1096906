//! Cells of the ECDSA builtin.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use novation_air::Periodic;
use novation_crypto::curve::{GENERATOR, GENERATOR_DOUBLINGS, SHIFT_POINT};
use novation_crypto::ecdsa::ELEMENT_BITS;
use novation_field::Fe;
use rayon::prelude::*;

use super::columns::EcdsaColumns;
use super::signature::{add_points, SignatureError, SignatureInput, Verification};
use crate::builtins::ec_subset_sum::{DoublingChain, HEIGHT};
use crate::layout::Builtin;
use crate::public_input::PublicInput;
use crate::trace::{FirstPhase, TraceColumns, TraceError};

/// Fills unused instances: key 1 signs message 1 with the nonce that Stone draws from an empty seed,
/// so that traces are the same as Stone's.
static DUMMY: LazyLock<SignatureInput> = LazyLock::new(|| {
    let element = |hex| Fe::from_hex(hex).expect("a constant");
    SignatureInput {
        public_key: GENERATOR.x,
        message: Fe::ONE,
        r: element("54f11b9fba6e795cff2db76d6d19eabcafb33c8a52db44e1af37c7f4aad1650"),
        w: element("3e1ef1b6a4351f2ac3bfa01c63fce9fa1bc5a0bf1813ff12f22d1639829d132"),
    }
});

/// The cells of one instance.
pub(super) struct Instance {
    input: SignatureInput,
    verification: Verification,
    add: [Fe; 2],
    extract: [Fe; 2],
    inverses: [Fe; 3],
}

impl Instance {
    pub(super) fn new(input: SignatureInput) -> Result<Self, SignatureError> {
        let verification = input.verify()?;
        let (zg, rq) = (verification.zg.result(), verification.rq.result());
        let wb = verification.wb.result();
        let chord = |a, b, name| {
            let (slope, _) = add_points(a, b).ok_or(SignatureError::EqualAbscissas { name })?;
            let inverse = (a.x - b.x).inverse().unwrap_or(Fe::ZERO);
            Ok([slope, inverse])
        };
        let inverse = |value: Fe| value.inverse().unwrap_or(Fe::ZERO);
        Ok(Self {
            input,
            add: chord(zg, rq, "z and r")?,
            extract: chord(wb, SHIFT_POINT.negated(), "the shift point")?,
            inverses: [input.message, input.r, input.w].map(inverse),
            verification,
        })
    }

    fn write(&self, phase: &mut FirstPhase, c: &EcdsaColumns, index: usize, begin: u64) {
        let columns = &mut phase.columns;
        let Verification { key, key_chain, zg, rq, base_chain, wb } = &self.verification;
        zg.write(columns, &c.generator_sum, index);
        rq.write(columns, &c.key_sum, 2 * index);
        wb.write(columns, &c.key_sum, 2 * index + 1);
        write_chain(columns, c, 2 * index, key_chain);
        write_chain(columns, c, 2 * index + 1, base_chain);
        let ([add_slope, add_inv], [extract_slope, extract_inv]) = (self.add, self.extract);
        let [z_inv, r_inv, w_inv] = self.inverses;
        columns.set(&c.r_w_inv, 2 * index, r_inv);
        columns.set(&c.r_w_inv, 2 * index + 1, w_inv);
        columns.set(&c.add_slope, index, add_slope);
        columns.set(&c.add_inv, index, add_inv);
        columns.set(&c.extract_slope, index, extract_slope);
        columns.set(&c.extract_inv, index, extract_inv);
        columns.set(&c.z_inv, index, z_inv);
        columns.set(&c.q_x_squared, index, key.x.square());
        let addr = begin + 2 * index as u64;
        phase.memory.write(&c.key, index, addr, self.input.public_key);
        phase.memory.write(&c.message, index, addr + 1, self.input.message);
    }
}

fn write_chain(columns: &mut TraceColumns, c: &EcdsaColumns, index: usize, chain: &DoublingChain) {
    let first = index * HEIGHT;
    for (index, point) in (first..).zip(&chain.points) {
        columns.set(&c.key_x, index, point.x);
        columns.set(&c.key_y, index, point.y);
    }
    columns.write(&c.doubling_slope, first, &chain.slopes);
}

/// Writes all instances; unused ones verify a constant signature.
pub(crate) fn write_ecdsa(
    phase: &mut FirstPhase,
    c: &EcdsaColumns,
    input: &PublicInput,
    inputs: &BTreeMap<u64, SignatureInput>,
) -> Result<(), TraceError> {
    let instance = |index: u64, input: SignatureInput| {
        Instance::new(input).map_err(|error| TraceError::Signature { index, error })
    };
    let used: Vec<(&u64, &SignatureInput)> = inputs.iter().collect();
    let used: BTreeMap<u64, Instance> = used
        .into_par_iter()
        .map(|(index, input)| Ok((*index, instance(*index, *input)?)))
        .collect::<Result<_, TraceError>>()?;
    let begin = input.builtin(Builtin::Ecdsa).begin_addr;
    let unused = instance(0, *DUMMY)?;
    for (index, number) in (0..input.n_instances(Builtin::Ecdsa)).enumerate() {
        used.get(&number).unwrap_or(&unused).write(phase, c, index, begin);
    }
    Ok(())
}

/// The periodic columns of the generator's doublings for instances of `period` rows; the last of
/// 251 is repeated.
pub(crate) fn periodic_points(period: u64) -> [Periodic; 2] {
    let points = (0..HEIGHT).map(|index| GENERATOR_DOUBLINGS[index.min(ELEMENT_BITS - 1)]);
    let (x, y) = points.map(|point| (point.x, point.y)).unzip();
    let column = |name: &str, values: Vec<Fe>| Periodic {
        name: format!("ecdsa/generator_points/{name}"),
        period_rows: period,
        step_rows: period / HEIGHT as u64,
        values,
    };
    [column("x", x), column("y", y)]
}
