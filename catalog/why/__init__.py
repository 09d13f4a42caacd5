"""Why a row is in a subset, or what it lacked."""
