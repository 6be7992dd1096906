"""The gRPC surface: translation at the edge, no rules of its own."""
