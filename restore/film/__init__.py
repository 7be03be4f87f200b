"""Film: frames in and out of video files, shots, plans that hold still, whole files restored."""
