"""What starts things on one machine; imports no room."""
