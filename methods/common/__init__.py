"""What several methods share: training, checkpoints, noise, blending."""
