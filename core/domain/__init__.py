"""What things are: standard library and msgspec only, no input or output."""
