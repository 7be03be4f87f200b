"""Running networks: engines, the Caffe reader, the folder of models."""
