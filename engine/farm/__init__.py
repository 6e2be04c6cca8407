"""Jobs for render farms: bundles are written, run on this machine, and served in a session."""
