"""START READING HERE. The STARK verifier, in the numbered steps that the prover has, too.

Protocol: ethSTARK (ePrint 2021/582), sections 3 and 4; arithmetisation: Cairo (ePrint 2021/1063).
Messages and hashes are those of StarkWare's Stone; `docs/spec/proof_format.md` describes the bytes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prover import _native
from prover.reference.air import Air
from prover.reference.boundary import boundary_values
from prover.reference.channel import (
    Channel,
    KeccakChannel,
    PoseidonChannel,
    has_proof_of_work,
)
from prover.reference.deep import claims_by_point, evaluate_quotient
from prover.reference.document import Document, read_document, section
from prover.reference.errors import RejectedProof, reject_unless, unsupported_if
from prover.reference.field import GENERATOR, P, domain_element, root_of_unity
from prover.reference.fri import FriCommitment, check_low_degree
from prover.reference.json_text import parse
from prover.reference.merkle import TableShape, check_opening
from prover.reference.parameters import ProofParameters, Suite, check_parameters
from prover.reference.proof import Commitments, ProofReader, read_commitments, read_opening
from prover.reference.public_input import PublicInput, check_public_input
from prover.reference.security import Security, require, security

# The composition polynomial has twice the degree of a column and is committed as two halves.
N_COMPOSITION_COLUMNS = 2
MAX_LOG_DOMAIN = 48

DescribeAir = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be proven, how, and the constraints that follow from it."""

    parameters: ProofParameters
    public_input: PublicInput
    air: Air

    @property
    def log_domain_size(self) -> int:
        """Base-2 logarithm of the size of the evaluation domain."""
        return self.air.log_trace_length + self.parameters.log_blowup


@dataclass(frozen=True, slots=True)
class Challenges:
    """What the verifier drew before the queries."""

    oods_point: int
    deep_alpha: int
    fri: tuple[int, ...]
    queries: tuple[int, ...]  # distinct and sorted


def verify(proof_json: object, minimum_security_bits: int = 0) -> Security:
    """Verify a proof in Stone's JSON format.

    Only `proof_hex`, `public_input` and `proof_parameters` are read; annotations are comments.
    The caller judges what the public memory says: program, arguments, output.

    What cannot be read is found first, then what cannot be judged, in the order of the Rust
    verifier, so that both give the same answer.

    Args:
        proof_json: the parsed file.
        minimum_security_bits: conjectured security that the parameters must reach.

    Returns:
        What the proof is worth.

    Raises:
        UnreadableProof: if the input is not a proof file.
        UnsupportedProof: if it is a proof of a kind that is not judged here.
        RejectedProof: if a check fails.
    """
    document = read_document(proof_json)
    statement = read_statement(document, minimum_security_bits)
    verify_binary(document.proof, statement)
    return security(statement.parameters, statement.air)


def verify_text(proof_text: str | bytes, minimum_security_bits: int = 0) -> Security:
    """Verify the contents of a proof file; raises and returns what `verify` does."""
    return verify(parse(proof_text), minimum_security_bits)


def read_statement(
    document: Document,
    minimum_security_bits: int = 0,
    describe_air: DescribeAir | None = None,
) -> Statement:
    """Check everything but the proof itself, and build the AIR.

    Raises:
        ProofError: as `verify`.
    """
    with section("proof_parameters"):
        parameters = check_parameters(document.parameters)
    with section("public_input"):
        public_input = check_public_input(document.public_input)
    log_trace_length = public_input.log_trace_length
    log_domain = log_trace_length + parameters.log_blowup
    unsupported_if(
        log_domain > MAX_LOG_DOMAIN,
        f"log2 of the evaluation domain is {log_domain}, supported are at most {MAX_LOG_DOMAIN}",
    )
    log_degree = parameters.fri.degree_bound.bit_length() - 1
    reject_unless(
        log_degree == log_trace_length,
        f"FRI steps and last layer give degree 2^{log_degree}, "
        f"the trace has length 2^{log_trace_length}",
    )
    require(parameters, minimum_security_bits)
    describe = _native.air_description if describe_air is None else describe_air
    try:
        air = Air.from_description(describe(json.dumps(document.public_input_json)))
    except ValueError as error:
        raise RejectedProof(f"no AIR for this public input: {error}") from error
    reject_unless(
        (air.log_trace_length, air.n_columns) == (log_trace_length, public_input.layout.n_columns),
        "the AIR does not fit the layout",
    )
    return Statement(parameters, public_input, air)


def verify_binary(proof: bytes, statement: Statement) -> None:
    """Verify a binary proof of a statement.

    Raises:
        ProofError: as `verify`.
    """
    reader = ProofReader(proof, statement.parameters)
    n_oods_values = len(statement.air.mask) + N_COMPOSITION_COLUMNS
    commitments = read_commitments(reader, n_oods_values)
    challenges = replay_transcript(statement, commitments)
    check_queries(statement, commitments, challenges, reader)
    reader.finish()


