//! What the dynamic layout consists of: the columns and pool slots of every component, under the
//! names by which StarkWare's 340 parameters call them.

use std::sync::LazyLock;

/// Trace rows of one Cairo step when `cpu_component_step` is one.
pub const CPU_HEIGHT: u64 = 16;
/// One in so many memory units is public.
pub const PUBLIC_MEMORY_FRACTION: u64 = 8;

/// The builtins with instances in the trace, in the order of their constraints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Builtin {
    /// Pedersen hash.
    Pedersen,
    /// 128-bit range check.
    RangeCheck,
    /// ECDSA signature verification.
    Ecdsa,
    /// Bitwise and, xor, or.
    Bitwise,
    /// Scalar multiplication on the curve.
    EcOp,
    /// Keccak permutation; not supported here.
    Keccak,
    /// Poseidon permutation.
    Poseidon,
    /// 96-bit range check; not supported here.
    RangeCheck96,
    /// Modular addition; not supported here.
    AddMod,
    /// Modular multiplication; not supported here.
    MulMod,
}

impl Builtin {
    /// All builtins, in the order of their constraints.
    pub const ALL: [Self; 10] = [
        Self::Pedersen,
        Self::RangeCheck,
        Self::Ecdsa,
        Self::Bitwise,
        Self::EcOp,
        Self::Keccak,
        Self::Poseidon,
        Self::RangeCheck96,
        Self::AddMod,
        Self::MulMod,
    ];

    /// The name of the builtin's memory segment.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pedersen => "pedersen",
            Self::RangeCheck => "range_check",
            Self::Ecdsa => "ecdsa",
            Self::Bitwise => "bitwise",
            Self::EcOp => "ec_op",
            Self::Keccak => "keccak",
            Self::Poseidon => "poseidon",
            Self::RangeCheck96 => "range_check96",
            Self::AddMod => "add_mod",
            Self::MulMod => "mul_mod",
        }
    }

    /// The parameter with the rows per instance.
    pub const fn row_ratio_param(self) -> &'static str {
        match self {
            Self::Pedersen => "pedersen_builtin_row_ratio",
            Self::RangeCheck => "range_check_builtin_row_ratio",
            Self::Ecdsa => "ecdsa_builtin_row_ratio",
            Self::Bitwise => "bitwise__row_ratio",
            Self::EcOp => "ec_op_builtin_row_ratio",
            Self::Keccak => "keccak__row_ratio",
            Self::Poseidon => "poseidon__row_ratio",
            Self::RangeCheck96 => "range_check96_builtin_row_ratio",
            Self::AddMod => "add_mod__row_ratio",
            Self::MulMod => "mul_mod__row_ratio",
        }
    }

    /// The parameter that switches the builtin on.
    pub fn uses_param(self) -> String {
        format!("uses_{}_builtin", self.name())
    }

    /// Memory cells of one instance.
    pub const fn cells_per_instance(self) -> u64 {
        match self {
            Self::RangeCheck | Self::RangeCheck96 => 1,
            Self::Ecdsa => 2,
            Self::Pedersen => 3,
            Self::Bitwise => 5,
            Self::Poseidon => 6,
            Self::EcOp | Self::AddMod | Self::MulMod => 7,
            Self::Keccak => 16,
        }
    }

    /// 16-bit range-check units of one instance.
    pub const fn range_check_units(self) -> u64 {
        match self {
            Self::RangeCheck => 8,
            Self::RangeCheck96 => 6,
            Self::MulMod => 66,
            _ => 0,
        }
    }

    /// Diluted units of one instance.
    pub const fn diluted_units(self) -> u64 {
        match self {
            Self::Bitwise => 68,
            Self::Keccak => 16_384,
            _ => 0,
        }
    }

    /// Whether this crate has the builtin's constraints and trace.
    pub const fn is_supported(self) -> bool {
        !matches!(self, Self::Keccak | Self::RangeCheck96 | Self::AddMod | Self::MulMod)
    }

    /// The row ratio must be a multiple of this, so that the finest column has a step.
    pub const fn finest_division(self) -> u64 {
        match self {
            Self::Pedersen | Self::Ecdsa => 512,
            Self::EcOp => 256,
            Self::Bitwise | Self::Poseidon => 64,
            Self::RangeCheck => 8,
            Self::Keccak => 32_768,
            Self::RangeCheck96 | Self::AddMod | Self::MulMod => 1,
        }
    }
}

