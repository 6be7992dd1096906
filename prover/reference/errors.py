"""The three ways in which a proof can fail, and nothing else.

ProofError
|-- UnreadableProof    the bytes or the JSON are not a proof file
|-- UnsupportedProof   it may be a valid proof, of a kind that is not judged here
`-- RejectedProof      a well-formed proof that does not prove its statement
"""


class ProofError(Exception):
    """The proof is not accepted. No input makes the verifier raise anything else."""


class UnreadableProof(ProofError):  # noqa: N818 - the tree above names outcomes
    """Malformed input: not JSON, a wrong type, a missing or unknown key."""


class UnsupportedProof(ProofError):  # noqa: N818
    """Another layout, builtin, hash or size than this verifier has; nothing is said about truth."""


class RejectedProof(ProofError):  # noqa: N818
    """A check of the protocol failed; the message names the step."""


def reject_unless(condition: bool, reason: str) -> None:  # noqa: FBT001
    """Raise `RejectedProof` unless the condition holds."""
    if not condition:
        raise RejectedProof(reason)


def unsupported_if(condition: bool, reason: str) -> None:  # noqa: FBT001
    """Raise `UnsupportedProof` if the condition holds."""
    if condition:
        raise UnsupportedProof(reason)
