"""The pages of a project. Each looks at one session and knows no other page."""

# Name, icon; the module is ``app.pages.<name>_page``, its class ``<Name>Page``, its guide page ``<name>.md``.
PAGES = (
    ("data", "images"),
    ("label", "tag"),
    ("train", "graduation-cap"),
    ("results", "chart-bar"),
    ("ship", "package"),
)
