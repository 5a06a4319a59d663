from .tables.panel import Panel as Panel
