#!/bin/sh
# make demo-utd DATA=PATH: prepare some of UTD-MHAD, train the quickest recipe, recognize a recording
# of a subject it never saw. BIN is the folder of the commands.
set -eu
: "${BIN:?}" "${DATA:?}"
store=stores/demo run=runs/demo
recording=$(find "$DATA" -name 'a6_s8_t1_depth.mat' | head -n 1)
[ -n "$recording" ] || { echo "demo: no a6_s8_t1_depth.mat below $DATA; expected UTD-MHAD"; exit 2; }
mkdir -p stores runs
"$BIN/skelflow" prepare "$DATA" --out "$store" --only 'a[1-9]_*'
"$BIN/skelflow" train utd_mhad/cpu/res_tcn_bjcn "$store" --run "$run"
"$BIN/skelflow" evaluate "$run" "$store" --protocol cross-subject
"$BIN/skelflow" predict "$run" "$recording"
