"""Photos through a recipe: jobs, the child process that reads files, where results go."""
