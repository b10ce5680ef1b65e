#!/bin/sh
# How the weights `synthetic-23` were made: sixteen synthetic people in all 23 actions, their flow
# from depth alone, and three trainings; people 14 to 16 test.
# Run from the top of the project; a stopped run goes on with the same command. About two hours on
# one core beside other work. BIN is the folder of the commands.
set -eu
: "${BIN:=.venv/bin}"
people=stores/people_23 store=stores/synth_23 train=subjects:1,2,3,4,5,6,7,8,9,10,11,12,13
"$BIN/skelflow" synth --out "$people" --people 16 --cameras 2 --no-color --seed 0
"$BIN/skelflow" prepare "$people" --out "$store" --window person --size 72x72 --stride 2 \
    --preset silhouette --intensity none --region clip --companding 0.5 --protocol "$train"
for name in gcn c3d fused; do
    "$BIN/skelflow" train "synth/23/$name" "$store" --run "runs/synth/23/$name" \
        --set "data.protocol=$train"
    "$BIN/skelflow" evaluate "runs/synth/23/$name" "$store"
done
"$BIN/python" -m tools.bundle_weights half runs/synth/23/fused synthetic-23
