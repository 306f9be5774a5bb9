#!/usr/bin/env bash
# Write the hash-locked requirements from the ranges in runtime.in and dev.in; with --check, only say whether
# they are in step. A pin that still satisfies its range stays, so that a newer release on the index changes
# nothing; `lock.sh --upgrade` asks for the newest.
set -euo pipefail

cd "$(dirname "$0")/../.."
folder=config/requirements
uv=.venv/bin/uv
mode=${1:-write}

compile() { # compile <folder to write into> [option...]
    local out=$1
    shift
    local common=(pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header)
    "$uv" "${common[@]}" "$@" "$folder/runtime.in" -o "$out/runtime.txt" \
        && "$uv" "${common[@]}" "$@" -c "$out/runtime.txt" "$folder/runtime.in" "$folder/dev.in" -o "$out/dev.txt"
}

case $mode in
write) compile "$folder" ;;
--upgrade) compile "$folder" --upgrade ;;
--check)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    cp "$folder"/runtime.txt "$folder"/dev.txt "$scratch"
    if ! compile "$scratch" 2>"$scratch/errors"; then
        if grep -q "No solution found" "$scratch/errors"; then
            cat "$scratch/errors" >&2
            exit 1
        fi
        echo "Locks: not compared, the package index cannot be reached from here."
        exit 0
    fi
    # The copy of runtime.txt is named by its path in the comments of dev.txt.
    sed -i "s|$scratch/|$folder/|" "$scratch/dev.txt"
    for name in runtime dev; do
        if ! diff -u "$folder/$name.txt" "$scratch/$name.txt"; then
            echo "$folder/$name.txt is not what the .in files ask for: run 'make lock'." >&2
            exit 1
        fi
    done
    ;;
*)
    echo "usage: lock.sh [--check | --upgrade]" >&2
    exit 2
    ;;
esac
