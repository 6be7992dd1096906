"""Proof parameters: Stone's JSON, with Stone's defaults, held to what this verifier supports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

from prover.reference.errors import UnsupportedProof, reject_unless, unsupported_if
from prover.reference.hashes import NodeHash, node_hash
from prover.reference.json_fields import (
    boolean,
    field,
    integer,
    integers,
    mapping,
    optional,
    text,
)
from prover.reference.json_text import quote

MAX_LOG_BLOWUP = 8
MAX_QUERIES = 256
MAX_PROOF_OF_WORK_BITS = 64
MIN_FRI_LAYERS = 2
MAX_FRI_LAYERS = 15
MAX_FRI_STEP = 4
MAX_LAST_LAYER_DEGREE = 2**15
MAX_FRIENDLY_LAYERS = 2**32 - 1


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
    def collision_bits(self) -> int:
        """No proof is safer than the commitments that it opens."""
        return min(node_hash.collision_bits for node_hash in self._hashes_in_use)

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


@dataclass(frozen=True, slots=True)
class RawParameters:
    """A parameter file whose keys and types are right."""

    field: str
    use_extension_field: bool
    hashes: "HashNames"
    n_friendly_layers: int
    log_blowup: int
    fri: "RawFri"


@dataclass(frozen=True, slots=True)
class RawFri:
    """The numbers of the low-degree test, layer 0 included."""

    steps: tuple[int, ...]
    last_layer_degree_bound: int
    n_queries: int
    proof_of_work_bits: int


def parse_parameters(raw: object) -> ProofParameters:
    """Read and check the `proof_parameters` of a proof.

    Raises:
        UnreadableProof: for wrong types, missing or unknown keys.
        UnsupportedProof: for other hashes and fields, and for numbers above what is judged here.
        RejectedProof: for numbers that make no proof.
    """
    return check_parameters(read_parameters(raw))


def read_parameters(raw: object) -> RawParameters:
    """Read keys and types; an absent key has Stone's default.

    Raises:
        UnreadableProof: naming the key.
    """
    fields = mapping(raw, KEYS)
    log_blowup, fri = field(fields, "stark", _stark)
    return RawParameters(
        field=field(fields, "field", text),
        use_extension_field=field(fields, "use_extension_field", boolean),
        hashes=_hash_names(fields),
        n_friendly_layers=optional(fields, "n_verifier_friendly_commitment_layers", integer, 0),
        log_blowup=log_blowup,
        fri=fri,
    )


def _stark(raw: object) -> tuple[int, "RawFri"]:
    fields = mapping(raw, {"fri", "log_n_cosets"})
    return field(fields, "log_n_cosets", integer), field(fields, "fri", _fri)


def _fri(raw: object) -> "RawFri":
    fields = mapping(raw, FRI_KEYS)
    return RawFri(
        steps=field(fields, "fri_step_list", integers),
        last_layer_degree_bound=field(fields, "last_layer_degree_bound", integer),
        n_queries=field(fields, "n_queries", integer),
        proof_of_work_bits=field(fields, "proof_of_work_bits", integer),
    )


def check_parameters(raw: RawParameters) -> ProofParameters:
    """Check first that the parameters can be judged here, then that they are a proof's.

    Raises:
        UnsupportedProof: naming the parameter, its value and what is supported.
        RejectedProof: naming the parameter, its value and the limit.
    """
    unsupported_if(
        raw.field != "PrimeField0", f"field {quote(raw.field)} is not supported, only PrimeField0"
    )
    unsupported_if(raw.use_extension_field, "use_extension_field true is not supported, only false")
    suite = next((suite for suite, choices in SUITES.items() if raw.hashes in choices), None)
    if suite is None:
        raise UnsupportedProof(f"combination of hashes {raw.hashes} is not supported")
    _check_limits(raw, suite)
    _check_ranges(raw)
    return ProofParameters(
        suite=suite,
        log_blowup=raw.log_blowup,
        n_queries=raw.fri.n_queries,
        proof_of_work_bits=raw.fri.proof_of_work_bits,
        fri=FriParameters(raw.fri.steps[1:], raw.fri.last_layer_degree_bound),
        n_friendly_layers=raw.n_friendly_layers,
        bottom_hash=node_hash(raw.hashes.commitment),
        friendly_hash=node_hash(raw.hashes.friendly),
    )


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


FRI_KEYS = {"fri_step_list", "last_layer_degree_bound", "n_queries", "proof_of_work_bits"}


def _hash_names(fields: Mapping[str, object]) -> HashNames:
    """Read the hash names; absent ones have the defaults of Stone."""
    channel = optional(fields, "channel_hash", text, "keccak256")
    commitment = optional(fields, "commitment_hash", text, "keccak256_masked160_msb")
    return HashNames(
        channel=channel,
        commitment=commitment,
        friendly=optional(fields, "verifier_friendly_commitment_hash", text, commitment),
        # Stone grinds with the hash of the channel.
        proof_of_work=optional(
            fields, "pow_hash", text, "blake256" if channel == "poseidon3" else "keccak256"
        ),
        page=optional(fields, "statement", _page_hash, "keccak256"),
        friendly_channel_updates=optional(
            fields, "verifier_friendly_channel_updates", boolean, default=False
        ),
    )


def _page_hash(statement: object) -> str:
    return optional(mapping(statement, {"page_hash"}), "page_hash", text, "keccak256")


def _check_limits(raw: RawParameters, suite: Suite) -> None:
    # Suite K has one hash for all layers, hence no friendly ones.
    max_friendly_layers = MAX_FRIENDLY_LAYERS if suite is Suite.P else 0
    for name, value, most in (
        ("n_verifier_friendly_commitment_layers", raw.n_friendly_layers, max_friendly_layers),
        ("log_n_cosets", raw.log_blowup, MAX_LOG_BLOWUP),
        ("n_queries", raw.fri.n_queries, MAX_QUERIES),
        ("proof_of_work_bits", raw.fri.proof_of_work_bits, MAX_PROOF_OF_WORK_BITS),
        ("last_layer_degree_bound", raw.fri.last_layer_degree_bound, MAX_LAST_LAYER_DEGREE),
        ("number of FRI steps", len(raw.fri.steps), MAX_FRI_LAYERS),
        ("FRI step", max(raw.fri.steps, default=0), MAX_FRI_STEP),
    ):
        unsupported_if(value > most, f"{name} is {value}, supported are at most {most}")


def _check_ranges(raw: RawParameters) -> None:
    last_layer = raw.fri.last_layer_degree_bound
    checks = [
        ("log_n_cosets", raw.log_blowup, 1, MAX_LOG_BLOWUP),
        ("n_queries", raw.fri.n_queries, 1, MAX_QUERIES),
        ("number of FRI steps", len(raw.fri.steps), MIN_FRI_LAYERS, MAX_FRI_LAYERS),
        *(("first FRI step", step, 0, 0) for step in raw.fri.steps[:1]),
        *(("FRI step", step, 1, MAX_FRI_STEP) for step in raw.fri.steps[1:]),
    ]
    for name, value, least, most in checks:
        reject_unless(least <= value <= most, f"{name} is {value}, allowed are {least} to {most}")
    reject_unless(
        last_layer.bit_count() == 1,
        f"last_layer_degree_bound is {last_layer}, a power of two is expected",
    )
