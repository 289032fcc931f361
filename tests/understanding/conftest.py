from tests.knowledge import book, cache_folder, interpreter

__all__ = ["book", "cache_folder", "interpreter"]
