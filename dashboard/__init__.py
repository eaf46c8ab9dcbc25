"""The staff dashboard (Plotly Dash); it talks to the API over HTTP."""
