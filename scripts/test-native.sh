#!/bin/sh
# Builds and runs the C++ unit tests, plain or under a sanitizer: test-native.sh [address|thread]
set -eu
cd "$(dirname "$0")/.."
dir="build/native-${1:-plain}"
cmake -S native -B "$dir" -DSOCKMAN_SANITIZE="${1:-}" -DSOCKMAN_WERROR=ON >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
cmake --build "$dir" --parallel
ctest --test-dir "$dir" --output-on-failure
