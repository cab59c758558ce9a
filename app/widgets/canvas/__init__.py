"""A picture on which boxes are drawn and changed: geometry, editing and gestures without Qt, and the widget."""
