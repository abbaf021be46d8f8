#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# fuzz.sh SECONDS: runs each fuzzer of build/asan for so long, from what earlier runs found. What breaks one is left as
# build/fuzz/broken/NAME-..., and `build/asan/tests/fuzz/NAME FILE` does it again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/say.sh

seconds=$1
mkdir -p build/fuzz/broken
failed=0
for fuzzer in build/asan/tests/fuzz/fuzz_*; do
  name=$(basename "$fuzzer")
  corpus=build/fuzz/corpus/$name
  mkdir -p "$corpus"
  seeds=tests/fuzz/seeds/$name
  [[ $name != fuzz_probe ]] || seeds=tests/dbms/probes
  say "$name, $seconds s"
  if "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="build/fuzz/broken/$name-" "$corpus" "$seeds" >"build/fuzz/$name.log" 2>&1; then
    sed -n 's/^stat::number_of_executed_units: */      runs: /p' "build/fuzz/$name.log"
  else
    failed=1
    tail -40 "build/fuzz/$name.log" >&2
  fi
done
exit "$failed"
