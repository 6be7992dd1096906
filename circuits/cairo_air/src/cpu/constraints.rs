//! Constraints 0 to 32: decoding, operands, register updates, opcodes and boundary values.

use novation_air::{Expr, ExprBuilder, Zerofier};

use super::columns::CpuColumns;
use crate::cells::{bit, Cells};
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// Offsets are stored with this bias, so that they are not negative.
const HALF_OFFSET: u64 = 1 << 15;
const OFFSET_SIZE: u64 = 1 << 16;

/// The cells of one step and of the registers of the next.
pub(crate) struct CpuConstraints<'b> {
    flags_word: Expr<'b>,
    instruction: Expr<'b>,
    off_dst: Expr<'b>,
    off_op0: Expr<'b>,
    off_op1: Expr<'b>,
    dst_fp: Expr<'b>,
    op0_fp: Expr<'b>,
    op1_imm: Expr<'b>,
    op1_fp: Expr<'b>,
    op1_ap: Expr<'b>,
    res_add: Expr<'b>,
    res_mul: Expr<'b>,
    jump_abs: Expr<'b>,
    jump_rel: Expr<'b>,
    jnz: Expr<'b>,
    ap_add: Expr<'b>,
    ap_add1: Expr<'b>,
    call: Expr<'b>,
    ret: Expr<'b>,
    assert_eq: Expr<'b>,
    dst_addr: Expr<'b>,
    op0_addr: Expr<'b>,
    op1_addr: Expr<'b>,
    dst: Expr<'b>,
    op0: Expr<'b>,
    op1: Expr<'b>,
    pc: Expr<'b>,
    ap: Expr<'b>,
    fp: Expr<'b>,
    ops_mul: Expr<'b>,
    res: Expr<'b>,
    tmp0: Expr<'b>,
    tmp1: Expr<'b>,
    next_pc: Expr<'b>,
    next_ap: Expr<'b>,
    next_fp: Expr<'b>,
    period: u64,
    flag_period: u64,
}

