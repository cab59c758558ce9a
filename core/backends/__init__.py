"""The only home of torch, torchvision, timm and ultralytics; loaded by name inside a worker."""
