from tests.knowledge import book

__all__ = ["book"]
