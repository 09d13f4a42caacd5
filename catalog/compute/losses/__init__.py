"""Loss trajectories: trained, recorded, imported."""