def replay_transcript(statement: Statement, sent: Commitments) -> Challenges:
    """Steps 1 to 7: absorb the prover's messages, draw the verifier's, check them out of domain.

    Raises:
        RejectedProof: if the claimed values contradict each other, or without proof of work.
    """
    air, parameters = statement.air, statement.parameters
    # 1 ----- seed: the statement
    channel = open_channel(statement)
    # 2 ----- first phase of the trace; interaction elements
    channel.receive_root(sent.trace_roots[0])
    interaction = [channel.draw_felt() for _ in range(air.n_interaction_elements)]
    # 3 ----- second phase of the trace; coefficients of the constraints are powers of one alpha
    channel.receive_root(sent.trace_roots[1])
    constraint_alpha = channel.draw_felt()
    # 4 ----- composition polynomial; a point z out of domain
    channel.receive_root(sent.composition_root)
    z = channel.draw_felt()
    # 5 ----- evaluations out of domain: the mask gives the composition polynomial
    channel.receive_oods_values(sent.oods_values)
    check_out_of_domain(statement, interaction, constraint_alpha, z, sent.oods_values)
    deep_alpha = channel.draw_felt()
    # 6 ----- FRI: roots of the layers, a folding challenge after each, the last layer in the clear
    fri_challenges = []
    for root in sent.fri_roots:
        channel.receive_root(root)
        fri_challenges.append(channel.draw_felt())
    channel.receive_last_layer(sent.last_layer)
    # 7 ----- proof of work; queries
    if sent.nonce is not None:
        reject_unless(
            has_proof_of_work(channel, parameters.proof_of_work_bits, sent.nonce),
            "wrong proof of work",
        )
        channel.receive_nonce(sent.nonce)
    queries = channel.draw_queries(parameters.n_queries, 1 << statement.log_domain_size)
    return Challenges(z, deep_alpha, tuple(fri_challenges), tuple(sorted(set(queries))))


def open_channel(statement: Statement) -> Channel:
    """Return the channel of the suite, seeded with the statement."""
    words = statement.public_input.seed_words(statement.parameters)
    return KeccakChannel(words) if statement.parameters.suite is Suite.K else PoseidonChannel(words)


def check_out_of_domain(
    statement: Statement,
    interaction: list[int],
    alpha: int,
    z: int,
    oods_values: tuple[int, ...],
) -> None:
    """Check C(z) = h0(z^2) + z*h1(z^2), with C computed from the constraints.

    Raises:
        RejectedProof: if the two sides differ.
    """
    air = statement.air
    by_name = boundary_values(statement.public_input, interaction)
    params = [by_name[name] for name in air.params]
    *mask_values, h0, h1 = oods_values
    from_constraints = air.evaluate_composition(mask_values, params, alpha, z)
    reject_unless(
        from_constraints == (h0 + z * h1) % P,
        "the constraints do not hold out of domain",
    )


def check_queries(
    statement: Statement, sent: Commitments, challenges: Challenges, reader: ProofReader
) -> None:
    """Steps 8 and 9: open the trace and the composition, and test the DEEP quotient with FRI.

    Raises:
        ProofError: if an opening is malformed or a check fails.
    """
    air, log_size = statement.air, statement.log_domain_size
    # 8 ----- openings of the three tables at the queries
    first, second = air.n_columns
    tables = (
        (sent.trace_roots[0], TableShape(first, log_size)),
        (sent.trace_roots[1], TableShape(second, log_size)),
        (sent.composition_root, TableShape(N_COMPOSITION_COLUMNS, log_size)),
    )
    opened: dict[int, list[int]] = {query: [] for query in challenges.queries}
    for root, shape in tables:
        for query, row in open_table(root, shape, challenges.queries, reader).items():
            opened[query] += row
    # 9 ----- FRI on the DEEP quotient, whose values follow from the openings
    generator = root_of_unity(air.log_trace_length)
    z = challenges.oods_point
    cells = [(column, z * pow(generator, row, P) % P) for column, row in air.mask]
    cells += [(first + second + half, z * z % P) for half in range(N_COMPOSITION_COLUMNS)]
    claims = claims_by_point(cells, sent.oods_values, challenges.deep_alpha)
    quotient = {
        # The evaluation domain is the coset of the group by the generator of the field.
        query: evaluate_quotient(claims, row, GENERATOR * domain_element(query, log_size) % P)
        for query, row in opened.items()
    }
    commitment = FriCommitment(sent.fri_roots, challenges.fri, sent.last_layer)
    check_low_degree(quotient, log_size, commitment, reader)


def open_table(
    root: bytes, shape: TableShape, queries: tuple[int, ...], reader: ProofReader
) -> Mapping[int, tuple[int, ...]]:
    """Read the rows at the queries and check them against the root."""
    opening = read_opening(reader, shape, queries)
    width = shape.n_columns
    rows = {query: opening.cells[i * width : (i + 1) * width] for i, query in enumerate(queries)}
    check_opening(root, shape, rows, opening.siblings, reader.parameters)
    return rows
