"""Running weights: engines, the Caffe reader, the folder of models."""
