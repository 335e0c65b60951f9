//! What the author of a native handler sees: request, answer, effects, ports, test helpers.
