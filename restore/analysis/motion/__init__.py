"""What moves from one frame of a film to the next, and what is known carried along."""