/// Who determines the step of a column: its period in rows is a parameter of the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// One period per Cairo step.
    Cpu,
    /// One period per memory unit.
    Memory,
    /// One period per public memory unit.
    PublicMemory,
    /// One period per 16-bit range-check unit.
    RangeCheck16,
    /// One period per diluted unit.
    Diluted,
    /// One period per builtin instance.
    Builtin(Builtin),
}

/// The part of the trace in which a column is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before the interaction elements are drawn.
    First,
    /// After them.
    Second,
}

/// A column of a component: parameters `<name>_column` and `<name>_offset`.
#[derive(Debug, Clone, Copy)]
pub struct ColumnSpec {
    /// Name without the suffix.
    pub name: &'static str,
    /// Owner of the period.
    pub owner: Owner,
    /// Cells per period, evenly spaced.
    pub cells: u64,
    /// Phase of the column.
    pub phase: Phase,
}

/// A pool of units that several components share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pool {
    /// Pairs of address and value.
    Memory,
    /// 16-bit values.
    RangeCheck16,
    /// Values with one bit in four.
    Diluted,
}

/// Units that a component takes from a pool: parameter `<name>_suboffset`.
#[derive(Debug, Clone)]
pub struct SlotSpec {
    /// Name without the suffix.
    pub name: String,
    /// Owner of the period.
    pub owner: Owner,
    /// The pool.
    pub pool: Pool,
    /// Units per period, evenly spaced.
    pub units: u64,
}

macro_rules! columns {
    ($($phase:ident $owner:expr, $cells:literal: [$($name:literal),* $(,)?];)*) => {
        &[$($(ColumnSpec {
            name: $name, owner: $owner, cells: $cells, phase: Phase::$phase,
        }),*),*]
    };
}

