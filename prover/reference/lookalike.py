"""What a file without a proof seems to be."""

from prover.reference.json_fields import describe

# A key that gives a file away, and what has it.
FILES = {
    "proof_hex": "a proof file",
    "proof": 'a proof inside {"proof": ...}: the file must be what is inside',
    "stark": "proof parameters",
    "public_memory": "a public input",
    "memory_path": "a private input",
    "dynamic_params": "parameters of a layout",
    "cpu_component_step": "parameters of a layout",
    "constraint_polynomial_task_size": "a prover's configuration",
    "old_globals": "the witness of a batch",
    "prime": "a compiled Cairo program",
}


def no_proof(document: object) -> str:
    """Say that a document is no proof file, and what it looks like."""
    return f"no proof file: proof_hex is missing, this is {_kind(document)}"


def _kind(document: object) -> str:
    match document:
        case dict():
            names = (name for key, name in FILES.items() if key in document)
            return next(names, "an object of another kind")
        case str():
            return "a string"
        case bool() | None:
            return describe(document)
        case int() | float():
            return "a number"
        case _:
            return describe(document)
