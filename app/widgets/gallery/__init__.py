"""Pictures in any number, and one picture large, with what is known about them drawn over."""
