"""What people do: each motion writes a part, `skelflow.synth.acting.perform` plays it."""
