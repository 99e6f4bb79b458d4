"""What Shlink's clients write and read: paths, parameters, bodies, lists, problems."""
