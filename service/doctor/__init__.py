"""Whether an installation is well, and what to do where it is not; looking changes nothing."""
