"""Pictures of what a network holds possible and of what a recipe did: arrays in, figures out.

One kind of picture a file; each function returns a `matplotlib.figure.Figure`, so that nothing
process-wide is touched. `subject.look` gathers what most of them show.
"""
