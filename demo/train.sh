#!/bin/sh
# How the weights of `make demo` were made: synthetic people, their flow, and six trainings, three
# of which only compare attention with none.
# Run from the top of the project; a stopped run goes on with the same command. About an hour on
# two cores beside other work. BIN is the folder of the commands.
set -eu
: "${BIN:=.venv/bin}"
people=stores/synth_people store=stores/synth
"$BIN/skelflow" synth --out "$people" --people 20 --actions 1,7,8,10,23,24,27,38 --cameras 2 \
    --no-color --seed 0
"$BIN/skelflow" prepare "$people" --out "$store" --preset fast --region crop
for name in res_tcn_bjcn c3d fused c3d_more c3d_at1 c3d_at2; do
    "$BIN/skelflow" train "synth/$name" "$store" --run "runs/synth/$name"
    "$BIN/skelflow" evaluate "runs/synth/$name" "$store" --protocol cross-subject
done
