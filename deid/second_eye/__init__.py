"""The second eye: other code, on the finished bytes."""
