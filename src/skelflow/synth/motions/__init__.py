"""What people do: each motion writes a part, `skelflow.synth.perform` plays it."""
