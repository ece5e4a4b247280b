"""Where settings come from: flags, the environment, a file; and what is wrong with them."""
