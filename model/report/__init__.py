"""The rendered report: notebooks, pages, figures and the sentences on them."""
