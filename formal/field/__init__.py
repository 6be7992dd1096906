"""The prime field's limb arithmetic, read from the Rust source and proven for all inputs."""
