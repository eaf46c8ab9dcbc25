"""The offices and the public map. Import as ``from motcua.map import offices``."""
