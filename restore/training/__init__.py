"""What fits the estimators and trains the networks that ship: one file for each of them."""
