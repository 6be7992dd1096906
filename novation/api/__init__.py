"""Generated protocol buffer code, one package per API version."""
