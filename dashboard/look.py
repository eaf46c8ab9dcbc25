"""Type and colours that the figures share with assets/app.css."""

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
INK, SOFT, GRID = "#17222b", "#4a5863", "#e3e8eb"
LAND, SEA = "#dbe5dd", "#f1f4f5"
TARGET = "#a83a08"
