"""`build/bench/report.json`: every figure measured in one run."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Final

from devnet.bench.batch_proof import measure_batch_proof
from devnet.bench.kernels import measure_kernels
from devnet.bench.l1_gas import l1_figures
from devnet.bench.machine import measure_machine
from devnet.bench.node_load import measure_crowded_node, measure_node
from devnet.bench.proving import measure_proving
from devnet.bench.signatures import measure_signature_check
from devnet.bench.steps import DISTINCT, REPEATED, measure_steps
from devnet.console import console
from prover import _native
from prover.files import write_json_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROFILES_MEASURED: Final = ("fast", "balanced")


def run_bench(path: Path) -> dict[str, object]:
    """Measure everything and write the report."""
    console.print("steps per transaction")
    report: dict[str, object] = {"machine": machine_facts(), **step_figures(measure_steps())}
    report["vm_steps_per_second"] = round(measure_machine())
    console.print("node under load")
    report |= node_figures()
    console.print(f"proving 2^16 steps in profiles {', '.join(PROFILES_MEASURED)}")
    report |= proving_figures(PROFILES_MEASURED)
    console.print(f"proving 2^16 steps with kernels {', '.join(_native.available_kernels())}")
    report |= kernel_figures()
    console.print("proving a batch of 2^18 steps")
    report |= batch_proof_figures()
    console.print("one batch from deposits to L1")
    report |= l1_figures()
    write_json_atomically(path, report)
    return report


def node_figures() -> dict[str, object]:
    """Return the keys about the sequencer, alone and with a crowd around it."""
    figures: dict[str, object] = {"signature_check_us": round(measure_signature_check(), 1)}
    for suffix, load in (("", measure_node()), ("_100k_accounts", measure_crowded_node())):
        result = load.result
        figures[f"orders_per_second{suffix}"] = round(result.orders_per_second, 1)
        figures[f"ack_p50_ms{suffix}"] = round(result.ack_p50_ms, 2)
        figures[f"ack_p99_ms{suffix}"] = round(result.ack_p99_ms, 2)
        figures[f"order_cpu_us{suffix}"] = round(load.cpu_us_per_order)
        figures[f"stream_messages_per_order{suffix}"] = round(load.messages_per_order, 2)
    return figures


def step_figures(steps: dict[str, float]) -> dict[str, object]:
    """Return the keys about Cairo steps."""
    return {
        "steps_per_trade_distinct": steps[DISTINCT],
        "steps_per_trade_repeated": steps[REPEATED],
        "steps_per_tx": steps,
    }


def proving_figures(profiles: Sequence[str]) -> dict[str, object]:
    """Return the keys about the prover and the Rust verifier."""
    figures: dict[str, object] = {}
    costs = measure_proving(profiles)
    for cost in costs:
        prefix = f"prove_2_16_{cost.profile}"
        figures[f"{prefix}_seconds"] = round(cost.seconds, 2)
        figures[f"{prefix}_cpu_seconds"] = round(cost.cpu_seconds, 2)
        figures[f"{prefix}_peak_mb"] = round(cost.peak_mb)
        figures[f"{prefix}_proof_bytes"] = cost.proof_bytes
        figures[f"{prefix}_phases"] = {phase.name: round(phase.seconds, 2) for phase in cost.phases}
    figures["verify_ms"] = round(max(cost.verify_ms for cost in costs), 2)
    return figures


def kernel_figures() -> dict[str, object]:
    """Return the keys about the kernel in use and what every kernel takes for the same proof."""
    seconds = {kernel: round(cpu, 2) for kernel, cpu in measure_kernels().items()}
    return {"kernel": _native.kernel(), "kernel_cpu_seconds": seconds}


def batch_proof_figures() -> dict[str, object]:
    """Return the keys about the proof of a full batch, and about this machine's primitives."""
    cost, primitives = measure_batch_proof(), _native.primitives()
    return {
        "prove_2_18_balanced_seconds": round(cost.prove_seconds, 2),
        "prove_2_18_balanced_cpu_seconds": round(cost.cpu_seconds, 2),
        "prove_2_18_balanced_peak_mb": round(cost.peak_mb),
        "proven_trades_per_second": round(cost.trades / cost.total_seconds, 2),
        "share_outside_prover": round(1 - cost.prove_seconds / cost.total_seconds, 4),
        "cells_per_step": cost.cells_per_step,
        "field_mul_ns": round(primitives["field_mul_ns"], 2),
        "keccak_ns": round(primitives["keccak_ns"], 1),
        "floor_ratio": round(cost.cpu_seconds / cost.floor_seconds, 2),
        "verify_many_per_second": round(cost.verified_per_second, 1),
    }


def machine_facts() -> dict[str, object]:
    """Return what the figures depend on."""
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load_average_1_min": round(os.getloadavg()[0], 2),
    }
