"""The window. It imports neither torch, torchvision, timm nor ultralytics, ever."""
