"""What surrounds the pages: rail, dialogs, job tray, guide."""
