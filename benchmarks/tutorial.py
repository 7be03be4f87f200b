"""The usual tutorial script for the Caffe model, the peer of the speed benchmark.

Written for the benchmark after the pattern that every tutorial follows: OpenCV reads 8 bits, float
Lab of the whole photo, a 224 x 224 forward pass of OpenCV's dnn, the 56 x 56 ab stretched
bilinearly over the photo, back to 8 bits. Its network is an ONNX file with an `ab` output, since
OpenCV 5 reads no Caffe model.

    python benchmarks/tutorial.py photo.jpg result.jpg network.onnx
"""

from __future__ import annotations

import sys

import cv2
import numpy as np


def main(photo: str, result: str, weights: str) -> None:
    """Colorize one photo."""
    network = cv2.dnn.readNetFromONNX(weights)
    image = cv2.imread(photo)
    scaled = image.astype("float32") / 255.0
    lab = cv2.cvtColor(scaled, cv2.COLOR_BGR2LAB)
    resized = cv2.resize(lab, (224, 224))
    lightness = cv2.split(resized)[0]
    network.setInput(cv2.dnn.blobFromImage(lightness))
    ab = network.forward()[0].transpose((1, 2, 0))
    ab = cv2.resize(ab, (image.shape[1], image.shape[0]))
    colorized = np.concatenate((cv2.split(lab)[0][:, :, np.newaxis], ab), axis=2)
    colorized = cv2.cvtColor(colorized, cv2.COLOR_LAB2BGR)
    colorized = np.clip(colorized, 0, 1)
    cv2.imwrite(result, (255 * colorized).astype("uint8"))


if __name__ == "__main__":
    main(*sys.argv[1:4])
