"""What regions deliver to the hub, who may, and what the hub asks of them."""