/// All columns.
pub const COLUMNS: &[ColumnSpec] = columns![
    First Owner::Cpu, 16: ["cpu__decode__opcode_range_check__column"];
    First Owner::Cpu, 1: [
        "cpu__registers__ap", "cpu__registers__fp", "cpu__operands__ops_mul", "cpu__operands__res",
        "cpu__update_registers__update_pc__tmp0", "cpu__update_registers__update_pc__tmp1",
    ];
    First Owner::Memory, 1: [
        "mem_pool__addr", "mem_pool__value", "memory__sorted__addr", "memory__sorted__value",
    ];
    Second Owner::Memory, 1: ["memory__multi_column_perm__perm__cum_prod0"];
    First Owner::RangeCheck16, 1: ["range_check16_pool", "range_check16__sorted"];
    Second Owner::RangeCheck16, 1: ["range_check16__perm__cum_prod0"];
    First Owner::Diluted, 1: ["diluted_pool", "diluted_check__permuted_values"];
    Second Owner::Diluted, 1: [
        "diluted_check__cumulative_value", "diluted_check__permutation__cum_prod0",
    ];
    First Owner::Builtin(Builtin::Pedersen), 512: [
        "pedersen__hash0__ec_subset_sum__partial_sum__x",
        "pedersen__hash0__ec_subset_sum__partial_sum__y",
        "pedersen__hash0__ec_subset_sum__selector", "pedersen__hash0__ec_subset_sum__slope",
    ];
    First Owner::Builtin(Builtin::Pedersen), 2: [
        "pedersen__hash0__ec_subset_sum__bit_unpacking__prod_ones192",
        "pedersen__hash0__ec_subset_sum__bit_unpacking__prod_ones196",
    ];
    First Owner::Builtin(Builtin::Ecdsa), 512: [
        "ecdsa__signature0__key_points__x", "ecdsa__signature0__key_points__y",
        "ecdsa__signature0__doubling_slope",
        "ecdsa__signature0__exponentiate_key__partial_sum__x",
        "ecdsa__signature0__exponentiate_key__partial_sum__y",
        "ecdsa__signature0__exponentiate_key__selector",
        "ecdsa__signature0__exponentiate_key__slope",
        "ecdsa__signature0__exponentiate_key__x_diff_inv",
    ];
    First Owner::Builtin(Builtin::Ecdsa), 256: [
        "ecdsa__signature0__exponentiate_generator__partial_sum__x",
        "ecdsa__signature0__exponentiate_generator__partial_sum__y",
        "ecdsa__signature0__exponentiate_generator__selector",
        "ecdsa__signature0__exponentiate_generator__slope",
        "ecdsa__signature0__exponentiate_generator__x_diff_inv",
    ];
    First Owner::Builtin(Builtin::Ecdsa), 2: ["ecdsa__signature0__r_w_inv"];
    First Owner::Builtin(Builtin::Ecdsa), 1: [
        "ecdsa__signature0__add_results_slope", "ecdsa__signature0__add_results_inv",
        "ecdsa__signature0__extract_r_slope", "ecdsa__signature0__extract_r_inv",
        "ecdsa__signature0__z_inv", "ecdsa__signature0__q_x_squared",
    ];
    First Owner::Builtin(Builtin::EcOp), 256: [
        "ec_op__doubled_points__x", "ec_op__doubled_points__y", "ec_op__doubling_slope",
        "ec_op__ec_subset_sum__partial_sum__x", "ec_op__ec_subset_sum__partial_sum__y",
        "ec_op__ec_subset_sum__selector", "ec_op__ec_subset_sum__slope",
        "ec_op__ec_subset_sum__x_diff_inv",
    ];
    First Owner::Builtin(Builtin::EcOp), 1: [
        "ec_op__ec_subset_sum__bit_unpacking__prod_ones192",
        "ec_op__ec_subset_sum__bit_unpacking__prod_ones196",
    ];
    First Owner::Builtin(Builtin::Keccak), 32768: [
        "keccak__keccak__parse_to_diluted__cumulative_sum",
        "keccak__keccak__parse_to_diluted__reshaped_intermediate",
        "keccak__keccak__parse_to_diluted__final_reshaped_input",
        "keccak__keccak__rotated_parity0", "keccak__keccak__rotated_parity1",
        "keccak__keccak__rotated_parity2", "keccak__keccak__rotated_parity3",
        "keccak__keccak__rotated_parity4",
    ];
    First Owner::Builtin(Builtin::Poseidon), 8: [
        "poseidon__poseidon__full_rounds_state0", "poseidon__poseidon__full_rounds_state1",
        "poseidon__poseidon__full_rounds_state2",
        "poseidon__poseidon__full_rounds_state0_squared",
        "poseidon__poseidon__full_rounds_state1_squared",
        "poseidon__poseidon__full_rounds_state2_squared",
    ];
    First Owner::Builtin(Builtin::Poseidon), 64: [
        "poseidon__poseidon__partial_rounds_state0",
        "poseidon__poseidon__partial_rounds_state0_squared",
    ];
    First Owner::Builtin(Builtin::Poseidon), 32: [
        "poseidon__poseidon__partial_rounds_state1",
        "poseidon__poseidon__partial_rounds_state1_squared",
    ];
    First Owner::Builtin(Builtin::AddMod), 1: [
        "add_mod__sub_p_bit", "add_mod__carry1_bit", "add_mod__carry1_sign", "add_mod__carry2_bit",
        "add_mod__carry2_sign", "add_mod__carry3_bit", "add_mod__carry3_sign",
    ];
];

