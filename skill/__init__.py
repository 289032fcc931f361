"""Back Care: an offline voice companion for back pain in pregnancy.

The four folders are the path that a question walks, in order: `hearing`, `understanding`, `answering`, `speaking`.
`messages` holds what they hand to each other, `stages` the places where one part can be swapped for another.
"""

__version__ = "0.1.0"
