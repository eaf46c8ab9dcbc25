"""The province's side: ingest, storage, figures, API."""
