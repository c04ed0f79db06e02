"""What requests and responses look like: the field names, types and limits of the API, one module per resource."""
