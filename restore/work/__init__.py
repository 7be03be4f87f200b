"""Photos through a recipe: jobs, the child processes that read files, where results go."""
