"""What a user can do, one function a verb; the window and the command line call the same."""
