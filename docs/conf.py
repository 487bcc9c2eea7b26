"""The documentation as a site: sphinx-build -W --keep-going -b html docs OUT.

Pages are written to be read in the repository as well, so they hold no directives: what only the
site needs is in this directory's .rst and .link files and in `_ext`. Nothing is fetched, neither by
the build nor by a browser that shows the site.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "dqc_compiler"
copyright = "the authors of dqc_compiler"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "plain_pages",
    "mathml",
    "openqasm_lexer",
    "diagnostics_page",
]
source_suffix = {".md": "markdown", ".link": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_ext"]

page_groups = {
    "Start": ["readme"],
    "Tutorials": ["tutorial", "tutorials/*"],
    "How-to": ["how-to/plan-a-network", "how-to/*"],
    "Reference": [
        "reference/command-line",
        "reference/network-file",
        "reference/bundle",
        "reference/qasm-dialect",
        "reference/python",
        "reference/*",
    ],
    "Explanation": [
        "explanation/cost-model",
        "explanation/gadgets",
        "explanation/fusing",
        "explanation/verification",
        "explanation/architecture",
        "explanation/*",
    ],
    "Project": ["known-limits", "changelog"],
}
"""Groups of the navigation: pages, or patterns for the pages that are not named."""

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = "dqc_compiler"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
