"""Table functions: relation in, relation out; one file, one function, one name."""
