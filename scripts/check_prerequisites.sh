#!/bin/sh
# Says what a fresh machine lacks, with the command that installs it, and stops before anything is built.
missing=0
need() { # name, test command, how to install
    if ! sh -c "$2" >/dev/null 2>&1; then
        echo "missing: $1 -- install it with: $3" >&2
        missing=1
    fi
}
need "Python 3.11 or newer" \
    'python3 -c "import sys; sys.exit(sys.version_info < (3, 11))"' "apt-get install python3"
need "Python's venv module" 'python3 -c "import venv, ensurepip"' "apt-get install python3-venv"
need "Python headers" \
    'python3 -c "import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path(\"include\") + \"/Python.h\"))"' \
    "apt-get install python3-dev"
need "a C compiler" "command -v cc" "apt-get install build-essential"
need "Rust (cargo)" "command -v cargo" "the installer at rustup.rs, or apt-get install rustup"
need "Node.js 20 or newer" \
    'node -e "process.exit(Number(process.versions.node.split(\".\")[0]) < 20 ? 1 : 0)"' "apt-get install nodejs"
need "npm" "command -v npm" "apt-get install npm"
exit $missing
