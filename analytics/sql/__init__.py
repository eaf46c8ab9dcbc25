"""SQL migrations and queries; .sql files only."""
