"""The usual tutorial loop for video, the peer of the film benchmark.

Written for the benchmark after the pattern that tutorials follow: what `tutorial.py` does to a
photo, for each frame that OpenCV reads, written by OpenCV.

    python benchmarks/tutorial_video.py film.mp4 result.mp4 network.onnx
"""

from __future__ import annotations

import sys

import cv2
import numpy as np


def main(film: str, result: str, weights: str) -> None:
    """Colorize a film frame by frame."""
    network = cv2.dnn.readNetFromONNX(weights)
    capture = cv2.VideoCapture(film)
    writer = None
    while True:
        read, image = capture.read()
        if not read:
            break
        if writer is None:
            size = image.shape[1], image.shape[0]
            writer = cv2.VideoWriter(result, cv2.VideoWriter.fourcc(*"mp4v"), 24, size)
        scaled = image.astype("float32") / 255.0
        lab = cv2.cvtColor(scaled, cv2.COLOR_BGR2LAB)
        resized = cv2.resize(lab, (224, 224))
        network.setInput(cv2.dnn.blobFromImage(cv2.split(resized)[0]))
        ab = network.forward()[0].transpose((1, 2, 0))
        ab = cv2.resize(ab, (image.shape[1], image.shape[0]))
        colorized = np.concatenate((cv2.split(lab)[0][:, :, np.newaxis], ab), axis=2)
        colorized = np.clip(cv2.cvtColor(colorized, cv2.COLOR_LAB2BGR), 0, 1)
        writer.write((255 * colorized).astype("uint8"))
    if writer is not None:
        writer.release()


if __name__ == "__main__":
    main(*sys.argv[1:4])
