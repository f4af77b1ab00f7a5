"""Storage remembers: tables, migrations, one module per matter. It knows no conversation."""
