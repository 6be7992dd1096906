"""The two ways in which a proof can fail, and nothing else.

ProofError
|-- UnreadableProof    the bytes or the JSON are not a proof of a supported format
`-- RejectedProof      a well-formed proof that does not prove its statement
"""


class ProofError(Exception):
    """The proof is not accepted. No input makes the verifier raise anything else."""


class UnreadableProof(ProofError):  # noqa: N818 - the tree above names outcomes
    """Malformed or unsupported input: wrong type, length, encoding, unknown hash or layout."""


class RejectedProof(ProofError):  # noqa: N818
    """A check of the protocol failed; the message names the step."""


def reject_unless(condition: bool, reason: str) -> None:  # noqa: FBT001
    """Raise `RejectedProof` unless the condition holds."""
    if not condition:
        raise RejectedProof(reason)
