#!/bin/sh
# Checks that the prover compiles for 64-bit ARM, where its kernel is written for NEON. Says so and goes on where
# rustup cannot add the target. With a cross compiler and qemu-user its tests run, too:
#   CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
#   CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu" \
#   cargo test --profile testing -p novation-field -p novation-air --target aarch64-unknown-linux-gnu
set -eu
target=aarch64-unknown-linux-gnu
if ! timeout 120 rustup target add "$target" >/dev/null 2>&1; then
    echo "SKIPPED: rustup cannot add $target, so the kernel for NEON is not checked"
    exit 0
fi
RUSTFLAGS="-D warnings" cargo check --quiet --target "$target" -p novation-cairo-prover