/// All slots.
pub static SLOTS: LazyLock<Vec<SlotSpec>> = LazyLock::new(|| {
    let mut slots = Vec::new();
    let mut add = |owner, pool, units, names: &[&str]| {
        let spec = |name: &&str| SlotSpec { name: (*name).to_owned(), owner, pool, units };
        slots.extend(names.iter().map(spec));
    };
    let builtin = Owner::Builtin;
    add(Owner::Cpu, Pool::Memory, 1, &["cpu__decode__mem_inst", "cpu__operands__mem_dst"]);
    add(Owner::Cpu, Pool::Memory, 1, &["cpu__operands__mem_op0", "cpu__operands__mem_op1"]);
    let offsets = &["cpu__decode__off0", "cpu__decode__off1", "cpu__decode__off2"];
    add(Owner::Cpu, Pool::RangeCheck16, 1, offsets);
    add(Owner::PublicMemory, Pool::Memory, 1, &["orig__public_memory"]);
    let pedersen = &["pedersen__input0", "pedersen__input1", "pedersen__output"];
    add(builtin(Builtin::Pedersen), Pool::Memory, 1, pedersen);
    add(builtin(Builtin::RangeCheck), Pool::Memory, 1, &["range_check_builtin__mem"]);
    let parts = &["range_check_builtin__inner_range_check"];
    add(builtin(Builtin::RangeCheck), Pool::RangeCheck16, 8, parts);
    add(builtin(Builtin::Ecdsa), Pool::Memory, 1, &["ecdsa__pubkey", "ecdsa__message"]);
    add(builtin(Builtin::Bitwise), Pool::Memory, 4, &["bitwise__var_pool"]);
    add(builtin(Builtin::Bitwise), Pool::Memory, 1, &["bitwise__x_or_y"]);
    add(builtin(Builtin::Bitwise), Pool::Diluted, 64, &["bitwise__diluted_var_pool"]);
    for shift in 192..196 {
        let trim = format!("bitwise__trim_unpacking{shift}");
        add(builtin(Builtin::Bitwise), Pool::Diluted, 1, &[&trim]);
    }
    for name in ["p_x", "p_y", "q_x", "q_y", "m", "r_x", "r_y"] {
        add(builtin(Builtin::EcOp), Pool::Memory, 1, &[&format!("ec_op__{name}")]);
    }
    add(builtin(Builtin::Keccak), Pool::Memory, 16, &["keccak__input_output"]);
    for column in 0..4 {
        let name = format!("keccak__keccak__diluted_column{column}");
        add(builtin(Builtin::Keccak), Pool::Diluted, 4096, &[&name]);
    }
    for param in 0..3 {
        let name = format!("poseidon__param_{param}__input_output");
        add(builtin(Builtin::Poseidon), Pool::Memory, 2, &[&name]);
    }
    add_unsupported_slots(&mut add);
    slots
});

/// The slots of the 96-bit range check and of modular arithmetic, of which only the names matter.
fn add_unsupported_slots(add: &mut impl FnMut(Owner, Pool, u64, &[&str])) {
    let range_check96 = Owner::Builtin(Builtin::RangeCheck96);
    add(range_check96, Pool::Memory, 1, &["range_check96_builtin__mem"]);
    for part in 0..6 {
        let name = format!("range_check96_builtin__inner_range_check{part}");
        add(range_check96, Pool::RangeCheck16, 1, &[&name]);
    }
    for builtin in [Builtin::AddMod, Builtin::MulMod] {
        for operand in ["a", "b", "c", "p"] {
            for word in 0..4 {
                let name = format!("{}__{operand}{word}", builtin.name());
                add(Owner::Builtin(builtin), Pool::Memory, 1, &[&name]);
            }
        }
        for pointer in ["a_offset", "b_offset", "c_offset", "n", "offsets_ptr", "values_ptr"] {
            let name = format!("{}__{pointer}", builtin.name());
            add(Owner::Builtin(builtin), Pool::Memory, 1, &[&name]);
        }
    }
    let words = |kind: &'static str, words: u64, parts: u64| {
        let part =
            move |word| (0..parts).map(move |part| format!("mul_mod__{kind}{word}__part{part}"));
        (0..words).flat_map(part)
    };
    for name in words("carry", 6, 7).chain(words("p_multiplier", 4, 6)) {
        add(Owner::Builtin(Builtin::MulMod), Pool::RangeCheck16, 1, &[&name]);
    }
}

/// The names of all parameters in alphabetical order, which is the order of the transcript.
pub static PARAM_NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names: Vec<String> = [
        "cpu_component_step",
        "diluted_units_row_ratio",
        "memory_units_row_ratio",
        "num_columns_first",
        "num_columns_second",
        "range_check_units_row_ratio",
    ]
    .map(str::to_owned)
    .to_vec();
    for builtin in Builtin::ALL {
        names.push(builtin.row_ratio_param().to_owned());
        names.push(builtin.uses_param());
    }
    for column in COLUMNS {
        names.push(format!("{}_column", column.name));
        names.push(format!("{}_offset", column.name));
    }
    names.extend(SLOTS.iter().map(|slot| format!("{}_suboffset", slot.name)));
    names.sort_unstable();
    names
});
