"""Proof parameters: Stone's JSON, with Stone's defaults, held to what this verifier supports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

from prover.reference.errors import UnreadableProof, reject_unless
from prover.reference.hashes import NodeHash, node_hash
from prover.reference.json_fields import (
    boolean,
    integer,
    integers,
    known_keys,
    mapping,
    text,
)

MAX_LOG_BLOWUP = 16
MAX_QUERIES = 256
MAX_PROOF_OF_WORK_BITS = 64
MIN_FRI_LAYERS = 2
MAX_FRI_LAYERS = 15
MAX_FRI_STEP = 4
MAX_LAST_LAYER_DEGREE = 2**15
# Bounds the friendly layers only so that the number stays a word of the seed.
MAX_FRIENDLY_LAYERS = 2**63


class Suite(Enum):
    """The two transcript suites."""

    K = "keccak"
    P = "poseidon"


@dataclass(frozen=True, slots=True)
class FriParameters:
    """FRI: layer 0 is virtual; layer i + 1 folds layer i by 2^steps[i]."""

    steps: tuple[int, ...]
    last_layer_degree_bound: int

    def log_layer_sizes(self, log_domain_size: int) -> list[int]:
        """Return the base-2 logarithms of the sizes of all layers, the last one included."""
        return [log_domain_size - folded for folded in accumulate(self.steps, initial=0)]

    @property
    def degree_bound(self) -> int:
        """The degree below which the tested function is close to a polynomial."""
        return self.last_layer_degree_bound << sum(self.steps)


@dataclass(frozen=True, slots=True)
class ProofParameters:
    """Everything that the verifier must know besides the statement."""

    suite: Suite
    log_blowup: int
    n_queries: int
    proof_of_work_bits: int
    fri: FriParameters
    n_friendly_layers: int
    bottom_hash: NodeHash
    friendly_hash: NodeHash

    @property
    def security_bits(self) -> int:
        """Conjectured security: each query contributes log2 of the blowup (ethSTARK, section 5).

        No proof is safer than the commitments that it opens.
        """
        queries = self.n_queries * self.log_blowup + self.proof_of_work_bits
        return min(queries, *(node_hash.collision_bits for node_hash in self._hashes_in_use))

    @property
    def _hashes_in_use(self) -> tuple[NodeHash, ...]:
        if self.n_friendly_layers == 0:
            return (self.bottom_hash,)
        return self.bottom_hash, self.friendly_hash

    def hash_into_depth(self, depth: int) -> NodeHash:
        """Return the hash whose outputs are the nodes at this depth; the root has depth 0.

        The friendly hash consumes the nodes at depths 1 to `n_friendly_layers`.
        """
        return self.friendly_hash if self.n_friendly_layers > depth else self.bottom_hash


def parse_parameters(raw: object) -> ProofParameters:
    """Read the `proof_parameters` of a proof.

    Raises:
        UnreadableProof: for wrong types, unknown keys or unsupported hashes and fields.
        RejectedProof: for numbers outside the supported ranges.
    """
    fields = mapping(raw, "proof_parameters")
    known_keys(fields, KEYS, "proof_parameters")
    if fields.get("field") != "PrimeField0" or boolean(fields, "use_extension_field"):
        raise UnreadableProof("only PrimeField0 without extension is supported")
    hashes = _hash_names(fields)
    suite = next((suite for suite, choices in SUITES.items() if hashes in choices), None)
    if suite is None:
        raise UnreadableProof(f"unsupported combination of hashes: {hashes}")
    stark = mapping(fields.get("stark"), "stark")
    known_keys(stark, {"fri", "log_n_cosets"}, "stark")
    fri = mapping(stark.get("fri"), "fri")
    parameters = ProofParameters(
        suite=suite,
        log_blowup=integer(stark, "log_n_cosets"),
        n_queries=integer(fri, "n_queries"),
        proof_of_work_bits=integer(fri, "proof_of_work_bits"),
        fri=_fri_parameters(fri),
        n_friendly_layers=integer(fields, "n_verifier_friendly_commitment_layers", default=0),
        bottom_hash=node_hash(hashes.commitment),
        friendly_hash=node_hash(hashes.friendly),
    )
    check_ranges(parameters)
    return parameters


@dataclass(frozen=True, slots=True)
class HashNames:
    """The hash choices of a parameter file."""

    channel: str
    commitment: str
    friendly: str
    proof_of_work: str
    page: str
    friendly_channel_updates: bool


def _keccak_names(commitment: str) -> HashNames:
    return HashNames("keccak256", commitment, commitment, "keccak256", "keccak256", False)


SUITES = {
    Suite.K: (_keccak_names("keccak256_masked160_msb"), _keccak_names("keccak256_masked192_msb")),
    Suite.P: (
        HashNames("poseidon3", "blake256_masked248_lsb", "poseidon3", "blake256", "pedersen", True),
    ),
}
KEYS = {
    "channel_hash",
    "commitment_hash",
    "field",
    "n_verifier_friendly_commitment_layers",
    "pow_hash",
    "stark",
    "statement",
    "use_extension_field",
    "verifier_friendly_channel_updates",
    "verifier_friendly_commitment_hash",
}


def _hash_names(fields: Mapping[str, object]) -> HashNames:
    """Read the hash names; absent ones have the defaults of Stone."""
    channel = text(fields, "channel_hash", default="keccak256")
    commitment = text(fields, "commitment_hash", default="keccak256_masked160_msb")
    statement = mapping(fields.get("statement", {}), "statement")
    known_keys(statement, {"page_hash"}, "statement")
    return HashNames(
        channel=channel,
        commitment=commitment,
        friendly=text(fields, "verifier_friendly_commitment_hash", default=commitment),
        proof_of_work=text(
            fields, "pow_hash", default="blake256" if channel == "poseidon3" else "keccak256"
        ),
        page=text(statement, "page_hash", default="keccak256"),
        friendly_channel_updates=boolean(
            fields, "verifier_friendly_channel_updates", default=False
        ),
    )


def _fri_parameters(fri: Mapping[str, object]) -> FriParameters:
    keys = {"fri_step_list", "last_layer_degree_bound", "n_queries", "proof_of_work_bits"}
    known_keys(fri, keys, "fri")
    steps = integers(fri, "fri_step_list")
    reject_unless(MIN_FRI_LAYERS <= len(steps) <= MAX_FRI_LAYERS, f"{len(steps)} FRI layers")
    reject_unless(steps[0] == 0, f"FRI step 0 is {steps[0]}, must be 0")
    reject_unless(all(1 <= step <= MAX_FRI_STEP for step in steps[1:]), f"FRI steps {steps}")
    return FriParameters(steps[1:], integer(fri, "last_layer_degree_bound"))


def check_ranges(parameters: ProofParameters) -> None:
    """Hold every number to its range.

    Raises:
        RejectedProof: naming the number.
    """
    checks = (
        ("log_n_cosets", parameters.log_blowup, 1, MAX_LOG_BLOWUP),
        ("n_queries", parameters.n_queries, 1, MAX_QUERIES),
        ("proof_of_work_bits", parameters.proof_of_work_bits, 0, MAX_PROOF_OF_WORK_BITS),
        (
            "last_layer_degree_bound",
            parameters.fri.last_layer_degree_bound,
            1,
            MAX_LAST_LAYER_DEGREE,
        ),
        # Suite K has one hash for all layers, hence no friendly ones.
        (
            "n_verifier_friendly_commitment_layers",
            parameters.n_friendly_layers,
            0,
            MAX_FRIENDLY_LAYERS if parameters.suite is Suite.P else 0,
        ),
    )
    for name, value, least, most in checks:
        reject_unless(least <= value <= most, f"{name} = {value} is not in [{least}, {most}]")