impl<'b> CpuConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &CpuColumns) -> Self {
        let flags_word = cells.at(&c.flags, 0);
        let flags_word_shifted = cells.at(&c.flags, 1);
        let instruction = cells.at(&c.instruction.value, 0);
        let off_op1 = cells.at(&c.off_op1.cells, 0);
        let off_op0 = cells.at(&c.off_op0.cells, 0);
        let off_dst = cells.at(&c.off_dst.cells, 0);
        let flag = |index| bit(cells, &c.flags, index);
        let (op1_imm, op1_ap, op1_fp) = (flag(2), flag(4), flag(3));
        let (res_add, res_mul, jnz) = (flag(5), flag(6), flag(9));
        let (jump_abs, jump_rel) = (flag(7), flag(8));
        let (call, ret) = (flag(12), flag(13));
        let dst_addr = cells.at(&c.dst.addr, 0);
        let fp = cells.at(&c.fp, 0);
        let ap = cells.at(&c.ap, 0);
        let op0_addr = cells.at(&c.op0.addr, 0);
        let op0_fp = flags_word_shifted - 2 * cells.at(&c.flags, 2);
        Self {
            flags_word,
            instruction,
            off_dst,
            off_op0,
            off_op1,
            dst_fp: flags_word - 2 * flags_word_shifted,
            op0_fp,
            op1_imm,
            op1_fp,
            op1_ap,
            res_add,
            res_mul,
            jump_abs,
            jump_rel,
            jnz,
            call,
            ret,
            dst_addr,
            op0_addr,
            ap,
            fp,
            // Fields are evaluated in this order, which is the order of the mask.
            op1_addr: cells.at(&c.op1.addr, 0),
            pc: cells.at(&c.instruction.addr, 0),
            op0: cells.at(&c.op0.value, 0),
            ops_mul: cells.at(&c.ops_mul, 0),
            op1: cells.at(&c.op1.value, 0),
            res: cells.at(&c.res, 0),
            tmp0: cells.at(&c.tmp0, 0),
            dst: cells.at(&c.dst.value, 0),
            tmp1: cells.at(&c.tmp1, 0),
            next_pc: cells.at(&c.instruction.addr, 1),
            next_ap: cells.at(&c.ap, 1),
            ap_add: flag(10),
            ap_add1: flag(11),
            next_fp: cells.at(&c.fp, 1),
            assert_eq: flag(14),
            period: c.period,
            flag_period: c.flag_period,
        }
    }

    pub(crate) fn add_to(&self, set: &mut ConstraintSet) {
        set.component(0, "cpu/");
        self.decode(set);
        self.operands(set);
        self.update_registers(set);
        self.opcodes(set);
    }

    /// No source of the second operand is selected: it is relative to the first.
    fn op1_op0(&self) -> Expr<'b> {
        1 - (self.op1_imm + self.op1_ap + self.op1_fp)
    }

    /// Neither addition nor multiplication: the result is the second operand.
    fn res_op1(&self) -> Expr<'b> {
        1 - (self.res_add + self.res_mul + self.jnz)
    }

    /// No jump: execution goes on with the next instruction.
    fn pc_regular(&self) -> Expr<'b> {
        1 - (self.jump_abs + self.jump_rel + self.jnz)
    }

    /// Neither call nor return: the frame pointer stays.
    fn fp_regular(&self) -> Expr<'b> {
        1 - (self.call + self.ret)
    }

    /// The address after this instruction and its immediate operand.
    fn following_pc(&self) -> Expr<'b> {
        self.pc + self.op1_imm + 1
    }

    fn decode(&self, set: &mut ConstraintSet) {
        let last_flag = Rows::at(Zerofier::at_fraction(self.period, 15, 16));
        let bits = Rows::every(self.flag_period).except(last_flag.clone());
        let steps = Rows::every(self.period);
        let is_bit = |flag: Expr<'b>| flag.square() - flag;
        set.add("decode/opcode_range_check/bit", is_bit(self.dst_fp), &bits);
        set.add("decode/opcode_range_check/zero", self.flags_word, &last_flag);
        let high = (self.flags_word * OFFSET_SIZE + self.off_op1) * OFFSET_SIZE + self.off_op0;
        let word = high * OFFSET_SIZE + self.off_dst;
        set.add("decode/opcode_range_check_input", self.instruction - word, &steps);
        set.add("decode/flag_op1_base_op0_bit", is_bit(self.op1_op0()), &steps);
        set.add("decode/flag_res_op1_bit", is_bit(self.res_op1()), &steps);
        set.add("decode/flag_pc_update_regular_bit", is_bit(self.pc_regular()), &steps);
        set.add("decode/fp_update_regular_bit", is_bit(self.fp_regular()), &steps);
    }

    fn operands(&self, set: &mut ConstraintSet) {
        let steps = Rows::every(self.period);
        let base = |is_fp: Expr<'b>| is_fp * self.fp + (1 - is_fp) * self.ap;
        let dst_addr = base(self.dst_fp) + self.off_dst;
        set.add("operands/mem_dst_addr", self.dst_addr + HALF_OFFSET - dst_addr, &steps);
        let op0_addr = base(self.op0_fp) + self.off_op0;
        set.add("operands/mem0_addr", self.op0_addr + HALF_OFFSET - op0_addr, &steps);
        let op1_addr = self.op1_imm * self.pc
            + self.op1_ap * self.ap
            + self.op1_fp * self.fp
            + self.op1_op0() * self.op0
            + self.off_op1;
        set.add("operands/mem1_addr", self.op1_addr + HALF_OFFSET - op1_addr, &steps);
        set.add("operands/ops_mul", self.ops_mul - self.op0 * self.op1, &steps);
        let res = self.res_add * (self.op0 + self.op1)
            + self.res_mul * self.ops_mul
            + self.res_op1() * self.op1;
        set.add("operands/res", (1 - self.jnz) * self.res - res, &steps);
    }

    /// Registers of the next step; the last step has none.
    fn update_registers(&self, set: &mut ConstraintSet) {
        let rows = Rows::every(self.period).except(Rows::last(self.period));
        set.add("update_registers/update_pc/tmp0", self.tmp0 - self.jnz * self.dst, &rows);
        set.add("update_registers/update_pc/tmp1", self.tmp1 - self.tmp0 * self.res, &rows);
        let jump = self.pc_regular() * self.following_pc()
            + self.jump_abs * self.res
            + self.jump_rel * (self.pc + self.res);
        let target = (1 - self.jnz) * self.next_pc
            + self.tmp0 * (self.next_pc - (self.pc + self.op1))
            - jump;
        set.add("update_registers/update_pc/pc_cond_negative", target, &rows);
        // jnz and dst = 0 make tmp1 = 0: then the jump is not taken.
        let not_taken = (self.tmp1 - self.jnz) * (self.next_pc - self.following_pc());
        set.add("update_registers/update_pc/pc_cond_positive", not_taken, &rows);
        let ap = self.ap + self.ap_add * self.res + self.ap_add1 + self.call * 2;
        set.add("update_registers/update_ap/ap_update", self.next_ap - ap, &rows);
        let fp = self.fp_regular() * self.fp + self.ret * self.dst + self.call * (self.ap + 2);
        set.add("update_registers/update_fp/fp_update", self.next_fp - fp, &rows);
    }

    fn opcodes(&self, set: &mut ConstraintSet) {
        let steps = Rows::every(self.period);
        let (call, ret) = (self.call, self.ret);
        set.add("opcodes/call/push_fp", call * (self.dst - self.fp), &steps);
        set.add("opcodes/call/push_pc", call * (self.op0 - self.following_pc()), &steps);
        set.add("opcodes/call/off0", call * (self.off_dst - HALF_OFFSET), &steps);
        set.add("opcodes/call/off1", call * (self.off_op0 - (HALF_OFFSET + 1)), &steps);
        let call_flags = call + call + 2 - (self.dst_fp + self.op0_fp + 4);
        set.add("opcodes/call/flags", call * call_flags, &steps);
        set.add("opcodes/ret/off0", ret * (self.off_dst + 2 - HALF_OFFSET), &steps);
        set.add("opcodes/ret/off2", ret * (self.off_op1 + 1 - HALF_OFFSET), &steps);
        let ret_flags = self.jump_abs + self.dst_fp + self.op1_fp + self.res_op1() - 4;
        set.add("opcodes/ret/flags", ret * ret_flags, &steps);
        set.add("opcodes/assert_eq/assert_eq", self.assert_eq * (self.dst - self.res), &steps);
    }
}

/// First and last registers.
pub(crate) struct BoundaryConstraints<'c, 'b> {
    pub(crate) cpu: &'c CpuConstraints<'b>,
    pub(crate) exprs: &'b ExprBuilder,
}

impl BoundaryConstraints<'_, '_> {
    pub(crate) fn add_to(&self, set: &mut ConstraintSet) {
        let (cpu, first, last) = (self.cpu, Rows::first(), Rows::last(self.cpu.period));
        let param = |param: Param| param.expr(self.exprs);
        set.component(27, "");
        set.add("initial_ap", cpu.ap - param(Param::InitialAp), &first);
        set.add("initial_fp", cpu.fp - param(Param::InitialAp), &first);
        set.add("initial_pc", cpu.pc - param(Param::InitialPc), &first);
        set.add("final_ap", cpu.ap - param(Param::FinalAp), &last);
        set.add("final_fp", cpu.fp - param(Param::InitialAp), &last);
        set.add("final_pc", cpu.pc - param(Param::FinalPc), &last);
    }
}
