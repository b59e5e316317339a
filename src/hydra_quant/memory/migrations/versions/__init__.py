"""One file a version of the schema, in order; none is edited once it was released."""
