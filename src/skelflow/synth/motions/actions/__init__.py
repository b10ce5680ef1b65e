"""What people do: each motion writes a part, `skelflow.synth.motions.perform` plays it."""
